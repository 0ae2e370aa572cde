/** The memory of a live process, as the textbook draws it: text, data, bss, heap, what is mapped, stack. */
import { basename } from 'node:path'
import { DemoFailed } from '../../errors.js'
import type { Piece } from '../../proc/memory-parts.js'
import { readStat } from '../../proc/stat.js'
import type { Demo, Stage } from '../../run/stage.js'
import type { RunningProgram } from '../../run/start-program.js'
import { requireProc } from '../shared/require-proc.js'
import { claimOrder, type Memory, partAt, readMemory, showMemory } from './show-memory.js'

/** A program that has computed for so many ticks of its own CPU time (1/100 s) is looked at all the same. */
const busy = 50

/** And so is one that waits for a moment again and again, after so many milliseconds. */
const patience = 5000

/** At so many looks in a row, 5 ms apart, an unknown program must be asleep: a short sleep may be part of its beginning. */
const settled = 20

/** Lines of its output that are shown. */
const listened = 20

/** A process that is there already. */
export function layoutOf(pid: number): Demo {
  return async (stage) => {
    requireProc('process layout')
    const memory = readMemory(pid)
    showMemory(stage, memory)
    claimOrder(stage, memory)
    showPointers(stage, memory)
  }
}

/** A program that is started for it, and looked at when it waits for the first time. */
export function layoutOfCommand(words: string[]): Demo {
  return async (stage) => {
    requireProc('process layout')
    // The command line has at least a program: `osdemo process layout --` alone is a usage error.
    const name = basename(words[0]!)
    const lines: string[] = []
    let more = 0
    const program = await stage.startProgram(name, words, (line) => {
      if (lines.length < listened) lines.push(line)
      else more++
    })
    await untilWaits(stage, program, settled)
    const memory = readMemory(program.id)
    showMemory(stage, memory)
    for (const line of lines) stage.note(`${name} says: ${line}${placesOf(line, memory)}`)
    if (more > 0) stage.note(`${name} has said ${more} lines more`)
    claimOrder(stage, memory)
    showPointers(stage, memory)
  }
}

/** A small program that every machine has. */
export const processLayout: Demo = async (stage) => {
  requireProc('process layout')
  const program = await stage.startProgram('cat', ['cat'])
  await untilWaits(stage, program, 3)
  const memory = readMemory(program.id)
  showMemory(stage, memory)
  claimOrder(stage, memory)
  claimRights(stage, memory)
  const pointers = showPointers(stage, memory)
  if (pointers)
    stage.claim(
      'memory/stack-pointer-is-in-stack',
      'the stack pointer points into the stack',
      pointers.stack?.part === 'stack',
    )
  program.kill()
  await program.ended
}

/** A program may map what it likes as it likes; this one does as nearly all do. */
function claimRights(stage: Stage, { pieces }: Memory): void {
  const rights = (part: Piece['part']) =>
    pieces.filter((piece) => piece.part === part).map((piece) => piece.permissions)
  stage.claim(
    'memory/text-is-executable-not-writable',
    'text may be executed and not written to',
    rights('text').length > 0 && rights('text').every((text) => text.startsWith('r-x')),
  )
  const writable = (['data', 'bss', 'heap', 'stack'] as const).flatMap(rights)
  stage.claim(
    'memory/data-is-writable-not-executable',
    'data, bss, heap and stack may be written to and not executed',
    writable.length > 0 && writable.every((text) => text.startsWith('rw-')),
  )
}

/** Where the main thread is: in which part its next instruction lies, and the top of its stack. */
function showPointers(
  stage: Stage,
  { pid, pieces, pointers }: Memory,
): { stack: Piece | undefined } | undefined {
  if (!pointers) {
    stage.note(
      `where its main thread is cannot be seen: it runs, or /proc/${pid}/syscall is closed to us`,
      'aside',
    )
    return undefined
  }
  const say = (address: bigint, about: string) => {
    const piece = partAt(pieces, address)
    const where = piece ? `in ${nameOf(piece)}` : 'in none of them'
    stage.evidence(`/proc/${pid}/syscall`, `${address.toString(16)}, ${where}`, about, {
      data: { address: address.toString(16), part: piece?.part ?? null },
    })
    return piece
  }
  say(pointers.program, 'its program counter')
  return { stack: say(pointers.stack, 'its stack pointer') }
}

function nameOf({ part, name }: Piece): string {
  return name === '' ? part : `${part} ${name}`
}

/** The parts that addresses in a line of a program's output lie in: `: heap, stack`. */
function placesOf(line: string, { pieces }: Memory): string {
  const addresses = line.match(/\b0x[0-9a-f]{4,16}\b/gi) ?? []
  const parts = addresses.flatMap((text) => partAt(pieces, BigInt(text)) ?? [])
  if (parts.length === 0) return ''
  return ` (${parts.length > 1 ? 'these addresses lie' : 'this address lies'} in ${parts.map(nameOf).join(', ')})`
}

/**
 * Waits until a program sleeps at so many looks in a row: then it has been loaded, and has come as far as it comes by itself.
 *
 * @throws DemoFailed when it has ended before
 */
async function untilWaits(stage: Stage, { id, name, ended }: RunningProgram, looks: number): Promise<void> {
  let ending: string | undefined
  void ended.then(({ code, signal }) => {
    ending = signal ? `killed by ${signal}` : `exit code ${code}`
  })
  let asleep = 0
  await stage.poll(() => {
    const stat = readStat(id)
    asleep = stat?.state === 'S' ? asleep + 1 : 0
    return asleep >= looks || (stat?.cpuTicks ?? 0) >= busy || ending !== undefined
  }, patience)
  if (ending !== undefined) {
    throw new DemoFailed(`${name} has ended before it could be looked at (${ending})`, {
      hint: 'let it wait at its end: read from stdin (getchar, input), which is held open, or sleep',
    })
  }
  if (asleep < looks)
    stage.note(`${name} has not waited for long yet: it is looked at while it runs`, 'aside')
}

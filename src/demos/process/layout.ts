/** The address space of a live process as textbooks draw it: text, data, bss, heap, mappings, stack. */
import { basename } from 'node:path'
import { DemoFailed } from '../../errors.js'
import type { Piece } from '../../proc/memory-parts.js'
import { readStat } from '../../proc/stat.js'
import type { Ending } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import type { RunningProgram } from '../../run/start-program.js'
import { counted } from '../../text.js'
import { requireProc } from '../shared/require-proc.js'
import { claimOrder, type Memory, partAt, readMemory, showMemory } from './show-memory.js'

/** In ticks of CPU time (1/100 s). A program that has computed for so long is shown although it does not wait. */
const busy = 50

/** In milliseconds. After so long, a program that waits only for short moments is shown too. */
const patience = 5000

/** How many times in a row, 5 ms apart, an unknown program must be seen waiting: it may wait for short moments while it starts. */
const settled = 20

/** How many lines of its output are shown. */
const listened = 20

/** Shows an existing process. */
export function layoutOf(pid: number): Demo {
  return async (stage) => {
    requireProc('process layout')
    const memory = readMemory(pid)
    open(stage)
    showMemory(stage, memory)
    claimOrder(stage, memory)
    showPointers(stage, memory)
    close(stage)
  }
}

/** Starts a program, and shows it as soon as it waits. */
export function layoutOfCommand(words: string[]): Demo {
  return async (stage) => {
    requireProc('process layout')
    open(stage)
    // There is at least one word: `osdemo process layout --` alone is a usage error.
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
    for (const line of lines) stage.note(`The program printed: ${line}${placesOf(line, memory)}`)
    if (more > 0) stage.note(`The program printed ${counted(more, 'more line')}.`, 'aside')
    claimOrder(stage, memory)
    showPointers(stage, memory)
    close(stage)
  }
}

/** Starts cat, a small program that every machine has, and shows it. */
export const processLayout: Demo = async (stage) => {
  requireProc('process layout')
  open(stage)
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
      `The stack pointer contains the top of the stack: 0x${memory.pointers?.stack.toString(16)}.`,
      pointers.stack?.part === 'stack',
    )
  program.kill()
  await program.ended
  close(stage)
}

function open(stage: Stage): void {
  stage.note(
    'The address space of a process has parts for its instructions, its variables, its heap and its stack. ' +
      'Watch where each part lies, and what the process may do there.',
    'opening',
  )
}

function close(stage: Stage): void {
  stage.note(
    'Each part has its own permissions: a process that writes to its text is killed by SIGSEGV. ' +
      'The heap grows up and the stack grows down, into the free addresses between them.',
    'closing',
  )
  stage.note('Next: `osdemo process layout --grow` shows what makes each part grow.', 'next')
}

/** Claimed of cat only: a program may map memory with any permissions, as one with a just-in-time compiler does. */
function claimRights(stage: Stage, { pieces }: Memory): void {
  const rights = (part: Piece['part']) =>
    pieces.filter((piece) => piece.part === part).map((piece) => piece.permissions)
  const list = (all: string[]) => [...new Set(all)].join(' ')
  const text = rights('text')
  stage.claim(
    'memory/text-is-executable-not-writable',
    `Text may be executed, but not written: its permissions are ${list(text)}.`,
    text.length > 0 && text.every((one) => one.startsWith('r-x')),
  )
  const writable = (['data', 'bss', 'heap', 'stack'] as const).flatMap(rights)
  stage.claim(
    'memory/data-is-writable-not-executable',
    `Data, bss, heap and stack may be written, but not executed: their permissions are ${list(writable)}.`,
    writable.length > 0 && writable.every((one) => one.startsWith('rw-')),
  )
}

/** Shows in which parts the next instruction of the main thread and the top of its stack lie. */
function showPointers(
  stage: Stage,
  { pid, pieces, pointers }: Memory,
): { stack: Piece | undefined } | undefined {
  if (!pointers) {
    stage.note(
      'Not observed: stack pointer and program counter. The process is running, or this user may not read them.',
      'aside',
    )
    return undefined
  }
  const say = (address: bigint, about: string) => {
    const piece = partAt(pieces, address)
    const where = piece ? `in ${nameOf(piece)}` : 'in no part'
    stage.evidence(`/proc/${pid}/syscall`, `0x${address.toString(16)}`, `${about}: ${where}`, {
      data: { register: about, address: address.toString(16), part: piece?.part ?? null },
    })
    return piece
  }
  say(pointers.program, 'program counter')
  return { stack: say(pointers.stack, 'stack pointer') }
}

function nameOf({ part, name }: Piece): string {
  return name === '' ? part : `${part} ${name}`
}

/** The parts that the addresses in a line of output lie in: ` (these addresses lie in heap, stack)`. */
function placesOf(line: string, { pieces }: Memory): string {
  const addresses = line.match(/\b0x[0-9a-f]{4,16}\b/gi) ?? []
  const parts = addresses.flatMap((text) => partAt(pieces, BigInt(text)) ?? [])
  if (parts.length === 0) return ''
  return ` (${parts.length > 1 ? 'these addresses lie' : 'this address lies'} in ${parts.map(nameOf).join(', ')})`
}

/**
 * Waits until a program is seen waiting so many times in a row: then it has been loaded, and needs input to continue.
 *
 * @throws DemoFailed when it exits before that
 */
async function untilWaits(stage: Stage, { id, name, ended }: RunningProgram, looks: number): Promise<void> {
  let ending: string | undefined
  const exits = ({ code, signal }: Ending) => {
    ending = signal ? `killed by ${signal}` : `exit code ${code}`
  }
  // It rejects when the stage is over before the program is.
  ended.then(exits, () => {})
  let asleep = 0
  await stage.poll(() => {
    const stat = readStat(id)
    asleep = stat?.state === 'S' ? asleep + 1 : 0
    return asleep >= looks || (stat?.cpuTicks ?? 0) >= busy || ending !== undefined
  }, patience)
  if (ending !== undefined) {
    throw new DemoFailed(`${name} exited before its memory could be read (${ending})`, {
      hint: 'Let it wait at its end: read from stdin (getchar, input), or sleep.',
    })
  }
  if (asleep < looks) stage.note(`The program does not wait, so its memory is read while it runs.`, 'aside')
}

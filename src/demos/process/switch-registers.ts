/** What a context switch saves and restores: the program counter, the stack pointer and the registers of a process. */
import { getSystemErrorName } from 'node:util'
import type { ProcessState } from '../../events.js'
import { pin } from '../../ipc/scheduling.js'
import { readSwitches } from '../../proc/sched.js'
import { readStat } from '../../proc/stat.js'
import { type Pointers, readPointers } from '../../proc/syscall.js'
import type { Stage } from '../../run/stage.js'
import { compiledIfPossible } from '../shared/compiled-if-possible.js'
import { type LineProgram, printedNothing, startLineProgram } from '../shared/line-program.js'
import { busyCpu, hasExited } from './busy-children.js'
import { patience, sayState } from './see-state.js'
import { sendSignal } from './send-signal.js'

/** A process must be preempted so many times between two looks at it. */
const enough = 5

/** A process that executes examples/registers.c: it has loaded numbers into registers, and computes in a loop. */
interface Keeper extends LineProgram {
  /** The addresses of its loop: the first, and the one after the last. */
  from: bigint
  to: bigint
  /** The number before the first that it has loaded. */
  base: number
  /** How often it was preempted since it has started. */
  preempted(): number
}

/** What the kernel keeps of a process that does not run. A field is undefined where this user may not read it. */
interface Saved {
  pointers?: Pointers | undefined
  /** As the tracer has printed them, and by name. */
  registers?: { line: string; values: Record<string, number> } | undefined
}

export async function showRegisters(stage: Stage, cpus: number[]): Promise<void> {
  const path = await compiledIfPossible(stage, 'registers', 'registers')
  if (path === undefined) return
  const first = await startKeeper(stage, path, 'loop-1', 100)
  const second = await startKeeper(stage, path, 'loop-2', 200)
  for (const { id } of [first, second]) pin(id, [busyCpu(cpus)])
  stage.note(
    'Two processes load numbers into the same registers. On one CPU, they compute without changing them.',
  )
  await untilPreempted(stage, first, enough)
  const before = await readStopped(stage, path, first)
  await untilPreempted(stage, first, first.preempted() + enough)
  const after = await readStopped(stage, path, first)
  claimKept(stage, first, before, after)
  await untilPreempted(stage, second, enough)
  await claimRestored(stage, [first, second])
}

async function startKeeper(stage: Stage, path: string, name: string, base: number): Promise<Keeper> {
  const words = [path, 'keep', `${base}`]
  const program = await startLineProgram(stage, name, words)
  const [, from, to] = /^loop at 0x([0-9a-f]+) to 0x([0-9a-f]+)$/.exec((await program.next()) ?? '') ?? []
  if (from === undefined || to === undefined) throw printedNothing(name, words)
  const count = () => readSwitches(program.id)?.involuntary ?? 0
  const before = count()
  return {
    ...program,
    from: BigInt(`0x${from}`),
    to: BigInt(`0x${to}`),
    base,
    preempted: () => Math.max(0, count() - before),
  }
}

/** Waits until a process has been preempted so often since its start. @throws DemoFailed when it has exited */
async function untilPreempted(stage: Stage, keeper: Keeper, times: number): Promise<void> {
  await stage.poll(() => keeper.preempted() >= times || keeper.ending() !== undefined, 5000)
  if (keeper.ending()) throw hasExited(keeper)
}

/** Waits until the kernel shows a process in a state, and reports it. @throws DemoFailed when it has exited */
async function untilIn(stage: Stage, keeper: Keeper, state: ProcessState, letter: string): Promise<void> {
  await stage.poll(() => readStat(keeper.id)?.state === letter || keeper.ending() !== undefined, patience)
  if (keeper.ending()) throw hasExited(keeper)
  sayState(stage, keeper, state)
}

/** Stops a process, reads what the kernel keeps of it, and lets it continue. */
async function readStopped(stage: Stage, path: string, keeper: Keeper): Promise<Saved> {
  const { id } = keeper
  sendSignal(stage, keeper, 'SIGSTOP')
  await untilIn(stage, keeper, 'stopped', 'T')
  const pointers = readPointers(id)
  const reader = await startLineProgram(stage, 'tracer', [path, 'read', `${id}`])
  const line = (await reader.next()) ?? ''
  const registers = registersIn(line)
  if (!registers) {
    const [, errno] = /errno (\d+)$/.exec(line) ?? []
    const why =
      errno === undefined
        ? 'the tracer printed nothing'
        : `ptrace(2) fails with ${getSystemErrorName(-Number(errno))}`
    stage.note(`Not observed: the registers of the stopped process, because ${why}.`, 'aside')
  }
  sendSignal(stage, keeper, 'SIGCONT')
  await untilIn(stage, keeper, 'ready', 'R')
  return { pointers, registers: registers && { line, values: registers } }
}

/** What the program prints of its registers: `r8=101 r9=102`. */
function registersIn(line: string): Record<string, number> | undefined {
  const pairs = [...line.matchAll(/(\w+)=(\d+)/g)].map(
    ([, name = '', value]) => [name, Number(value)] as const,
  )
  return pairs.length > 0 ? Object.fromEntries(pairs) : undefined
}

/** Whether the registers contain the numbers that the process has loaded. */
function areKept({ base }: Keeper, registers: Record<string, number> = {}): boolean {
  const values = Object.values(registers)
  return values.length > 0 && values.every((value, at) => value === base + at + 1)
}

/** Shows what was read of the process while it did not run, before and after it was preempted. */
function claimKept(stage: Stage, keeper: Keeper, before: Saved, after: Saved): void {
  const looks = [
    { when: 'stopped for the first time', ...before },
    { when: 'stopped for the second time', ...after },
  ]
  if (before.pointers && after.pointers) {
    for (const { when, pointers } of looks) showPointers(stage, keeper, when, pointers)
    const isInLoop = ({ program }: Pointers) => keeper.from <= program && program < keeper.to
    stage.claim(
      'scheduler/kernel-keeps-program-counter',
      'The kernel keeps the program counter and the stack pointer of a process: the loop continues where it was.',
      isInLoop(before.pointers) && isInLoop(after.pointers) && before.pointers.stack === after.pointers.stack,
    )
  } else stage.note('Not observed: the program counter, because this user may not read it.', 'aside')
  if (!before.registers || !after.registers) return
  for (const { when, registers } of looks)
    if (registers)
      stage.evidence('ptrace(2)', registers.line, `${keeper.name}, ${when}`, { data: registers.values })
  stage.claim(
    'scheduler/kernel-keeps-registers',
    'The kernel keeps the registers of a process that does not run: they contain what the process has loaded.',
    areKept(keeper, before.registers.values) && areKept(keeper, after.registers.values),
  )
}

function showPointers(stage: Stage, { id, name }: Keeper, when: string, pointers?: Pointers): void {
  if (!pointers) return
  const [stack, program] = [pointers.stack.toString(16), pointers.program.toString(16)]
  stage.evidence(
    `/proc/${id}/syscall`,
    `stack pointer 0x${stack}, program counter 0x${program}`,
    `${name}, ${when}`,
    {
      data: { stack, program },
    },
  )
}

/** Ends the loops. Each process then prints what it finds in its registers. */
async function claimRestored(stage: Stage, keepers: Keeper[]): Promise<void> {
  const found: { times: number; kept: boolean }[] = []
  for (const keeper of keepers) {
    const { id, name, preempted } = keeper
    const times = preempted()
    sendSignal(stage, keeper, 'SIGUSR1')
    const line = (await keeper.next()) ?? ''
    stage.evidence(`/proc/${id}/status`, `nonvoluntary_ctxt_switches: +${times}`, `${name}, in its loop`, {
      data: times,
    })
    stage.note(`After that, ${name} finds in its registers: ${line || 'nothing'}.`)
    found.push({ times, kept: areKept(keeper, registersIn(line)) })
  }
  const least = Math.min(...found.map(({ times }) => times))
  if (least < enough && found.every(({ kept }) => kept)) {
    stage.note(
      `Not observed: registers after a switch. A process was preempted only ${least} times.`,
      'aside',
    )
    return
  }
  stage.claim(
    'scheduler/switch-restores-registers',
    `A switch restores the registers: each process found its own numbers after at least ${least} preemptions.`,
    found.every(({ kept }) => kept),
  )
}

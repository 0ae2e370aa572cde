/** A new process: the kernel has loaded its program, and no instruction of the program has run. */
import { asOsdemoError } from '../../errors.js'
import { holdAtFirstInstruction, runHeld } from '../../ipc/ptrace.js'
import { pin } from '../../ipc/scheduling.js'
import { readCommandLine } from '../../proc/cmdline.js'
import { readEntryPoint } from '../../proc/entry-point.js'
import { readStat } from '../../proc/stat.js'
import { readPointers } from '../../proc/syscall.js'
import type { Stage } from '../../run/stage.js'
import { type BusyChild, startBusy } from './busy-children.js'
import { sayReady, seeQueued, timeOf } from './run-queue.js'
import { patience, sayState } from './see-state.js'
import { beat } from './show-ready.js'

/** Starts the child, and follows it from new to ready, and from ready to running, on a CPU where another process computes. */
export async function beNew(stage: Stage, cpu: number, cpus: number[]): Promise<BusyChild> {
  const { child, obstacle } = await startHeld(stage)
  const { id } = child
  const stat = readStat(id)
  sayState(stage, child, 'new')
  const startTicks = stat?.startTicks ?? null
  stage.evidence(
    `/proc/${id}/stat`,
    `parent ${stat?.ppid ?? '?'}, start ${startTicks}`,
    'fields 4 and 22, in clock ticks since boot',
    {
      data: { ppid: stat?.ppid ?? null, startTicks },
    },
  )
  stage.claim(
    'process/new-child-is-known-to-kernel',
    `A new process has an entry in the process table: pid ${id}, a child of osdemo (pid ${process.pid}).`,
    // requireScheduler has checked that /proc shows our own processes, so it shows osdemo itself.
    stat?.ppid === process.pid && stat.startTicks >= readStat(process.pid)!.startTicks,
  )
  if (obstacle !== undefined) {
    stage.note(`Not observed: the child before its first instruction. ${obstacle}`, 'aside')
    // The child becomes running between two looks, so this time is inexact by up to 5 ms.
    await stage.poll(() => hasProgram(id), patience)
    sayState(stage, child, 'running')
    return child
  }
  claimUntouched(stage, child)
  await stage.pause(beat)
  await stage.holdEvents(async () => {
    const queued = seeQueued(child, cpu, () => runHeld(id))
    pin(id, cpus)
    if (queued) sayReady(stage, child, queued)
    if (queued?.delay === 0) {
      // The kernel reads no clock between wake-up and switch when the CPU is just about to choose a process.
      stage.note('Not observed: the child in the run queue, because it got the CPU at once.', 'aside')
    } else {
      stage.claim(
        'process/new-process-is-ready-first',
        `A new process is ready before it runs: the child was in the run queue for ${timeOf(queued)}.`,
        queued !== undefined,
      )
    }
    sayState(stage, child, 'running')
  })
  return child
}

/**
 * Starts the child and holds it before its first instruction. The shell before it stops itself, so it cannot be too fast.
 *
 * @returns `obstacle`: why it is not held, where that is so
 */
async function startHeld(stage: Stage): Promise<{ child: BusyChild; obstacle?: string }> {
  const [child] = await startBusy(stage, ['child'], true)
  const stopped = await stage.poll(
    () => (readStat(child.id)?.state === 'T' ? 'yes' : hasProgram(child.id) && 'no'),
    patience,
  )
  if (stopped === 'no') return { child, obstacle: 'This needs setpriv(1) of util-linux.' }
  try {
    if (holdAtFirstInstruction(child.id, () => hasProgram(child.id))) return { child }
    return { child, obstacle: 'It did not execute its program within 1 s.' }
  } catch (error) {
    child.kill('SIGCONT')
    const { message } = asOsdemoError(error, 'ptrace(2) failed')
    return { child, obstacle: `osdemo may not trace it: ${message}.` }
  }
}

/** Whether a child has executed its last program, Node. Before that it executes setpriv(1) and a shell. */
function hasProgram(pid: number): boolean {
  return readCommandLine(pid)?.[0] === process.execPath
}

/** Claims that a held child has run no instruction of its program. */
function claimUntouched(stage: Stage, { id }: BusyChild): void {
  stage.note(
    'Linux has no letter for new. osdemo holds the child with ptrace(2), so the letter is t: traced.',
  )
  const [next, first] = [readPointers(id)?.program, readEntryPoint(id)]
  const quote = (file: string, address: bigint | undefined, about: string) => {
    const hex = address?.toString(16) ?? '?'
    stage.evidence(`/proc/${id}/${file}`, `0x${hex}`, about, { data: { address: hex } })
  }
  quote('syscall', next, 'the program counter')
  quote('auxv', first, 'the entry point: the first instruction')
  stage.claim(
    'process/new-has-executed-nothing',
    'A new process has executed no instruction of its program yet: its program counter is at the first one.',
    next !== undefined && next === first,
  )
}

/**
 * What blocks a thread, as data: one kind for each way to be blocked. Nothing here is a sentence; src/demos/why/render makes
 * them.
 */
import type { ChildBlocker } from './blockers/child.js'
import type { UnixConnectBlocker } from './blockers/connect.js'
import type { DescriptorBlocker } from './blockers/descriptor.js'
import type { FifoLostBlocker, FifoOpenBlocker } from './blockers/fifo.js'
import type { FileLockBlocker } from './blockers/file-lock.js'
import type { FutexBlocker } from './blockers/futex.js'
import type { LeaseBlocker } from './blockers/lease.js'
import type { LostDescriptorBlocker } from './blockers/lost-descriptor.js'
import type { PipeBlocker } from './blockers/pipe.js'
import type { PollBlocker } from './blockers/poll.js'
import type { PosixQueueBlocker } from './blockers/posix-queue.js'
import type { SignalBlocker } from './blockers/signal.js'
import type { SocketBlocker } from './blockers/socket.js'
import type { StateBlocker } from './blockers/state.js'
import type { SystemVBlocker } from './blockers/system-v.js'
import type { TimerBlocker } from './blockers/timer.js'
import type { UnixSocketBlocker } from './blockers/unix-socket.js'
import type { Step } from './step.js'

/** What every blocker contains. */
export interface Waking {
  /** The pids of the processes that could let it continue. */
  wakers: number[]
  /** Whether only all of them together can. */
  needsAll?: boolean
  /** The only thread that could, where it is known: a thread id. Its process is one of the wakers. */
  wakerThread?: number
  /** The time limit of its call, in seconds. Undefined without one, and where it cannot be seen. */
  limit?: number
  /** Whether something else could: time, a terminal, the network, a process that does not exist yet. */
  open: boolean
  /** Whether the kernel reports it. Otherwise it is only likely. */
  certain: boolean
  /** What would let it continue; empty where nothing is known. */
  steps: Step[]
}

/** For what no process causes and no command ends. */
export const noWaker: Waking = { wakers: [], open: true, certain: true, steps: [] }

export type Blocker =
  | FifoOpenBlocker
  | FifoLostBlocker
  | PipeBlocker
  | PollBlocker
  | FutexBlocker
  | FileLockBlocker
  | SocketBlocker
  | UnixSocketBlocker
  | UnixConnectBlocker
  | DescriptorBlocker
  | LostDescriptorBlocker
  | LeaseBlocker
  | ChildBlocker
  | TimerBlocker
  | SignalBlocker
  | PosixQueueBlocker
  | SystemVBlocker
  | StateBlocker

/** A blocker, and a step that belongs to it: of a poll, what belongs to one of its descriptors. */
export interface StepOf {
  blocker: Blocker
  step: Step
}

/** What would let a thread continue. */
export function stepsOf(blocker: Blocker): StepOf[] {
  if (blocker.kind !== 'poll') return blocker.steps.map((step) => ({ blocker, step }))
  const own = blocker.steps.map((step) => ({ blocker, step }))
  const steps = blocker.watched.flatMap(({ blocker: end }) => (end ? stepsOf(end) : []))
  if (blocker.watched.length === 1) return [...own, ...steps]
  // Terminating one of many peers that are watched is hardly what a person wants, and which of them acts is open. But where one
  // process has all the other ends, its exit ends them all.
  const ends = new Set(steps.flatMap(({ step }) => (step.do === 'end-others' ? step.pids : [])))
  return [
    ...own,
    ...steps.filter(({ step }) => (step.do === 'end-others' ? ends.size === 1 : step.do !== 'wait')),
  ]
}

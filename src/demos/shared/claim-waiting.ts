/** Observes that a thread is blocked in the kernel, and in which system call. */
import type { ClaimId } from '../../events.js'
import { readStat } from '../../proc/stat.js'
import { readSyscall } from '../../proc/syscall.js'
import { type WaitingThread, waitingThreads } from '../../proc/task.js'
import type { Actor } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'

interface Wait {
  pid: number
  /** The thread. When left out, any thread of the process, because Node makes blocking calls in a thread of its pool. */
  tid?: number
  /** The names of the system calls in which it may be blocked. */
  calls: string[]
  /** Whether the call has returned: then it does not block. Left out, the call is one that only this demo can end. */
  hasReturned?: () => boolean
  id: ClaimId
  claim: string
}

/**
 * Waits until a thread is blocked in one of the calls, or the call has returned, for at most 20 seconds. Claims that it is blocked,
 * with the evidence. Where the kernel does not show system calls to this user, there is a note instead of a claim.
 */
export async function seeWait(
  stage: Stage,
  { pid, tid, calls, hasReturned = () => false, id, claim }: Wait,
): Promise<void> {
  const look = () => waitingThreads(pid).filter((thread) => tid === undefined || thread.tid === tid)
  let found: WaitingThread | undefined
  await stage.poll(() => {
    found = look().find(
      ({ tid, syscall }) => syscall !== undefined && calls.includes(syscall) && isAsleep(pid, tid),
    )
    return found !== undefined || hasReturned()
  })
  const seen = look()
  const isHidden = seen.every(({ tid }) => readSyscall(pid, tid) === undefined)
  if (!found && !hasReturned() && seen.length > 0 && isHidden) {
    return stage.note(
      `Not observed: the system call of pid ${pid}, because this user may not read /proc/${pid}/syscall.`,
      'aside',
    )
  }
  if (found) showWait(stage, pid, found)
  stage.claim(id, claim, found !== undefined)
}

/** Shows the system call that a thread is blocked in, and the kernel function that it sleeps in. */
export function showWait(stage: Stage, pid: number, { tid, syscall = '', wchan }: WaitingThread): void {
  const folder = `/proc/${pid}/task/${tid}`
  stage.evidence(`${folder}/syscall`, syscall, 'the system call it is blocked in')
  if (wchan) stage.evidence(`${folder}/wchan`, wchan, 'the kernel function it sleeps in')
}

/** A thread of a process that is blocked in a system call. Undefined where the kernel does not show the call to this user. */
export function blockedThread(pid: number, call: string): WaitingThread | undefined {
  return waitingThreads(pid).find(({ syscall }) => syscall === call)
}

/** Whether a thread of a process is blocked in a system call, as far as the kernel shows it. */
export function isBlockedIn(pid: number, call: string): boolean {
  return blockedThread(pid, call) !== undefined
}

/** Whether the call that an actor began last has returned. */
export function lastCallReturned({ events }: Pick<Actor, 'events'>): boolean {
  return events.findLast((event) => event.event === 'call')?.phase === 'end'
}

/** Whether a thread sleeps. The kernel shows the system call of a stopped thread too. */
function isAsleep(pid: number, tid: number): boolean {
  const state = readStat(pid, tid)?.state
  return state === 'S' || state === 'D'
}

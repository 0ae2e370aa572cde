/** Observes that a thread is blocked in the kernel, and in which system call. */
import type { ClaimId } from '../../events.js'
import { waitingThreads } from '../../proc/task.js'
import type { Stage } from '../../run/stage.js'

interface Wait {
  pid: number
  /** The thread. When left out, any thread of the process, because Node makes blocking calls in a thread of its pool. */
  tid?: number
  /** The names of the system calls in which it may be blocked. */
  calls: string[]
  id: ClaimId
  claim: string
}

/**
 * Waits at most 20 seconds until a thread is blocked in one of the calls, and claims that it is, with the evidence. Where the
 * kernel does not show system calls to this user, there is a note instead of a claim.
 */
export async function seeWait(stage: Stage, { pid, tid, calls, id, claim }: Wait): Promise<void> {
  const look = () => waitingThreads(pid).filter((thread) => tid === undefined || thread.tid === tid)
  const found = await stage.poll(() =>
    look().find(({ syscall }) => syscall !== undefined && calls.includes(syscall)),
  )
  const seen = look()
  if (!found && seen.length > 0 && seen.every(({ syscall }) => syscall === undefined)) {
    return stage.note(
      `Not observed: the system call of pid ${pid}, because this user may not read /proc/${pid}/syscall.`,
      'aside',
    )
  }
  if (found) {
    const folder = `/proc/${pid}/task/${found.tid}`
    // `found` has a system call, because it was found by its system call.
    stage.evidence(`${folder}/syscall`, found.syscall!, 'the system call it is blocked in')
    if (found.wchan) stage.evidence(`${folder}/wchan`, found.wchan, 'the kernel function it sleeps in')
  }
  stage.claim(id, claim, found !== undefined)
}

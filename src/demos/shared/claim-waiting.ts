/** Seeing that a process or thread waits in the kernel, and in which call. */
import type { ClaimId } from '../../events.js'
import { waitingThreads } from '../../proc/task.js'
import type { Stage } from '../../run/stage.js'

interface Wait {
  pid: number
  /** The thread; any of the process when left out: Node makes calls that block in a thread of its pool. */
  tid?: number
  /** Names of the system calls of which one is expected. */
  calls: string[]
  id: ClaimId
  claim: string
}

/**
 * Looks until a thread is seen waiting, for at most twenty seconds, says where the kernel showed it, and claims it. Where the
 * kernel does not show system calls at all, that is a note and no claim.
 */
export async function seeWait(stage: Stage, { pid, tid, calls, id, claim }: Wait): Promise<void> {
  const look = () => waitingThreads(pid).filter((thread) => tid === undefined || thread.tid === tid)
  const found = await stage.poll(() =>
    look().find(({ syscall }) => syscall !== undefined && calls.includes(syscall)),
  )
  const seen = look()
  if (!found && seen.length > 0 && seen.every(({ syscall }) => syscall === undefined)) {
    return stage.note(
      `cannot be seen here, since /proc/${pid}/task/TID/syscall is closed to us: ${claim}`,
      'aside',
    )
  }
  if (found) {
    const folder = `/proc/${pid}/task/${found.tid}`
    // Only a thread with a system call can be found.
    stage.evidence(`${folder}/syscall`, found.syscall!, 'the system call that this thread is in')
    if (found.wchan) stage.evidence(`${folder}/wchan`, found.wchan, 'where in the kernel it sleeps')
  }
  stage.claim(id, claim, found !== undefined)
}

/** The other processes that have a segment attached, as the kernel knows them. */
import { now } from '../../events.js'
import { readSchedstat } from '../../proc/sched.js'
import { readStat } from '../../proc/stat.js'
import { attachers, readSegment } from '../../proc/sysvipc-shm.js'
import { threads } from '../../proc/task.js'

/** A reader that looks often asks for news at most once in so many milliseconds. */
const askEvery = 250

export interface SegmentUsers {
  /** Whether a process has attached or detached the segment lately, or removed it. */
  news(): 'none' | 'some' | 'removed'
  /** The threads that are ready or running, each with its CPU time. One that stays in this list has not run in between. */
  runnable(): string[]
}

export function segmentUsers(id: number): SegmentUsers {
  let asked = Number.NEGATIVE_INFINITY
  let listed: string | undefined
  let pids: number[] = []
  const ask = () => {
    asked = now()
    const segment = readSegment(id)
    if (!segment || segment.removed) return 'removed'
    const { attached, lastPid } = segment
    if (`${attached} ${lastPid}` === listed) return 'none'
    listed = `${attached} ${lastPid}`
    // One attachment is the reader's own.
    pids = attached > 1 ? attachers(id, lastPid).filter((pid) => pid !== process.pid) : []
    return 'some'
  }
  return {
    news: () => (now() - asked < askEvery * 1000 ? 'none' : ask()),
    runnable() {
      ask()
      return pids.flatMap((pid) =>
        threads(pid).flatMap((tid) =>
          readStat(pid, tid)?.state === 'R' ? `${tid} ${readSchedstat(pid, tid)?.run}` : [],
        ),
      )
    },
  }
}

/** The other processes that have a segment attached or map an object, as the kernel knows them. */
import { now } from '../../events.js'
import { isObjectRemoved } from '../../ipc/posix-shm.js'
import type { TextPlace } from '../../ipc/segment-text.js'
import { mappers } from '../../proc/posix-shm.js'
import { readSchedstat } from '../../proc/sched.js'
import { readStat } from '../../proc/stat.js'
import { attachers, readSegment } from '../../proc/sysvipc-shm.js'
import { threads } from '../../proc/task.js'

/** A reader that looks often asks for news at most once in so many milliseconds. */
const askEvery = 250

/** How events and sentences name it, and the calls that map it. */
export function placeName(place: TextPlace): { name: string; calls: { attach: string; detach: string } } {
  return 'id' in place
    ? { name: `segment ${place.id}`, calls: { attach: 'shmat', detach: 'shmdt' } }
    : { name: `shared memory ${place.name}`, calls: { attach: 'mmap', detach: 'munmap' } }
}

export interface TextUsers {
  /** Whether a process has attached or detached the memory lately, or removed it. Of an object only the removal is known. */
  news(): 'none' | 'some' | 'removed'
  /** The threads that are ready or running, each with its CPU time. One that stays in this list has not run in between. */
  runnable(): string[]
}

/** The processes that use the memory in which a text is. */
export function usersOf(place: TextPlace): TextUsers {
  const { ask, pids } = 'id' in place ? segmentUsers(place.id) : objectUsers(place)
  let asked = Number.NEGATIVE_INFINITY
  return {
    news() {
      if (now() - asked < askEvery * 1000) return 'none'
      asked = now()
      return ask()
    },
    runnable: () =>
      pids().flatMap((pid) =>
        threads(pid).flatMap((tid) =>
          readStat(pid, tid)?.state === 'R' ? `${tid} ${readSchedstat(pid, tid)?.run}` : [],
        ),
      ),
  }
}

interface Asked {
  ask: TextUsers['news']
  /** The other processes that use the memory. */
  pids(): number[]
}

function segmentUsers(id: number): Asked {
  let listed: string | undefined
  let pids: number[] = []
  const ask = () => {
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
    ask,
    pids() {
      ask()
      return pids
    },
  }
}

/** The kernel does not count who maps an object, so the search takes a look at every process. */
function objectUsers(object: Exclude<TextPlace, { id: number }>): Asked {
  let searched = Number.NEGATIVE_INFINITY
  let pids: number[] = []
  return {
    ask: () => (isObjectRemoved(object.name, object) ? 'removed' : 'none'),
    pids() {
      if (now() - searched < askEvery * 1000) return pids
      searched = now()
      pids = mappers(object).filter((pid) => pid !== process.pid)
      return pids
    },
  }
}

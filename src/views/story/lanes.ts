/** The participants of a story. */
import type { Event } from '../../events.js'
import type { Lane } from './index.js'

/** Finds the lane of a thread id. A pid that the kernel has reused gets a new lane. */
export function createCast() {
  const lanes: Lane[] = []
  const current = new Map<number, Lane>()

  function add(tid: number, fields: Omit<Lane, 'index' | 'tid'>): Lane {
    const lane = { index: lanes.length, tid, ...fields }
    lanes.push(lane)
    current.set(tid, lane)
    return lane
  }

  return {
    lanes,
    speaker({ tid, pid, actor, t }: Event): Lane {
      const known = current.get(tid)
      if (known && !(known.end && known.name !== actor)) {
        // So far only its number was known.
        if (known.name === '') known.name = actor
        return known
      }
      return add(tid, { pid, name: actor, kind: tid === pid ? 'process' : 'thread', born: t })
    },
    start(
      { child, name, kind, pid, t, parent: other }: Extract<Event, { event: 'started' }>,
      speaker: Lane,
    ): Lane {
      const known = current.get(child)
      const parent = (other !== undefined && current.get(other)) || speaker
      // A thread may report something before its supervisor reports its start.
      if (known && !known.end && !known.parent && known !== parent)
        return Object.assign(known, { name, parent })
      return add(child, { pid: kind === 'thread' ? pid : child, name, kind, born: t, parent })
    },
    exit({ child, name, kind, pid, t, code, signal }: Extract<Event, { event: 'exited' }>): Lane {
      const lane =
        current.get(child) ?? add(child, { pid: kind === 'thread' ? pid : child, name, kind, born: t })
      lane.end = { t, code, signal }
      return lane
    },
    /** The lane of this number. A new lane has no name yet, unless it is given. */
    find(tid: number, { t }: Event, name = ''): Lane {
      return current.get(tid) ?? add(tid, { pid: tid, name, kind: 'process', born: t })
    },
    /** The living thread, or else process, to which a source such as `/proc/12/task/34/wchan` belongs. */
    findWitness(source: string): Lane | undefined {
      const [, pid, thread] = /^\/proc\/(\d+)(?:\/task\/(\d+))?/.exec(source) ?? []
      return [thread, pid].map((id) => current.get(Number(id))).find((lane) => lane && !lane.end)
    },
  }
}

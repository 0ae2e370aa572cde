/** Lists the System V segments of the machine, as the kernel lists them. */
import { now } from '../events.js'
import { permsText } from '../ipc/sysv-shm.js'
import { isAlive } from '../proc/stat.js'
import { readSegments, type Segment } from '../proc/sysvipc-shm.js'
import { runActor } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'
import { table } from './lib/table.js'

export interface SegmentListerConfig {
  /** The ids of the segments that osdemo created: those in use by a run, and those that were kept for the user. */
  ours: number[]
  /** Print a table to stdout. */
  print: boolean
}

declare module '../actor-types.js' {
  interface Actors {
    'segment-lister': { config: SegmentListerConfig; word: never; runsAs: 'process' }
  }
}

runActor<'segment-lister'>(async ({ say, config: { ours, print } }) => {
  const at = now()
  const segments = readSegments() ?? []
  for (const segment of segments) {
    const { key, id, size, attached, creatorPid, lastPid, uid } = segment
    const isOurs = ours.includes(id)
    say(
      {
        event: 'evidence',
        source: '/proc/sysvipc/shm',
        value:
          `key ${key}, shmid ${id}, perms ${permsText(segment)}, size ${size}, ` +
          `cpid ${creatorPid}, lpid ${lastPid}, nattch ${attached}, uid ${uid}`,
        about: isOurs ? 'made by osdemo' : '',
        data: { ...segment, ours: isOurs },
      },
      at,
    )
  }
  if (segments.length === 0)
    say({ event: 'note', text: 'This machine has no System V segment at the moment.', role: 'closing' })
  else if (print) await writeOut(Buffer.from(table(segments.map((segment) => rowOf(segment, ours)))))
})

/**
 * The cells of a segment, by column. Even with a key and an id of ten digits and a pid of seven a line has 80 columns, so
 * there is no room for the last pid.
 */
function rowOf(segment: Segment, ours: number[]) {
  const { key, id, uid, mode, size, attached, creatorPid, removed } = segment
  const created = isAlive(creatorPid) ? 'alive' : 'exited'
  return {
    key: `${key}`,
    id: `${id}`,
    uid: `${uid}`,
    mode: mode.toString(8).padStart(3, '0'),
    bytes: `${size}`,
    nattch: `${attached}`,
    // 0 stands for a process of another pid namespace, of which nothing is known.
    creator: creatorPid === 0 ? 'unknown' : `${creatorPid} ${created}`,
    note: [removed && 'removed', ours.includes(id) && 'by osdemo'].filter(Boolean).join(', '),
  }
}

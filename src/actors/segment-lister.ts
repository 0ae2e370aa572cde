/** Lists the System V segments of the machine, and its POSIX shared memory: the files in /dev/shm. */
import { now } from '../events.js'
import { listObjects, type ObjectIdentity, objectFolder } from '../ipc/posix-shm.js'
import { permsText } from '../ipc/sysv-shm.js'
import { isAlive } from '../proc/stat.js'
import { readSegments, type Segment } from '../proc/sysvipc-shm.js'
import { runActor } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'
import { table } from './lib/table.js'

export interface SegmentListerConfig {
  /** The ids of the segments that osdemo created: those in use by a run, and those that were kept for the user. */
  ours: number[]
  /** The objects that osdemo created. */
  objects: ObjectIdentity[]
  /** Print a table to stdout. */
  print: boolean
}

declare module '../actor-types.js' {
  interface Actors {
    'segment-lister': { config: SegmentListerConfig; word: never; runsAs: 'process' }
  }
}

runActor<'segment-lister'>(async ({ say, config: { ours, objects, print } }) => {
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
  const found = listObjects().map(({ name, stats: { dev, ino, uid, mode, size, blocks } }) => ({
    name,
    uid,
    mode: mode & 0o777,
    size,
    allocated: 512 * blocks,
    ours: objects.some((one) => one.device === dev && one.ino === ino),
  }))
  for (const object of found) {
    const { name, size, uid } = object
    const value = `${name}: size ${size}, mode ${octal(object.mode)}, uid ${uid}, allocated ${object.allocated}`
    const about = object.ours ? 'made by osdemo' : ''
    say({ event: 'evidence', source: objectFolder, value, about, data: object }, at)
  }
  if (segments.length === 0) say(none('System V segment'))
  if (found.length === 0) say(none('POSIX shared memory'))
  if (!print) return
  const tables = [segments.map((segment) => rowOf(segment, ours)), found.map(rowOfObject)]
  const texts = tables.flatMap((rows) => (rows.length > 0 ? table(rows) : []))
  await writeOut(Buffer.from(texts.join('\n')))
})

const none = (what: string) =>
  ({ event: 'note', text: `This machine has no ${what} at the moment.`, role: 'closing' }) as const

const octal = (mode: number) => mode.toString(8).padStart(3, '0')

interface FoundObject {
  name: string
  uid: number
  mode: number
  size: number
  allocated: number
  ours: boolean
}

/** Any user may have chosen the name, so no control character of it reaches the terminal. */
function rowOfObject({ name, uid, mode, size, allocated, ours }: FoundObject) {
  return {
    name: name.replaceAll(/\p{C}/gu, '?'),
    uid: `${uid}`,
    mode: octal(mode),
    bytes: `${size}`,
    allocated: `${allocated}`,
    note: ours ? 'by osdemo' : '',
  }
}

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
    mode: octal(mode),
    bytes: `${size}`,
    nattch: `${attached}`,
    // 0 stands for a process of another pid namespace, of which nothing is known.
    creator: creatorPid === 0 ? 'unknown' : `${creatorPid} ${created}`,
    note: [removed && 'removed', ours.includes(id) && 'by osdemo'].filter(Boolean).join(', '),
  }
}

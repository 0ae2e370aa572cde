/** Lists the System V semaphore sets and the named POSIX semaphores of the machine. */
import { OsdemoError } from '../errors.js'
import { now } from '../events.js'
import { openNamed, semaphoreAt, semaphoreFile, semaphoreNames } from '../ipc/posix-sem.js'
import { readSemaphore } from '../ipc/sysv-sem.js'
import { isAlive } from '../proc/stat.js'
import { readSets, type SemaphoreSet } from '../proc/sysvipc-sem.js'
import { sumOf } from '../text.js'
import { runActor } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'
import { table } from './lib/table.js'

export interface SemaphoreListerConfig {
  /** What osdemo created: the ids of sets, and the names of POSIX semaphores. */
  ours: (number | string)[]
  /** Print a table to stdout. */
  print: boolean
}

declare module '../actor-types.js' {
  interface Actors {
    'semaphore-lister': { config: SemaphoreListerConfig; word: never; runsAs: 'process' }
  }
}

runActor<'semaphore-lister'>(async ({ say, config: { ours, print } }) => {
  const at = now()
  const rows: Record<string, string>[] = []
  const add = (source: string, value: string, row: Listed) => {
    const { name, id, uid, mode, values, waiting, lastUser } = row
    const isOurs = ours.includes(id ?? name)
    const about = isOurs ? 'made by osdemo' : ''
    say({ event: 'evidence', source, value, about, data: { ...row, ours: isOurs } }, at)
    rows.push({
      semaphore: name,
      id: cell(id, '-'),
      uid: `${uid}`,
      mode: mode.toString(8).padStart(3, '0'),
      value: values === null ? '?' : shortened(values.join(',')),
      waiting: id === null ? '-' : cell(waiting, '?'),
      last: lastUser ? `${lastUser} ${isAlive(lastUser) ? 'alive' : 'exited'}` : id === null ? '-' : '?',
      note: isOurs ? 'by osdemo' : '',
    })
  }
  for (const set of readSets() ?? []) {
    const { key, id, mode, semaphores, uid } = set
    const value = `key ${key}, semid ${id}, perms ${mode.toString(8)}, nsems ${semaphores}, uid ${uid}`
    add('/proc/sysvipc/sem', value, listedSet(set))
  }
  for (const name of semaphoreNames()) {
    const found = lookAtNamed(name)
    const value = found?.values === null ? 'EACCES' : `sem_getvalue ${found?.values}`
    if (found) add(semaphoreFile(name), value, found)
  }
  if (rows.length === 0) say({ event: 'note', text: 'No semaphore was found.', role: 'closing' })
  else if (print) await writeOut(Buffer.from(table(rows)))
})

/** A type and not an interface, because only a type can be the data of an event. */
type Listed = {
  /** A key or a name. */
  name: string
  /** Of a System V set. */
  id: number | null
  uid: number
  mode: number
  /** Null where this user may not read them. */
  values: number[] | null
  /** How many threads wait, and the process that changed the first semaphore last. Null where it is not known. */
  waiting: number | null
  lastUser: number | null
}

function listedSet({ key, id, uid, mode, semaphores }: SemaphoreSet): Listed {
  const all = Array.from({ length: semaphores }, (_, number) => readSemaphore(id, number))
  const states = all.flatMap((state) => state ?? [])
  const isKnown = states.length === semaphores
  return {
    name: `${key}`,
    id,
    uid,
    mode,
    values: isKnown ? states.map(({ value }) => value) : null,
    waiting: isKnown
      ? states.map(({ waitForIncrease, waitForZero }) => waitForIncrease + waitForZero).reduce(sumOf, 0)
      : null,
    lastUser: states[0]?.lastUser || null,
  }
}

/** Undefined where it has been removed, or is no semaphore. */
function lookAtNamed(name: string): Listed | undefined {
  const stats = semaphoreAt(name)
  if (!stats) return undefined
  const known = { name, id: null, uid: stats.uid, mode: stats.mode & 0o777, waiting: null, lastUser: null }
  try {
    const semaphore = openNamed(name)
    const values = [semaphore.value()]
    semaphore.close()
    return { ...known, values }
  } catch (error) {
    if (error instanceof OsdemoError && error.errno === 'EACCES') return { ...known, values: null }
    if (error instanceof OsdemoError) return undefined
    throw error
  }
}

function cell(value: number | null, unknown: string): string {
  return value === null ? unknown : `${value}`
}

/** A set may have thousands of values. With the longest key, id and pid, a line has 80 columns. */
function shortened(text: string): string {
  return text.length > 6 ? `${text.slice(0, 5)}…` : text
}

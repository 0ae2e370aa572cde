/** What a story tells of parents and children: which process started which, and which one adopted it. */
import type { Lane, Story } from '../../story/index.js'

export interface Family {
  parent: Lane
  child: Lane
}

/** Children whose parent is not the process that reports their start, each with its parent. */
export function familiesOf({ steps }: Story): Family[] {
  return steps.flatMap(({ event, about }) => {
    const { parent } = about ?? {}
    if (event.event !== 'started' || event.parent === undefined || !about || !parent) return []
    return parent.pid === event.parent ? [{ parent, child: about }] : []
  })
}

export interface Adoption {
  t: number
  /** The pid and the name of the adopter. */
  ppid: number
  name: string
  /** The ancestors between the adopter and the grandparent, as far as they are known. */
  between: number[]
}

/** The first report of another parent. */
export function adoptionOf({ steps }: Story, { child, parent }: Family): Adoption | undefined {
  for (const { event, about } of steps) {
    if (event.event !== 'evidence' || about !== child) continue
    const { ppid, parent: name } = recordIn(event.data)
    if (typeof ppid !== 'number' || ppid === parent.pid) continue
    const named = typeof name === 'string' ? name : 'process'
    return { t: event.t, ppid, name: named, between: ancestorsBetween(steps, parent.parent?.pid, ppid) }
  }
  return undefined
}

/** The fields of the data of evidence; none where it is no record. */
export function recordIn(data: unknown): { [name: string]: unknown } {
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? { ...data } : {}
}

/** The pids above the first process and below the second, from a table of ancestors. */
function ancestorsBetween(steps: Story['steps'], below: number | undefined, above: number): number[] {
  for (const { event } of steps) {
    if (event.event !== 'evidence' || !Array.isArray(event.data)) continue
    const pids = event.data.flatMap((row) => (typeof row === 'object' && row !== null ? (row.pid ?? []) : []))
    const [from, to] = [pids.indexOf(below ?? -1), pids.indexOf(above)]
    if (to >= 0) return pids.slice(from + 1, to).flatMap((pid) => (typeof pid === 'number' ? [pid] : []))
  }
  return []
}

/** The last state that was reported for a process until a time. */
export function stateBefore({ stays }: Story, lane: Lane, t: number): string {
  return stays.findLast((stay) => stay.lane === lane && stay.from <= t)?.state ?? 'alive'
}

/** How a process has ended, in words. */
export function ending({ end }: Lane): string {
  if (!end) return 'has exited'
  return end.signal === null ? `exited with code ${end.code}` : `killed by ${end.signal}`
}

/** Descriptors that a program has probably forgotten to close. */
import type { Opened } from './files.js'
import { relationsOf } from './files.js'
import type { World } from './snapshot.js'

export interface Leak {
  /**
   * `same-object`: many descriptors refer to one object. `same-kind`: many anonymous objects of one kind. `same-peer`: many
   * connections to one address. `close-wait`: connections that only this process has not closed. `no-other-end`: pipes of which no
   * process has the other end.
   */
  kind: 'same-object' | 'same-kind' | 'same-peer' | 'close-wait' | 'no-other-end'
  /** One of them. */
  example: Opened
  /** The number of descriptors. */
  count: number
}

/** A pool of threads that read one database file is smaller. */
const manyOfOne = 32
/** A thread of a large server has an epoll instance and two eventfds, and a pool has many connections to one address. */
const manyOfKind = 256
/** A few may be closed by their peers at any moment. */
const manyAbandoned = 10

/** Likely leaks, the largest first. Each descriptor is counted in one of them. */
export function leaksOf(world: World, pid: number, objects: readonly Opened[]): Leak[] {
  const leaks: Leak[] = []
  const rest = new Set(objects)
  for (const opened of objects) if (opened.fds.length >= manyOfOne) add('same-object', [opened])
  const waiting = (opened: Opened) => opened.tcp?.state === 'CLOSE_WAIT'
  add('close-wait', [...rest].filter(waiting), manyAbandoned)
  const isDead = (opened: Opened) =>
    opened.kind === 'pipe' &&
    world.census().hidden === 0 &&
    relationsOf(world, pid, opened).peers?.length === 0
  add('no-other-end', [...rest].filter(isDead), manyAbandoned)
  const peerAddress = ({ tcp }: Opened) =>
    tcp?.state === 'ESTABLISHED' ? `${tcp.remote.host} ${tcp.remote.port}` : undefined
  for (const alike of groupBy([...rest], peerAddress).values()) add('same-peer', alike, manyOfKind)
  const nameless = ({ kind, target }: Opened) => (target.startsWith('/') || kind === 'tcp' ? undefined : kind)
  for (const alike of groupBy([...rest], nameless).values()) add('same-kind', alike, manyOfKind)
  return leaks.toSorted((one, other) => other.count - one.count)

  function add(kind: Leak['kind'], all: readonly Opened[], least = 1): void {
    const [example] = all
    const count = all.reduce((sum, { fds }) => sum + fds.length, 0)
    if (!example || count < least) return
    for (const opened of all) rest.delete(opened)
    leaks.push({ kind, example, count })
  }
}

/** Leaves out what has no key. */
export function groupBy<Item, Key>(
  items: readonly Item[],
  keyOf: (item: Item) => Key | undefined,
): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

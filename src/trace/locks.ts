/** Locks of files: which process holds which lock, and which release unblocked a waiting process. */
import { descriptorIn } from './descriptor.js'
import type { Call } from './line.js'
import type { Block, Held, Process } from './model.js'
import type { Objects, Thing } from './objects.js'
import type { Tables } from './tables.js'
import { unblocked, type Wakers } from './wakers.js'

export interface Lock {
  kind: 'flock' | 'fcntl' | 'ofd'
  isShared: boolean
  by: Process
  t: number
  /** The first byte, and the one after the last. */
  from: number
  to: number
  /** The process, or the open file description. */
  owner: object
}

export function createLocks(objects: Objects, tables: Tables, wakers: Wakers, all: readonly Process[]) {
  function release(thing: Thing, isOurs: (lock: Lock) => boolean, from: number, to: number): boolean {
    const before = thing.locks ?? []
    thing.locks = before.flatMap((lock) => {
      if (!isOurs(lock) || lock.to <= from || to <= lock.from) return [lock]
      return [
        { ...lock, to: Math.min(lock.to, from) },
        { ...lock, from: Math.max(lock.from, to) },
      ].filter((rest) => rest.from < rest.to)
    })
    return before.some(isOurs)
  }

  return {
    act(call: Call, process: Process, block?: Block): void {
      const descriptor = descriptorIn(call.args[0] ?? '')
      const entry = descriptor && tables.file(process, descriptor)
      if (!entry) return
      entry.thing = objects.shared(entry.thing)
      const { thing } = entry
      const kind = call.name === 'flock' ? 'flock' : call.args[1]?.includes('OFD') ? 'ofd' : 'fcntl'
      const owner = kind === 'fcntl' ? process : entry.description
      const { from, to } = rangeOf(call)
      const isOurs = (lock: Lock) => lock.owner === owner && lock.kind === kind
      objects.used(thing, process, 'write', 0)
      const type = kind === 'flock' ? (call.args[1] ?? '') : (call.args[2] ?? '')
      const had = release(thing, isOurs, from, to)
      if (/LOCK_UN|F_UNLCK/.test(type)) {
        if (had) wakers.woke(thing, 'lock', process, call.t)
        return
      }
      const isShared = /LOCK_SH|F_RDLCK/.test(type)
      // Locks that exclude this one were released, even if the line about it follows later.
      const excluded = (thing.locks ?? []).filter(
        (lock) =>
          !isOurs(lock) &&
          (kind === 'flock') === (lock.kind === 'flock') &&
          !(isShared && lock.isShared) &&
          lock.from < to &&
          from < lock.to,
      )
      thing.locks = (thing.locks ?? []).filter((lock) => !excluded.includes(lock))
      // As in the kernel, neighbours that are alike are one lock.
      const joined = thing.locks.filter(
        (lock) => isOurs(lock) && lock.isShared === isShared && lock.from <= to && from <= lock.to,
      )
      thing.locks = thing.locks.filter((lock) => !joined.includes(lock))
      thing.locks.push({
        kind,
        isShared,
        by: process,
        t: call.t + call.took,
        from: Math.min(from, ...joined.map((lock) => lock.from)),
        to: Math.max(to, ...joined.map((lock) => lock.to)),
        owner,
      })
      if (!block) return
      const [last] = excluded
      if (last && excluded.every(({ by }) => by === last.by)) unblocked(block, last.by)
      else if (!last) wakers.waited(thing, 'lock', block)
    },

    /** A process has no longer a descriptor: with the last one the lock of a description goes, with any one those of fcntl(2). */
    dropped({ thing, description }: Held, process: Process, t: number): void {
      if (!thing.locks?.length) return
      const isOpen = all.some(
        ({ end, table }) => !end && [...table.values()].some((held) => held.description === description),
      )
      const isOurs = ({ kind, owner }: Lock) =>
        kind === 'fcntl' ? owner === process : owner === description && !isOpen
      if (release(thing, isOurs, 0, Number.POSITIVE_INFINITY)) wakers.woke(thing, 'lock', process, t)
    },
  }
}

/** What flock(2) or fcntl(2) asks for. */
export function rangeOf({ args }: Pick<Call, 'args'>): { from: number; to: number } {
  return args[2] === undefined ? { from: 0, to: Number.POSITIVE_INFINITY } : rangeIn(args[2])
}

/** Of `{l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=0}`. Relative to the position or the end of a file, it is not known: all of it. */
function rangeIn(text: string): { from: number; to: number } {
  const [, start, length] = /l_whence=SEEK_SET, l_start=(-?\d+), l_len=(-?\d+)/.exec(text) ?? []
  if (start === undefined) return { from: 0, to: Number.POSITIVE_INFINITY }
  const [from, size] = [Number(start), Number(length)]
  if (size === 0) return { from, to: Number.POSITIVE_INFINITY }
  return size > 0 ? { from, to: from + size } : { from: from + size, to: from }
}

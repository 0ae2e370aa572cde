/** The memory that processes share: which of them have mapped what, and the futexes in it. */
import { descriptorIn } from './descriptor.js'
import type { Call } from './line.js'
import type { Block, Process } from './model.js'
import type { Objects, Thing } from './objects.js'
import type { Tables } from './tables.js'
import type { Wakers } from './wakers.js'

export type Memory = ReturnType<typeof createMemory>

interface Mapping {
  from: number
  to: number
  thing: Thing
  /** Where in the object it begins. */
  offset: number
  /** From the parent: whether the process uses it is not known. */
  isInherited: boolean
}

export function createMemory(objects: Objects, tables: Tables, wakers: Wakers) {
  const spaces = new WeakMap<Process, Mapping[]>()
  const spaceOf = (process: Process) => spaces.get(process) ?? []

  function add(process: Process, address: number, size: number, thing: Thing, offset: number): void {
    remove(process, address, size)
    objects.used(thing, process, 'read', 0)
    const mapping = { from: address, to: address + size, thing, offset, isInherited: false }
    spaces.set(process, [...spaceOf(process), mapping])
  }

  function remove(process: Process, address: number, size: number): void {
    const space = spaceOf(process)
    const end = address + size
    if (!space.some(({ from, to }) => from < end && address < to)) return
    const rest = space.flatMap((each) => {
      const { from, to, offset } = each
      if (end <= from || to <= address) return [each]
      return [
        { ...each, to: Math.min(to, address) },
        { ...each, from: Math.max(from, end), offset: offset + Math.max(0, end - from) },
      ].filter((part) => part.from < part.to)
    })
    spaces.set(process, rest)
  }

  /** What mmap(2) shares. Undefined for private memory, and for files that no process maps for writing. */
  function shared([, , protection = '', flags = '', word = '']: string[], call: Call, process: Process) {
    if (!flags.includes('MAP_SHARED')) return undefined
    const descriptor = descriptorIn(word)
    const isZero = descriptor?.kind === 'path' && descriptor.path === '/dev/zero'
    if (flags.includes('MAP_ANONYMOUS') || isZero)
      return Object.assign(objects.create('object', 'shared mapping'), { made: { t: call.t, by: process } })
    const entry = descriptor && tables.file(process, descriptor)
    if (!entry) return undefined
    if (entry.thing.kind !== 'file') return entry.thing
    entry.thing = protection.includes('PROT_WRITE')
      ? objects.shared(entry.thing)
      : objects.mapped(entry.thing)
    return entry.thing
  }

  /** The object at an address. Undefined for memory that only one process has. */
  function at(process: Process, word: string): { thing: Thing; place: string } | undefined {
    const address = Number(word)
    const found = spaces.get(process)?.find(({ from, to }) => from <= address && address < to)
    return found && { thing: found.thing, place: `${found.offset + address - found.from}` }
  }

  return {
    at,
    map(call: Call, process: Process): void {
      const { name, args, result = 0 } = call
      const [first = '', second = '', third = ''] = args
      switch (name) {
        case 'mmap':
        case 'mmap2': {
          const thing = shared(args, call, process)
          const offset = Number(args[5]) * (name === 'mmap2' ? 4096 : 1)
          if (thing) add(process, result, Number(second), thing, offset || 0)
          else if (third !== '' && args[3]?.includes('MAP_FIXED')) remove(process, result, Number(second))
          return
        }
        case 'munmap':
          remove(process, Number(first), Number(second))
          return
        case 'mremap': {
          const old = spaceOf(process).find(({ from, to }) => from <= Number(first) && Number(first) < to)
          if (!old) return
          remove(process, Number(first), Number(second))
          add(process, result, Number(third), old.thing, old.offset + Number(first) - old.from)
          return
        }
        case 'shmat': {
          const thing = objects.system('shm', first)
          if (thing) add(process, result, thing.size ?? 4096, thing, 0)
          return
        }
        case 'shmdt': {
          const { from, to } = spaceOf(process).find((each) => each.from === Number(first)) ?? {
            from: 0,
            to: 0,
          }
          remove(process, from, to - from)
        }
      }
    },

    /** The child has what its parent has mapped. */
    fork(parent: Process, child: Process): void {
      const space = spaceOf(parent)
      if (space.length > 0)
        spaces.set(
          child,
          space.map((each) => ({ ...each, isInherited: true })),
        )
    },

    /** execve(2) unmaps everything. */
    execute: (process: Process) => void spaces.delete(process),

    /** The process exits, or the trace ends: it had all the time what it inherited. */
    settle(process: Process): void {
      for (const { thing, isInherited } of spaceOf(process))
        if (isInherited) objects.used(thing, process, 'read', 0, 0)
    },

    /** A futex in shared memory. Those of the threads of one process are left out. */
    futex(call: Call, process: Process, block?: Block): void {
      const [address = '', operation = '', , , second = ''] = call.args
      if (operation.includes('PRIVATE')) return
      const isWake = /WAKE|REQUEUE|UNLOCK_PI/.test(operation)
      for (const word of /WAKE_OP|REQUEUE/.test(operation) ? [address, second] : [address]) {
        const found = at(process, word)
        if (!found) continue
        objects.used(found.thing, process, isWake ? 'write' : 'read', 0)
        const { thing, place } = found
        if (isWake && call.result !== 0) wakers.woke(thing, place, process, call.t)
        if (!isWake && block) wakers.waited(thing, place, block)
      }
    },
  }
}

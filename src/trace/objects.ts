/** The objects by which processes communicate: how each is called, and who made, uses and removed it. */
import type { ObjectKind } from '../events.js'
import type { Descriptor } from './descriptor.js'
import type { Call } from './line.js'
import type { Lock } from './locks.js'
import type { Process } from './model.js'
import { unquoted } from './scan.js'
import { createSockets, keyOf } from './sockets.js'

export interface Thing {
  kind: ObjectKind
  /** Path, name, number or address. */
  id: string
  /** How reports call it: `pipe 1`, `TCP 127.0.0.1:80 (2)`. */
  label: string
  /** Missing where it was there before, or may have been. */
  made?: { t: number; by: Process }
  removed?: { t: number; by: Process }
  /** Made with IPC_PRIVATE: other programs cannot find it by a key. */
  isPrivate?: true
  users: Map<Process, Use>
  /** The size of a segment in bytes, where a call contains it. */
  size?: number
  /** Of a file: the locks that are held. */
  locks?: Lock[]
}

export interface Use {
  read: Amount
  write: Amount
}

interface Amount {
  calls: number
  bytes: number
}

/** Whether processes use it in their memory, where strace sees nothing, or it is a file, which is there to be read at any time. */
export function isMapped({ kind }: Thing): boolean {
  return kind === 'segment' || kind === 'object' || kind === 'semaphore' || kind === 'file'
}

/** Further objects are not followed. */
const mostThings = 50_000

export type Objects = ReturnType<typeof createObjects>
export type Registry = ReturnType<typeof createRegistry>

/** All objects of a run, by what identifies them at the moment: a path, an id, the inode number of a pipe. */
function createRegistry() {
  const all: Thing[] = []
  const known = new Map<string, Thing>()
  const counts = new Map<string, number>()

  /** The number of an object without a name. The first of those that share a name needs none. */
  function numbered(name: string, id?: string): string {
    const count = (counts.get(`${name} ${id}`) ?? 0) + 1
    counts.set(`${name} ${id}`, count)
    return id === undefined ? `${count}` : count === 1 ? id : `${id} (${count})`
  }

  function create(kind: ObjectKind, name: string, id = numbered(name)): Thing {
    const thing = newThing(kind, name, id)
    if (all.length < mostThings) all.push(thing)
    return thing
  }

  return {
    all,
    known,
    numbered,
    /** An object of which only descriptors tell. */
    create,
    find(key: string, kind: ObjectKind, name: string, idOf: () => string): Thing | undefined {
      const found = known.get(key)
      if (found || known.size >= mostThings) return found
      const thing = create(kind, name, idOf())
      known.set(key, thing)
      return thing
    },
  }
}

function newThing(kind: ObjectKind, name: string, id: string): Thing {
  return { kind, id, label: `${name} ${id}`, users: new Map() }
}

/** @param isFifo whether there is a FIFO at a path, as far as this can be seen; asked once for each path */
export function createObjects(isFifo: (path: string) => boolean = () => false) {
  const registry = createRegistry()
  const { all, known, numbered, create, find } = registry
  const sockets = createSockets(registry)
  /** The last one that had a name which was removed: it may still be open. */
  const unlinked = new Map<string, Thing>()
  const fifos = new Map<string, boolean>()
  const mapped = new Map<string, Thing>()

  function atPath({ path, deleted, device }: Descriptor & { kind: 'path' }, before?: Thing) {
    if (path.startsWith('/memfd:')) return before?.kind === 'object' ? before : undefined
    if (deleted) return before?.id === path ? before : unlinked.get(path.replace(/ \(deleted\)$/, ''))
    const isSame = before?.kind === 'file' && before.id === path && device === undefined
    return known.get(`path ${path}`) ?? newAtPath(path) ?? (isSame ? before : undefined)
  }

  function newAtPath(path: string): Thing | undefined {
    const name = path.startsWith('/dev/shm/') ? path.slice('/dev/shm/'.length) : undefined
    if (name?.startsWith('sem.'))
      return find(`path ${path}`, 'semaphore', 'semaphore', () => `/${name.slice(4)}`)
    if (name !== undefined) return find(`path ${path}`, 'object', 'shared memory', () => `/${name}`)
    let answer = fifos.get(path)
    if (answer === undefined) {
      answer = isFifo(path)
      if (fifos.size < mostThings) fifos.set(path, answer)
    }
    return answer ? find(`path ${path}`, 'fifo', 'FIFO', () => path) : undefined
  }

  return {
    all: () => all,
    known,
    find,
    create,
    numbered,
    sockets,

    /**
     * The object behind a descriptor. Undefined where processes do not communicate by it.
     *
     * @param before what the descriptor stood for, as far as it is known: strace does not tell eventfds apart
     */
    of(descriptor: Descriptor, before?: Thing): Thing | undefined {
      switch (descriptor.kind) {
        case 'pipe':
          return find(`pipe ${descriptor.inode}`, 'pipe', 'pipe', () => numbered('pipe'))
        case 'path':
          return atPath(descriptor, before)
        case 'socket':
          return sockets.of(descriptor)
        case 'anonymous':
          return before?.kind === 'eventfd' && descriptor.name.startsWith('eventfd') ? before : undefined
        default:
          return undefined
      }
    },

    /** A regular file that a process opens. A report has it only when a process locks it, or maps it for writing. */
    file: (path: string) => known.get(`path ${path}`) ?? mapped.get(path) ?? newThing('file', 'file', path),

    /** Such a file that a process maps for reading: always the same object for a path. */
    mapped(file: Thing): Thing {
      const found = known.get(`path ${file.id}`) ?? mapped.get(file.id)
      if (!found && mapped.size < mostThings) mapped.set(file.id, file)
      return found ?? file
    },

    /** Such a file that belongs to the report: always the same object for a path. */
    shared(file: Thing): Thing {
      const found = known.get(`path ${file.id}`)
      if (found) return found
      const one = mapped.get(file.id) ?? file
      known.set(`path ${file.id}`, one)
      all.push(one)
      return one
    },

    used(thing: Thing, process: Process, side: keyof Use, bytes: number, calls = 1): void {
      const use = thing.users.get(process) ?? { read: { calls: 0, bytes: 0 }, write: { calls: 0, bytes: 0 } }
      thing.users.set(process, use)
      use[side].calls += calls
      use[side].bytes += bytes
    },

    /** A new FIFO. */
    makeFifo(path: string): Thing | undefined {
      fifos.set(path, true)
      known.delete(`path ${path}`)
      return newAtPath(path)
    },

    /** @returns the object, where this was its last name */
    unlink(path: string): Thing | undefined {
      const thing = known.get(`path ${path}`)
      known.delete(`path ${path}`)
      fifos.delete(path)
      if (!thing) return undefined
      unlinked.set(path, thing)
      return [...known.values()].includes(thing) ? undefined : thing
    },

    /** A new object may have the inode number of an old one. */
    forget(descriptor: Descriptor): void {
      if (descriptor.kind === 'pipe') known.delete(`pipe ${descriptor.inode}`)
      if (descriptor.kind === 'socket') known.delete(keyOf(descriptor))
    },

    /** A System V object, by its id. @param key only where the call gets the object by its key: the id may be of a new one */
    system(kind: string, id: string, key?: string): Thing | undefined {
      const name = `${kind} ${id}`
      if (key === undefined && !known.has(name) && unlinked.has(name)) return unlinked.get(name)
      const { kind: type, title } = systemKind(kind)
      const isKeyed = key !== undefined && key !== 'IPC_PRIVATE'
      return find(name, type, title, () => (isKeyed ? `${id} (key ${Number(key)})` : id))
    },

    /** The last one that had this name. */
    last: (name: string) => unlinked.get(name),

    /** It has no name any more, but may still be in use. */
    removed(name: string): void {
      const thing = known.get(name)
      if (thing) unlinked.set(name, thing)
      known.delete(name)
    },
  }
}

/**
 * The System V object of a call, and its name in a sentence.
 *
 * @param call such as `shmget`, or its first three letters
 */
export function systemKind(call: string): { kind: ObjectKind; title: string } {
  if (call.startsWith('shm')) return { kind: 'segment', title: 'segment' }
  return call.startsWith('sem')
    ? { kind: 'semaphore', title: 'semaphore set' }
    : { kind: 'queue', title: 'queue' }
}

/** The path that a call names, absolute where its folder is known. */
export function pathOf({ args }: Pick<Call, 'args'>, process: Process): string {
  const at = args.findIndex((word) => word.startsWith('"'))
  const path = unquoted(args[at] ?? '')
  if (path.startsWith('/')) return path
  const [, folder = process.folder] = /^(?:AT_FDCWD|\d+)<(\/.*)>$/.exec(args[at - 1] ?? '') ?? []
  return folder === undefined ? path : `${folder === '/' ? '' : folder}/${path.replace(/^\.\//, '')}`
}

/** The objects by which processes communicate: who made, used and removed each. */
import type { ObjectKind } from '../events.js'
import type { createConversation } from './conversation.js'
import { type Descriptor, descriptorIn } from './descriptor.js'
import type { Call } from './line.js'
import type { Process } from './model.js'
import { unquoted } from './scan.js'

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
}

export interface Use {
  read: Amount
  write: Amount
}

interface Amount {
  calls: number
  bytes: number
}

/** Whether processes use it in their memory, where strace sees nothing. */
export function isMapped({ kind }: Thing): boolean {
  return kind === 'segment' || kind === 'object' || kind === 'semaphore'
}

/** Further objects are not followed. */
export const mostThings = 50_000

/** @param isFifo whether there is a FIFO at a path, as far as this can be seen; asked once for each path */
export function createObjects(isFifo: (path: string) => boolean = () => false) {
  const all: Thing[] = []
  const known = new Map<string, Thing>()
  const counts = new Map<string, number>()
  const fifos = new Map<string, boolean>()
  const listeners = new Set<string>()

  /** The number of an object without a name. The first of those that share a name needs none. */
  function numbered(name: string, id?: string): string {
    const count = (counts.get(`${name} ${id}`) ?? 0) + 1
    counts.set(`${name} ${id}`, count)
    return id === undefined ? `${count}` : count === 1 ? id : `${id} (${count})`
  }

  function find(key: string, kind: ObjectKind, name: string, idOf: () => string): Thing | undefined {
    const found = known.get(key)
    if (found || known.size >= mostThings) return found
    const id = idOf()
    const thing: Thing = { kind, id, label: `${name} ${id}`, users: new Map() }
    known.set(key, thing)
    all.push(thing)
    return thing
  }

  function keyOf(descriptor: Descriptor): string {
    if (descriptor.kind === 'pipe') return `pipe ${descriptor.inode}`
    if (descriptor.kind === 'path') return `path ${descriptor.path}`
    if (descriptor.kind !== 'socket') return ''
    const { protocol, local, peer } = descriptor
    return `${protocol} ${[local, peer].filter((end) => end !== undefined).sort()}`
  }

  /** The object behind a descriptor. Undefined where processes do not communicate by it. */
  function of(descriptor: Descriptor): Thing | undefined {
    const key = keyOf(descriptor)
    switch (descriptor.kind) {
      case 'pipe':
        return find(key, 'pipe', 'pipe', () => numbered('pipe'))
      case 'path':
        return known.get(key) ?? atPath(descriptor.path)
      case 'socket':
        return known.get(key) ?? socket(descriptor, key)
      default:
        return undefined
    }
  }

  function atPath(path: string): Thing | undefined {
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

  function socket({ protocol, local, peer, path }: Descriptor & { kind: 'socket' }, key: string) {
    const isUnix = protocol.startsWith('UNIX')
    const name = isUnix ? 'Unix socket' : protocol
    if (peer !== undefined) {
      // The server has the address that a program knows before.
      const server = isUnix ? path : listeners.has(`${protocol} ${local}`) ? local : peer
      return find(key, 'socket', name, () => numbered(name, server))
    }
    // Not connected: the inode number of a datagram socket, or an address at which it listens.
    const isListener = isUnix ? path !== undefined : local.includes(':')
    if (isListener) return find(key, 'socket', name, () => `${path ?? local} (listens)`)
    return /UDP|DGRAM/.test(protocol) ? find(key, 'socket', name, () => numbered(name)) : undefined
  }

  function used(thing: Thing, process: Process, side: keyof Use, bytes: number): void {
    const use = thing.users.get(process) ?? { read: { calls: 0, bytes: 0 }, write: { calls: 0, bytes: 0 } }
    thing.users.set(process, use)
    use[side].calls++
    use[side].bytes += bytes
  }

  /** A call that names an object by its path, key or id. */
  function act(call: Call, process: Process, conversation: ReturnType<typeof createConversation>): void {
    const { name, args, t } = call
    const now = { t, by: process }
    const [first = '', second = ''] = args
    switch (name) {
      case 'mknod':
      case 'mknodat': {
        if (!args.some((word) => word.startsWith('S_IFIFO'))) return
        const path = pathOf(call, process)
        fifos.set(path, true)
        known.delete(`path ${path}`)
        const thing = atPath(path)
        if (thing) thing.made = now
        return
      }
      case 'unlink':
      case 'unlinkat': {
        const key = `path ${pathOf(call, process)}`
        const thing = known.get(key)
        known.delete(key)
        // It may have another name.
        if (thing && ![...known.values()].includes(thing)) thing.removed = now
        fifos.delete(key.slice(5))
        return
      }
      case 'link':
      case 'linkat': {
        // sem_open(3) makes a semaphore under another name first.
        const thing = known.get(`path ${pathOf(call, process)}`)
        const to = unquoted(args.findLast((word) => word.startsWith('"')) ?? '')
        if (thing?.kind !== 'semaphore' || !to.startsWith('/dev/shm/sem.')) return
        known.set(`path ${to}`, thing)
        thing.id = `/${to.slice(13)}`
        thing.label = `semaphore ${thing.id}`
        thing.made = now
        return
      }
      case 'listen': {
        const descriptor = descriptorIn(first)
        if (descriptor?.kind !== 'socket') return
        listeners.add(`${descriptor.protocol} ${descriptor.local}`)
        const thing = of(descriptor)
        if (thing) thing.made ??= now
        return
      }
      case 'mq_open':
      case 'mq_unlink': {
        const path = `/${unquoted(first)}`
        const thing = find(`mq:${path}`, 'queue', 'queue', () => path)
        if (!thing) return
        if (name === 'mq_unlink') {
          thing.removed = now
          known.delete(`mq:${path}`)
        } else if (second.includes('O_CREAT') && second.includes('O_EXCL')) thing.made = now
        return
      }
      case 'mq_timedsend':
      case 'mq_timedreceive': {
        const thing = named(call)
        const priority = (args[3] ?? '').replace(/[[\]]/g, '')
        if (thing) pass(thing, name.endsWith('send') ? 'write' : 'read', priority, call.result ?? 0)
        return
      }
      case 'msgsnd':
      case 'msgrcv': {
        const thing = named(call)
        const [, type = ''] = /mtype=(-?\d+)/.exec(second) ?? []
        if (thing) pass(thing, name === 'msgsnd' ? 'write' : 'read', type, call.result ?? 0)
        return
      }
      case 'semop':
      case 'semtimedop': {
        const thing = named(call)
        if (thing) used(thing, process, 'write', 0)
        return
      }
      case 'shmat': {
        const thing = system('shm', first)
        if (thing) used(thing, process, 'read', 0)
        return
      }
      case 'shmctl':
      case 'msgctl':
      case 'semctl': {
        const kind = name.slice(0, 3)
        const thing = args.some((word) => word.includes('IPC_RMID')) ? system(kind, first) : undefined
        if (thing) thing.removed = now
        if (thing) known.delete(`${kind} ${first}`)
        return
      }
      default: {
        // shmget, msgget, semget
        const thing = system(name.slice(0, 3), String(call.result), first)
        const flags = args.at(-1) ?? ''
        const isNew = first === 'IPC_PRIVATE' || (flags.includes('IPC_CREAT') && flags.includes('IPC_EXCL'))
        if (thing && isNew) thing.made ??= now
        if (thing && first === 'IPC_PRIVATE') thing.isPrivate = true
      }
    }

    /** A message that is received whole, or not at all: the first one of its type or priority. */
    function pass(thing: Thing, side: keyof Use, type: string, received: number): void {
      const bytes = side === 'read' ? received : Number(args[2])
      used(thing, process, side, bytes)
      const [, text = ''] = /("(?:[^"\\]|\\.)*")/.exec(second) ?? []
      const at = side === 'write' ? t : t + call.took
      conversation[side](thing, type, { by: process, t: at, bytes: 1, size: bytes, text })
    }
  }

  /** The queue or the semaphore set with which a call sends, receives or waits. */
  function named({ name, args: [first = ''] }: Pick<Call, 'name' | 'args'>): Thing | undefined {
    if (name.startsWith('mq_timed')) {
      const descriptor = descriptorIn(first)
      const path = descriptor?.kind === 'path' ? descriptor.path : ''
      return find(`mq:${path}`, 'queue', 'queue', () => path)
    }
    const kind = /^(?:msg|sem)(?=snd|rcv|op|timedop)/.exec(name)?.[0]
    return kind === undefined ? undefined : system(kind, first)
  }

  /** A System V object, by its id. */
  function system(kind: string, id: string, key?: string): Thing | undefined {
    const [type, name] = systemKinds[kind] ?? ['queue' as const, kind]
    const isKeyed = key !== undefined && key !== 'IPC_PRIVATE'
    return find(`${kind} ${id}`, type, name, () => (isKeyed ? `${id} (key ${Number(key)})` : id))
  }

  return {
    of,
    used,
    act,
    named,
    all: () => all,
    /** A new object may have the number of an old one. */
    forget: (descriptor: Descriptor) => void known.delete(keyOf(descriptor)),
    /** Names the stream of bytes that a descriptor reads from, or writes to. Undefined where there is none. */
    streamOf(descriptor: Descriptor, side: keyof Use): string | undefined {
      if (descriptor.kind !== 'socket') return ''
      const { local, peer } = descriptor
      if (peer === undefined) return undefined
      return side === 'write' ? `${local}>${peer}` : `${peer}>${local}`
    },
  }
}

const systemKinds: Record<string, [ObjectKind, string]> = {
  shm: ['segment', 'segment'],
  msg: ['queue', 'queue'],
  sem: ['semaphore', 'semaphore set'],
}

/** The path that a call names, absolute where its folder is known. */
export function pathOf({ args }: Pick<Call, 'args'>, process: Process): string {
  const at = args.findIndex((word) => word.startsWith('"'))
  const path = unquoted(args[at] ?? '')
  if (path.startsWith('/')) return path
  const [, folder = process.folder] = /^(?:AT_FDCWD|\d+)<(\/.*)>$/.exec(args[at - 1] ?? '') ?? []
  return folder === undefined ? path : `${folder === '/' ? '' : folder}/${path.replace(/^\.\//, '')}`
}

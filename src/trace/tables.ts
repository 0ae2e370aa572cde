/** The descriptor tables of the processes: which call puts what into them, and what it takes out. */
import { type Descriptor, descriptorIn, descriptorsIn } from './descriptor.js'
import { type Does, rightsIn } from './effects.js'
import type { Call } from './line.js'
import type { Held, Process } from './model.js'
import { isMapped, type Objects, type Thing } from './objects.js'

export type Tables = ReturnType<typeof createTables>

/** At most so many descriptors are remembered that were sent, and have not been received. */
const mostSent = 100

/** @param onDrop a process has no longer an entry, because of a close, an exec or its exit */
export function createTables(objects: Objects, onDrop: (held: Held, process: Process, t: number) => void) {
  /** The entries that messages take along. */
  const sent: Held[] = []

  /** The entry of a descriptor that a call names. Undefined where processes do not communicate by it. */
  function held(process: Process, descriptor: Descriptor, side?: Held['end']): Held | undefined {
    const known = process.table.get(descriptor.fd)
    const thing = objects.of(descriptor, known?.thing)
    if (!thing) {
      // The number may have stood for an object before.
      process.table.delete(descriptor.fd)
      return undefined
    }
    const end = thing.kind === 'pipe' || thing.kind === 'fifo' ? side : undefined
    if (known?.thing === thing) {
      if (end) known.end ??= end
      return known
    }
    // It was inherited from outside the trace, or a call that was not traced has made it.
    return put(process, descriptor.fd, thing, {
      ...(end && { end }),
      ...(known && { closesOnExec: known.closesOnExec }),
    })
  }

  function put(process: Process, fd: number, thing: Thing, about: Partial<Held> = {}): Held {
    const entry: Held = { closesOnExec: false, description: {}, ...about, thing }
    process.table.set(fd, entry)
    return entry
  }

  function drop(process: Process, fd: number, t: number): void {
    const entry = process.table.get(fd)
    if (!entry) return
    process.table.delete(fd)
    onDrop(entry, process, t)
  }

  /** What a new descriptor stands for: an object, or a file. */
  function opened(descriptor: Descriptor, call: Call, process: Process): Thing | undefined {
    const thing = objects.of(descriptor)
    if (thing) return thing
    const made = { t: call.t, by: process }
    if (call.name.startsWith('eventfd')) return Object.assign(objects.create('eventfd', 'eventfd'), { made })
    if (descriptor.kind !== 'path' || descriptor.device !== undefined) return undefined
    if (call.name !== 'memfd_create') return objects.file(descriptor.path)
    const name = descriptor.path.slice(1)
    return Object.assign(objects.create('object', 'shared memory', objects.numbered('memfd', name)), { made })
  }

  return {
    held,

    /** The FIFO that open(2) has opened, if it is one. */
    fifo(descriptor: Descriptor): Thing | undefined {
      const thing = objects.of(descriptor)
      return thing?.kind === 'fifo' ? thing : undefined
    },

    /** The entry of a file too, whether or not the log has its open(2). Undefined for a device. */
    file(process: Process, descriptor: Descriptor): Held | undefined {
      const entry = held(process, descriptor)
      if (entry || descriptor.kind !== 'path' || descriptor.device !== undefined) return entry
      return put(process, descriptor.fd, objects.file(descriptor.path))
    },

    close({ from, to, marks }: Does<'close'>, { t }: Call, process: Process): void {
      for (const [fd, entry] of from === to ? [] : process.table) {
        if (fd < from || fd > to) continue
        if (marks) entry.closesOnExec = true
        else drop(process, fd, t)
      }
      if (from === to) drop(process, from, t)
    },

    pair({ at, isPipe, closesOnExec }: Does<'pair'>, call: Call, process: Process): void {
      const [one, other] = descriptorsIn(call.args[at] ?? '')
      if (!one || !other) return
      objects.forget(one)
      const keepsBorders = /SOCK_(?:DGRAM|SEQPACKET)/.test(call.args[1] ?? '')
      for (const each of [one, other]) if (each.kind === 'socket') objects.sockets.made(each, keepsBorders)
      for (const [each, end] of [[one, 'read'] as const, [other, 'write'] as const]) {
        const thing = objects.of(each)
        if (!thing) continue
        thing.made ??= { t: call.t, by: process }
        put(process, each.fd, thing, { closesOnExec, ...(isPipe && { end }) })
      }
    },

    open({ copies, end, closesOnExec }: Does<'open'>, call: Call, process: Process): void {
      const descriptor = descriptorIn(`${call.result}${call.more}`)
      if (!descriptor) return
      if (descriptor.kind === 'socket') {
        const listener = descriptorIn(call.args[0] ?? '')
        const isListener = listener?.kind === 'socket' && objects.sockets.isPacket(listener)
        objects.sockets.made(descriptor, isListener || /SOCK_(?:DGRAM|SEQPACKET)/.test(call.args[1] ?? ''))
      }
      const source = copies ? descriptorIn(call.args[0] ?? '') : undefined
      // dup2(2) of a descriptor to itself changes nothing.
      if (source?.fd === descriptor.fd) return
      const from = source && held(process, source)
      drop(process, descriptor.fd, call.t)
      const thing = from?.thing ?? opened(descriptor, call, process)
      if (!thing) return
      const ofEnd = from?.end ?? end
      put(process, descriptor.fd, thing, {
        closesOnExec,
        ...(from && { description: from.description }),
        ...(ofEnd && { end: ofEnd }),
      })
      if (isMapped(thing) && thing.kind !== 'file') objects.used(thing, process, 'read', 0)
    },

    flag({ closesOnExec }: Does<'flag'>, call: Call, process: Process): void {
      const descriptor = descriptorIn(call.args[0] ?? '')
      const entry = descriptor && held(process, descriptor)
      if (entry) entry.closesOnExec = closesOnExec
    },

    /** Descriptors that a message takes along: each open file description gets another holder. */
    send(call: Call, process: Process): void {
      for (const each of descriptorsIn(rightsIn(call))) {
        const entry = held(process, each)
        if (entry) sent.push(entry)
        if (sent.length > mostSent) sent.shift()
      }
    },

    receive(call: Call, process: Process): void {
      const closesOnExec = call.args.some((word) => word.includes('MSG_CMSG_CLOEXEC'))
      for (const each of descriptorsIn(rightsIn(call))) {
        drop(process, each.fd, call.t)
        const possible = sent.filter(({ thing }) => objects.of(each, thing) === thing)
        const [entry] = possible
        // strace does not tell eventfds apart.
        const isOne = possible.every(({ thing }) => thing === entry?.thing)
        const thing = objects.of(each, isOne ? entry?.thing : undefined)
        if (thing) put(process, each.fd, thing, { ...(isOne && entry), closesOnExec })
        if (isOne && entry) sent.splice(sent.indexOf(entry), 1)
      }
    },

    /** execve(2) closes what has the flag. */
    execute(process: Process, t: number): void {
      // A table that was shared is the process's own from now on.
      process.table = new Map(process.table)
      for (const [fd, { closesOnExec }] of process.table) if (closesOnExec) drop(process, fd, t)
    },

    exit(process: Process, t: number): void {
      const entries = [...process.table.values()]
      process.table = new Map()
      for (const entry of entries) onDrop(entry, process, t)
    },
  }
}

/** Where processes wait for each other: at a FIFO that has one end open, at a listening socket, at a semaphore. */
import { descriptorIn } from './descriptor.js'
import type { Call } from './line.js'
import type { Block, Process } from './model.js'
import type { Named } from './named.js'
import type { Objects } from './objects.js'
import type { Wakers } from './wakers.js'

export function createMeetings(objects: Objects, named: Named, wakers: Wakers) {
  const { sockets } = objects
  return {
    /** A new descriptor: of a FIFO, whose other end a process may wait for, or of a connection. */
    opened(call: Call, process: Process, block?: Block): void {
      if (call.name.startsWith('accept')) {
        const listener = descriptorIn(call.args[0] ?? '')
        const thing = listener && objects.of(listener)
        if (thing && block) wakers.waited(thing, 'connection', block)
        return
      }
      const { thing, end } = process.table.get(call.result ?? -1) ?? {}
      if (thing?.kind !== 'fifo' || !call.name.startsWith('open')) return
      for (const side of ['read', 'write'] as const) {
        if (end === side || end === undefined) wakers.woke(thing, side, process, call.t)
        else if (block) wakers.waited(thing, side, block)
      }
    },

    /** bind(2), listen(2) and connect(2). */
    addressed(call: Call, process: Process): void {
      const { name, args, t } = call
      const [first = '', address = ''] = args
      const descriptor = descriptorIn(first)
      if (descriptor?.kind !== 'socket') return
      if (name === 'bind') sockets.bound(descriptor, address)
      const thing =
        name === 'listen'
          ? sockets.listens(descriptor)
          : name === 'connect'
            ? sockets.listener(address)
            : undefined
      if (name === 'listen' && thing) thing.made ??= { t, by: process }
      if (name === 'connect' && thing) wakers.woke(thing, 'connection', process, t)
    },

    /** semop(2): one that takes may wait for one that adds, and one that waits for zero for one that takes. */
    semaphore(call: Call, process: Process, block?: Block): void {
      const thing = named.of(call)
      if (!thing) return
      for (const [, number = '', sign = '', value = ''] of (call.args[1] ?? '').matchAll(
        /\{(?:sem_num=)?(\d+), (?:sem_op=)?(-?)(\d+)/g,
      )) {
        const isZero = value === '0'
        if (!isZero) wakers.woke(thing, `${number} ${sign}`, process, call.t)
        if (block && (isZero || sign === '-')) wakers.waited(thing, `${number} ${isZero ? '-' : ''}`, block)
      }
    },
  }
}

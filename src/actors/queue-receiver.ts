/** Receives messages in rounds, from a queue of any capacity, with blocking or nonblocking calls. */
import { now } from '../events.js'
import { openQueue } from '../ipc/posix-mq.js'
import { openRendezvousReceiver } from '../ipc/rendezvous.js'
import { openUnboundedReceiver } from '../ipc/unbounded.js'
import { type QueueWord, queueSide, type Round, type Side } from './lib/queue-round.js'
import { runActor } from './lib/runtime.js'

declare module '../actor-types.js' {
  interface Actors {
    'queue-receiver': { config: null; word: QueueWord; runsAs: 'process' }
  }
}

runActor<'queue-receiver'>(queueSide('received', openSide))

function openSide({ place, blocking }: Round): Side {
  const passWith = (receive: (arrived: () => void) => Buffer) => () => {
    let at: number | undefined
    const message = receive(() => {
      at = now()
    })
    // A long message has a NUL after its text, and then only padding.
    const end = message.includes(0) ? message.indexOf(0) : message.length
    const text = message.toString('utf8', 0, end)
    return { bytes: message.length, text, ...(at !== undefined && { at }) }
  }
  if (place.kind === 'unbounded') {
    const { capacity, depth, receive, close } = openUnboundedReceiver(place, blocking)
    return {
      call: 'read',
      object: 'the FIFO',
      isReady: () => depth() >= place.bytes,
      depth: { look: depth, capacity: capacity(), unit: 'bytes', source: 'ioctl FIONREAD' },
      pass: passWith(receive),
      close,
    }
  }
  if (place.kind === 'rendezvous') {
    const { offered, receive, close } = openRendezvousReceiver(place, blocking)
    return {
      call: 'receive',
      object: 'rendezvous',
      isReady: offered,
      pass: passWith(receive),
      close,
    }
  }
  const queue = openQueue(place.queue, 'read', { nonblocking: !blocking })
  const { capacity } = queue.attributes()
  const depth = () => queue.attributes().depth
  return {
    call: 'mq_receive',
    object: `queue of ${capacity}`,
    isReady: () => depth() > 0,
    depth: { look: depth, capacity, unit: 'messages', source: 'mq_getattr' },
    pass: passWith(() => queue.receive().message),
    close: () => queue.close(),
  }
}

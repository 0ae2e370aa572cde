/** Receives messages in rounds, from a queue of any capacity, with blocking or nonblocking calls. */
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
  const passWith = (receive: () => Buffer) => () => {
    const message = receive()
    // A long message has a NUL after its text, and then only padding.
    const end = message.includes(0) ? message.indexOf(0) : message.length
    return { bytes: message.length, text: message.toString('utf8', 0, end) }
  }
  if (place.kind === 'unbounded') {
    const { capacity, depth, receive, close } = openUnboundedReceiver(place, blocking)
    return {
      call: 'read',
      object: 'the FIFO',
      wouldWait: () => blocking && depth() < place.bytes,
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
      wouldWait: () => blocking && !offered(),
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
    wouldWait: () => blocking && depth() === 0,
    depth: { look: depth, capacity, unit: 'messages', source: 'mq_getattr' },
    pass: passWith(() => queue.receive().message),
    close: () => queue.close(),
  }
}

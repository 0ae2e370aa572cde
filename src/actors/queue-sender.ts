/** Sends messages in rounds, to a queue of any capacity, with blocking or nonblocking calls. */
import { openQueue } from '../ipc/posix-mq.js'
import { openRendezvousSender } from '../ipc/rendezvous.js'
import { openUnboundedSender } from '../ipc/unbounded.js'
import { type QueueWord, queueSide, type Round, type Side } from './lib/queue-round.js'
import { runActor } from './lib/runtime.js'

declare module '../actor-types.js' {
  interface Actors {
    'queue-sender': { config: null; word: QueueWord; runsAs: 'process' }
  }
}

runActor<'queue-sender'>(queueSide('sent', openSide))

function openSide({ place, blocking }: Round): Side {
  if (place.kind === 'unbounded') {
    const { depth, send, flushed, close } = openUnboundedSender(place)
    return {
      call: 'send',
      object: 'unbounded queue',
      isReady: () => true,
      next: (seq) => ({ bytes: place.bytes, text: textOf(seq) }),
      depth: { look: depth, unit: 'messages', source: 'the sender, and ioctl FIONREAD' },
      pass(seq) {
        // Written to, so that its pages are resident and the kernel counts them.
        const message = Buffer.alloc(place.bytes, '.')
        message.write(`${textOf(seq)}\0`)
        send(message)
        return { bytes: message.length, text: textOf(seq) }
      },
      async close() {
        await flushed()
        close()
      },
    }
  }
  const next = (seq: number) => ({ bytes: Buffer.byteLength(textOf(seq)), text: textOf(seq) })
  const passWith = (send: (message: Buffer) => void) => (seq: number) => {
    send(Buffer.from(textOf(seq)))
    return next(seq)
  }
  if (place.kind === 'rendezvous') {
    const { depth, send, close } = openRendezvousSender(place, blocking)
    return {
      call: 'send',
      object: 'rendezvous',
      isReady: () => false,
      depth: { look: depth, capacity: 0, unit: 'messages', source: 'mq_getattr' },
      next,
      pass: passWith(send),
      close,
    }
  }
  const queue = openQueue(place.queue, 'write', { nonblocking: !blocking })
  const { capacity } = queue.attributes()
  const depth = () => queue.attributes().depth
  return {
    call: 'mq_send',
    object: `queue of ${capacity}`,
    isReady: () => depth() < capacity,
    depth: { look: depth, capacity, unit: 'messages', source: 'mq_getattr' },
    next,
    pass: passWith((message) => queue.send(message)),
    close: () => queue.close(),
  }
}

function textOf(seq: number): string {
  return `Message ${seq}`
}

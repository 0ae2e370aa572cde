/**
 * A channel of capacity zero for one sender and one receiver: a message passes only while both are in their call, and none is
 * ever stored. No kernel object of Unix does that, so it is a protocol over three POSIX queues that hold one message each:
 *
 *     offer   the message, while its sender waits in `send`
 *     taken   what lets that sender go: the receiver has the message
 *     ready   a ticket, while a receiver waits in a blocking `receive`
 *
 * A blocking sender offers and waits until it is taken. A nonblocking one first takes the ticket without waiting. Is there none,
 * then nobody waits, and mq_receive(3) says EAGAIN. Has it the ticket, then the receiver cannot withdraw any more and takes
 * what is offered.
 *
 * A blocking receiver lays out a ticket and waits for an offer; before it says `taken` it takes the ticket back, unless the
 * sender used it, so that no ticket outlives its call. A nonblocking one takes what is offered without waiting: is there
 * nothing, then no sender waits, and mq_receive(3) says EAGAIN.
 *
 * So an offer is there only while its sender is in the call: nothing can be lost, and `taken` is said once for each. If neither
 * side waits, neither ever finds the other: both are refused for ever, as with two selects with a default in Go.
 */
import { SystemCallError } from '../errors.js'
import { openQueue } from './posix-mq.js'

export interface RendezvousNames {
  offer: string
  ready: string
  taken: string
}

/** What each of the three queues has room for: one message of this size, or one that is empty. */
export const rendezvousShape = { capacity: 1, messageSize: 256 }

const empty = Buffer.alloc(0)

/** @throws SystemCallError as `openQueue` */
export function openRendezvousSender(names: RendezvousNames, blocking: boolean) {
  const offer = openQueue(names.offer, 'write', { nonblocking: true })
  const ready = openQueue(names.ready, 'read', { nonblocking: true })
  const taken = openQueue(names.taken, 'read', { nonblocking: false })
  return {
    /** How many messages are stored while no sender is in its call. */
    depth: () => offer.attributes().depth,
    /**
     * Returns when the message has been taken.
     * @throws SystemCallError: EAGAIN when the sender is nonblocking and no receiver waits
     */
    send(message: Uint8Array): void {
      if (!blocking) ready.receive()
      offer.send(message)
      taken.receive()
    },
    close: () => [offer, ready, taken].forEach((queue) => void queue.close()),
  }
}

/** @throws SystemCallError as `openQueue` */
export function openRendezvousReceiver(names: RendezvousNames, blocking: boolean) {
  const offer = openQueue(names.offer, 'read', { nonblocking: !blocking })
  const ready = openQueue(names.ready, 'both', { nonblocking: true })
  const taken = openQueue(names.taken, 'write', { nonblocking: true })
  return {
    /** Whether a sender waits with a message. */
    offered: () => offer.attributes().depth > 0,
    /** @throws SystemCallError: EAGAIN when the receiver is nonblocking and no sender waits */
    receive(): Buffer {
      if (blocking) ready.send(empty)
      const { message } = offer.receive()
      if (blocking) takeBack(ready)
      taken.send(empty)
      return message
    },
    close: () => [offer, ready, taken].forEach((queue) => void queue.close()),
  }
}

/** The ticket is ours again; or a nonblocking sender has used it. */
function takeBack(ready: { receive(): unknown }): void {
  try {
    ready.receive()
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.errno !== 'EAGAIN') throw error
  }
}

/**
 * A channel of capacity 0 (a rendezvous) for one sender and one receiver: a message passes only while both are in their calls,
 * and none is ever stored. No kernel object of Unix works like that, so this is a protocol over three POSIX queues, which hold
 * one message each:
 *
 *     offer   the message, while its sender waits in `send`
 *     taken   an empty message that wakes that sender: the receiver has the message
 *     ready   an empty message, the ticket, while a receiver waits in a blocking `receive`
 *
 * A blocking sender puts its message into `offer` and waits for `taken`. A nonblocking sender first receives the ticket from
 * `ready`. Without a ticket no receiver is waiting, and mq_receive(3) fails with EAGAIN. With the ticket it can send: the
 * receiver cannot leave its call before it has received an offer.
 *
 * A blocking receiver puts a ticket into `ready` and waits for an offer. Before it sends `taken`, it takes the ticket back
 * unless the sender used it, so that no ticket outlives its call. A nonblocking receiver receives from `offer` without
 * waiting. Without an offer no sender is waiting, and mq_receive(3) fails with EAGAIN.
 *
 * So an offer exists only while its sender is in the call: no message can be lost, and each gets one `taken`. When both sides
 * are nonblocking, neither ever finds the other waiting, and both always get EAGAIN. Two Go `select`s with a `default` behave
 * in the same way.
 */
import { SystemCallError } from '../errors.js'
import { openQueue } from './posix-mq.js'

export interface RendezvousNames {
  offer: string
  ready: string
  taken: string
}

/** The attributes of each of the three queues. */
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
     * Returns when the receiver has the message.
     * @throws SystemCallError: EAGAIN when the sender is nonblocking and no receiver is waiting
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
    /**
     * @param arrived called when the message is here, before its sender is woken
     * @throws SystemCallError: EAGAIN when the receiver is nonblocking and no sender is waiting
     */
    receive(arrived = () => {}): Buffer {
      if (blocking) ready.send(empty)
      const { message } = offer.receive()
      arrived()
      if (blocking) takeBack(ready)
      taken.send(empty)
      return message
    },
    close: () => [offer, ready, taken].forEach((queue) => void queue.close()),
  }
}

/** Takes the ticket back, unless a nonblocking sender has used it. */
function takeBack(ready: { receive(): unknown }): void {
  try {
    ready.receive()
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.errno !== 'EAGAIN') throw error
  }
}

/** Creates the kernel objects of a channel of some capacity, for the sender and the receiver of this run. */
import { closeSync, constants, openSync } from 'node:fs'
import type { Round } from '../../actors/lib/queue-round.js'
import type { Queue } from '../../ipc/open-mq.js'
import { resizePipe } from '../../ipc/pipe-room.js'
import { rendezvousShape } from '../../ipc/rendezvous.js'
import type { Stage } from '../../run/stage.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { makePrivateQueue } from './posix-queue.js'

export type Capacity = number | 'unbounded'

export interface Channel {
  capacity: Capacity
  place: Round['place']
  /** How events name it. */
  name: string
  /** The POSIX queue of a bounded channel. */
  queue?: Queue
}

/** Bytes, more than enough for `Message 999`. */
const messageSize = 64

/** Of an unbounded channel: the bytes of a message, and the most bytes that may wait in the sender's memory. */
export interface UnboundedSize {
  bytes: number
  limit: number
}

/** The run removes the channel at its end. @throws SystemCallError as `makePrivateQueue`, or when mkfifo(3) fails */
export async function makeChannel(stage: Stage, capacity: Capacity, size: UnboundedSize): Promise<Channel> {
  if (capacity === 'unbounded') return makeUnbounded(stage, size)
  if (capacity === 0) {
    const make = (role: string) => makePrivateQueue(stage, rendezvousShape, role).name
    const queues = { offer: make('offer'), ready: make('ready'), taken: make('taken') }
    return { capacity, name: 'rendezvous', place: { kind: 'rendezvous', ...queues } }
  }
  const queue = makePrivateQueue(stage, { capacity, messageSize })
  return { capacity, name: queue.name, queue, place: { kind: 'bounded', queue: queue.name } }
}

async function makeUnbounded(stage: Stage, size: UnboundedSize): Promise<Channel> {
  const path = await makePrivateFifo(stage, 'queue')
  // While the supervisor has both ends open, neither side blocks in open(2).
  const held = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  stage.scope.defer(() => closeSync(held))
  try {
    resizePipe(held, size.bytes)
  } catch {
    // The limit for this user is lower (/proc/sys/fs/pipe-max-size): then a message passes through the pipe in pieces.
  }
  return { capacity: 'unbounded', name: path, place: { kind: 'unbounded', path, ...size } }
}

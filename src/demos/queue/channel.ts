/** Makes the kernel objects of a channel of some capacity, for a sender and a receiver of this run; they go with it. */
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
  /** Of a bounded channel: the queue that it is. */
  queue?: Queue
}

/** Room for `Message 999`. */
const messageSize = 64

/** Bytes of a message, and of all that may wait in the sender's memory, where the capacity is unbounded. */
export interface UnboundedSize {
  bytes: number
  limit: number
}

/** @throws SystemCallError as `makePrivateQueue`, and where no FIFO can be made */
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
  // Held open, so that neither side waits for the other to open it.
  const held = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  stage.scope.defer(() => closeSync(held))
  try {
    resizePipe(held, size.bytes)
  } catch {
    // This user may not have so large a pipe: then a message goes through it in pieces.
  }
  return { capacity: 'unbounded', name: path, place: { kind: 'unbounded', path, ...size } }
}

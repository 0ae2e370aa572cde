/** What `osdemo queue` says before and after a run, for every combination of its options. */
import type { Stage } from '../../run/stage.js'
import { counted, size } from '../../text.js'
import type { Capacity } from './channel.js'
import { type Way, wallOf } from './round.js'

export interface QueueOptions {
  capacity: Capacity
  send: Way
  receive: Way
  messages: number
  /** Pauses between two messages, in milliseconds. */
  sendEvery: number
  receiveEvery: number
  /** With an unbounded queue: the most bytes that may wait in the sender's memory. */
  limit: number
}

/** The faster side goes first. */
export function firstOf({ sendEvery, receiveEvery }: QueueOptions): 'sender' | 'receiver' {
  return sendEvery > receiveEvery ? 'receiver' : 'sender'
}

/** A rendezvous in which both sides are nonblocking: no message ever passes. */
function neverPasses({ capacity, send, receive }: QueueOptions): boolean {
  return capacity === 0 && send === 'nonblocking' && receive === 'nonblocking'
}

export function explain(stage: Stage, options: QueueOptions): void {
  const { capacity, limit } = options
  stage.note(`${ideaOf(capacity)} ${whatToWatch(options)}`, 'opening')
  if (capacity === 0)
    stage.note(
      'Unix has no such queue. osdemo builds it from three POSIX queues: offer, ready and taken.',
      'aside',
    )
  if (capacity === 'unbounded')
    stage.note(
      `Unix has no such queue. osdemo keeps up to ${size(limit)} of messages (--limit) in the sender.`,
      'aside',
    )
}

function ideaOf(capacity: Capacity): string {
  if (capacity === 0)
    return 'A queue of capacity 0 is a rendezvous: a message passes only while both sides are in their calls.'
  if (capacity === 'unbounded')
    return 'An unbounded queue never blocks its sender: the messages stay in memory.'
  return `A bounded queue holds at most ${counted(capacity, 'message')} in the kernel.`
}

function whatToWatch(options: QueueOptions): string {
  const { capacity, messages } = options
  if (neverPasses(options)) return 'Watch the calls of both sides fail with EAGAIN, since neither side waits.'
  const first = firstOf(options)
  const way = first === 'sender' ? options.send : options.receive
  const [other, state] = first === 'sender' ? ['receiver', 'full'] : ['sender', 'empty']
  const when = capacity === 0 ? `until the ${other} starts` : `when the queue is ${state}`
  switch (wallOf({ capacity, messages, first, way })) {
    case 'none':
      return 'Watch the sender finish before the receiver starts.'
    case 'held':
      return `Watch the ${first} block ${when}.`
    case 'refused':
      return `Watch the calls of the ${first} fail with EAGAIN ${when}.`
  }
}

export function conclude(stage: Stage, options: QueueOptions): void {
  stage.note(lessonOf(options), 'closing')
  const { capacity, send } = options
  const isBounded = capacity !== 0 && capacity !== 'unbounded'
  const [command, what] =
    isBounded && send === 'blocking'
      ? ['queue --send nonblocking', 'fails with EAGAIN instead of blocking']
      : neverPasses(options)
        ? ['queue --capacity 0', 'lets the sender and the receiver wait for each other']
        : ['queue matrix', 'shows all twelve combinations in a table']
  stage.note(`Next: \`osdemo ${command}\` ${what}.`, 'next')
}

function lessonOf(options: QueueOptions): string {
  if (neverPasses(options)) return 'Without a queue to store a message, one side has to wait for the other.'
  if (options.capacity === 0)
    return 'A rendezvous keeps both sides in step: a blocking send returns only after its message was received.'
  if (options.capacity === 'unbounded')
    return 'An unbounded queue hides a receiver that is too slow, until the memory is full.'
  return 'A bounded queue keeps the faster side from running ahead: its call blocks, or fails with EAGAIN.'
}

/** A sender and a receiver process share a queue. Each uses blocking or nonblocking calls. */
import { readStatus } from '../../proc/status.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted, size } from '../../text.js'
import { requireProc } from '../shared/require-proc.js'
import { type Capacity, makeChannel } from './channel.js'
import { claimOutcome } from './claim-outcome.js'
import { requireQueues, showQueue } from './posix-queue.js'
import { type Plan, playRound, type Way, wallOf } from './round.js'
import { showWall } from './show-wall.js'

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

/** Bytes of a message in an unbounded queue: so many that the sender visibly grows. */
const largeMessage = 2 ** 20

export function queueDemo(options: QueueOptions): Demo {
  return async (stage) => {
    const { capacity, messages, limit } = options
    explain(stage, options)
    requireProc('queue')
    requireQueues('queue')
    const channel = await makeChannel(stage, capacity, { bytes: largeMessage, limit })
    if (channel.queue) showQueue(stage, channel.queue, 'the new queue')
    const [sender, receiver] = await Promise.all([
      stage.start({ program: 'queue-sender', name: 'sender', config: null }),
      stage.start({ program: 'queue-receiver', name: 'receiver', config: null }),
    ])
    const plan: Plan = {
      channel,
      name: channel.name,
      messages,
      sender: { actor: sender, way: options.send, every: options.sendEvery },
      receiver: { actor: receiver, way: options.receive, every: options.receiveEvery },
      first: firstOf(options),
      detail: false,
    }
    let small: number | undefined
    const outcome = await playRound(stage, plan, {
      opened() {
        small = readStatus(sender.id)?.rss
      },
      async atWall(first) {
        await showWall(stage, plan, first)
        if (capacity === 'unbounded' && first === sender) showGrowth(stage, sender, small, messages)
        const second = first === sender ? 'receiver' : 'sender'
        stage.note(`Now the ${second} starts.`)
      },
    })
    claimOutcome(stage, plan, outcome)
    for (const actor of [sender, receiver]) actor.tell('end')
    await Promise.all([sender.ended, receiver.ended])
    conclude(stage, options)
  }
}

/** The faster side goes first. */
function firstOf({ sendEvery, receiveEvery }: QueueOptions): 'sender' | 'receiver' {
  return sendEvery > receiveEvery ? 'receiver' : 'sender'
}

function explain(stage: Stage, options: QueueOptions): void {
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
  const first = firstOf(options)
  const way = first === 'sender' ? options.send : options.receive
  const [other, state] = first === 'sender' ? ['receiver', 'full'] : ['sender', 'empty']
  const when = capacity === 0 ? `until the ${other} arrives` : `when the queue is ${state}`
  switch (wallOf({ capacity, messages, first, way })) {
    case 'none':
      return 'Watch the sender finish before the receiver starts.'
    case 'held':
      return `Watch the ${first} block ${when}.`
    case 'refused':
      return `Watch the calls of the ${first} fail with EAGAIN ${when}.`
  }
}

function conclude(stage: Stage, { capacity, send }: QueueOptions): void {
  const matrix = 'Next: `osdemo queue matrix` shows all twelve combinations in a table.'
  if (capacity === 0) {
    stage.note(
      'A rendezvous keeps both sides in step: a blocking send returns only after its message was received.',
      'closing',
    )
    stage.note(matrix, 'next')
  } else if (capacity === 'unbounded') {
    stage.note('An unbounded queue hides a receiver that is too slow, until the memory is full.', 'closing')
    stage.note(matrix, 'next')
  } else {
    stage.note(
      'A bounded queue keeps the faster side from running ahead: its call blocks, or fails with EAGAIN.',
      'closing',
    )
    stage.note(
      send === 'blocking'
        ? 'Next: `osdemo queue --send nonblocking` fails with EAGAIN instead of blocking.'
        : matrix,
      'next',
    )
  }
}

/** Shows that the waiting messages are in the sender's memory. */
function showGrowth(stage: Stage, sender: Actor, small: number | undefined, messages: number): void {
  const grown = readStatus(sender.id)?.rss
  if (small === undefined || grown === undefined) return
  const source = `/proc/${sender.id}/status`
  stage.evidence(source, `VmRSS: ${small / 1024} kB`, 'the sender with an empty queue', { data: small })
  stage.evidence(
    source,
    `VmRSS: ${grown / 1024} kB`,
    `with ${counted(messages, 'message')} of ${size(largeMessage)} in its queue`,
    { data: grown },
  )
  // With few messages the growth proves nothing: the pipe may hold one, and Node may free as much memory meanwhile.
  if (messages < 4) return
  stage.claim(
    'queue/unbounded-queue-lies-in-sender',
    `An unbounded queue is in its sender's memory: the sender grew by ${size(grown - small)}.`,
    grown - small > (messages * largeMessage) / 2,
  )
}

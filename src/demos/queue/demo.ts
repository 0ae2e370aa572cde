/** A sender and a receiver process share a channel; each uses blocking or nonblocking calls. */
import { readStatus } from '../../proc/status.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { requireProc } from '../shared/require-proc.js'
import { type Capacity, makeChannel } from './channel.js'
import { claimOutcome } from './claim-outcome.js'
import { requireQueues, showQueue } from './posix-queue.js'
import { type Plan, playRound, type Way } from './round.js'
import { showWall } from './show-wall.js'

export interface QueueOptions {
  capacity: Capacity
  send: Way
  receive: Way
  messages: number
  /** Pauses between two messages, in milliseconds. */
  sendEvery: number
  receiveEvery: number
  /** The most bytes that may wait in the sender's memory, where the capacity is unbounded. */
  limit: number
}

/** Bytes of a message where the capacity is unbounded: enough to be seen in the size of a process. */
const largeMessage = 2 ** 20

export function queueDemo(options: QueueOptions): Demo {
  return async (stage) => {
    const { capacity, messages, limit } = options
    requireProc('queue')
    requireQueues('queue')
    explain(stage, options)
    const channel = await makeChannel(stage, capacity, { bytes: largeMessage, limit })
    if (channel.queue) showQueue(stage, channel.queue, 'the queue, as it was made')
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
      first: options.sendEvery > options.receiveEvery ? 'receiver' : 'sender',
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
        stage.note(`now the ${second} comes`)
      },
    })
    claimOutcome(stage, plan, outcome)
    for (const actor of [sender, receiver]) actor.tell('end')
    await Promise.all([sender.ended, receiver.ended])
  }
}

function explain(stage: Stage, { capacity, limit }: QueueOptions): void {
  if (capacity === 0) {
    stage.note(
      'capacity zero: a message passes only while both are in their call; no queue of Unix does that, so it is a protocol ' +
        'over three POSIX queues: the sender offers, and waits until it is told that its message was taken',
      'opening',
    )
  } else if (capacity === 'unbounded') {
    stage.note(
      'unbounded: the kernel has no such queue; messages that the pipe does not take wait in the memory of the sender, ' +
        `up to --limit (${limit} bytes), and no send ever waits, blocking or not`,
      'opening',
    )
  } else {
    stage.note(
      `bounded: a POSIX message queue, which holds up to ${capacity} messages in the kernel`,
      'opening',
    )
  }
}

/** Shows that the messages lie in the memory of the sender. */
function showGrowth(stage: Stage, sender: Actor, small: number | undefined, messages: number): void {
  const grown = readStatus(sender.id)?.rss
  if (small === undefined || grown === undefined) return
  const source = `/proc/${sender.id}/status`
  stage.evidence(source, `VmRSS ${small / 1024} kB`, 'the size of the sender, before', { data: small })
  stage.evidence(
    source,
    `VmRSS ${grown / 1024} kB`,
    `with ${messages} messages of ${largeMessage / 1024} KiB in its queue`,
    { data: grown },
  )
  // With few messages the growth proves nothing: the pipe may hold one, and Node may free as much meanwhile.
  if (messages < 4) return
  stage.claim(
    'queue/unbounded-queue-lies-in-sender',
    'the queue lies in the memory of the sender, which has grown with it',
    grown - small > (messages * largeMessage) / 2,
  )
}

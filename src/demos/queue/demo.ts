/** A sender and a receiver process share a queue. Each uses blocking or nonblocking calls. */
import { readStatus } from '../../proc/status.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted, size } from '../../text.js'
import { requireProc } from '../shared/require-proc.js'
import { makeChannel } from './channel.js'
import { claimOutcome } from './claim-outcome.js'
import { conclude, explain, firstOf, type QueueOptions } from './explain.js'
import { requireQueues, showQueue } from './posix-queue.js'
import { type Outcome, type Plan, playRound } from './round.js'
import { showWall } from './show-wall.js'

/** Bytes of a message in an unbounded queue: so many that the sender visibly grows. */
const largeMessage = 2 ** 20

export function queueDemo(options: QueueOptions): Demo {
  return async (stage) => {
    const { capacity, messages, limit, sendEvery, receiveEvery } = options
    stage.allowPauses(Math.max(sendEvery, receiveEvery))
    requireProc('queue')
    requireQueues('queue')
    explain(stage, options)
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
    const outcome = await playRound(plan, {
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
    showRefills(stage, outcome)
    claimOutcome(stage, plan, outcome)
    for (const actor of [sender, receiver]) actor.tell('end')
    await Promise.all([sender.ended, receiver.ended])
    conclude(stage, options)
  }
}

/** Explains why a receive from a full queue may leave it full. */
function showRefills(stage: Stage, { receiver }: Outcome): void {
  const refills = receiver.messages.filter(
    ({ depth }) => depth?.unit === 'messages' && depth.capacity && depth.after === depth.capacity,
  )
  if (refills.length === 0) return
  stage.note(
    `After ${counted(refills.length, 'receive')} the queue was full again: the kernel stores the message of a blocked sender at once.`,
    'step',
    { refills: refills.length },
  )
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

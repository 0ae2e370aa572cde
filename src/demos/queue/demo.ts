/** A sender and a receiver process over a channel of one capacity, each of them waiting or not. */
import { readStat } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { duration } from '../../text.js'
import { seeWait } from '../shared/claim-waiting.js'
import { requireProc } from '../shared/require-proc.js'
import { type Capacity, makeChannel } from './channel.js'
import { requireQueues, showQueue } from './posix-queue.js'
import {
  allInOrder,
  allMet,
  expectedWall,
  highestDepth,
  neverMeet,
  type Outcome,
  type Plan,
  playRound,
  type SideOutcome,
  sizeOf,
  stoppedAs,
  timeHeld,
  type Way,
} from './round.js'
import { waitingCall } from './watch.js'

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

/** What is claimed of the side that goes first, when it can go no further. */
const wallIds = {
  queue: {
    held: { sender: 'queue/sender-blocks-when-full', receiver: 'queue/receiver-blocks-when-empty' },
    refused: {
      sender: 'queue/nonblocking-send-is-refused-when-full',
      receiver: 'queue/nonblocking-receive-is-refused-when-empty',
    },
  },
  rendezvous: {
    held: {
      sender: 'queue/rendezvous-blocks-lone-sender',
      receiver: 'queue/rendezvous-blocks-lone-receiver',
    },
    refused: {
      sender: 'queue/rendezvous-refuses-lone-sender',
      receiver: 'queue/rendezvous-refuses-lone-receiver',
    },
  },
} as const

/** What stops the side that goes first, as the kernel shows it. */
async function showWall(stage: Stage, plan: Plan, first: Actor): Promise<void> {
  const { capacity } = plan.channel
  const wall = expectedWall(plan)
  const kind = capacity === 0 ? 'rendezvous' : 'queue'
  if (plan.channel.queue) showQueue(stage, plan.channel.queue, `the queue, when the ${plan.first} is alone`)
  if (wall === 'refused') {
    const calls = first.events.filter((event) => event.event === 'call')
    const errno = calls.find((call) => call.errno !== undefined)?.errno
    stage.evidence('errno', errno ?? 'no call failed', `what the C library gave to the ${first.name}`)
    stage.claim(
      wallIds[kind].refused[plan.first],
      `${whyStopped(capacity, plan.first)}: a nonblocking call fails at once, with EAGAIN`,
      errno === 'EAGAIN',
    )
  } else if (wall === 'held') {
    const call = waitingCall(capacity, plan.first)
    const what = capacity === 0 && plan.first === 'sender' ? ', for the word that its message was taken' : ''
    const claim = `${whyStopped(capacity, plan.first)}: the ${first.name} waits in the kernel, in ${call}(2)${what}`
    await seeWait(stage, {
      pid: first.id,
      tid: first.id,
      calls: [call],
      id: wallIds[kind].held[plan.first],
      claim,
    })
    const state = readStat(first.id)?.state
    if (state) stage.evidence(`/proc/${first.id}/stat`, state, `the state of the ${first.name}`)
  }
}

function whyStopped(capacity: Capacity, first: 'sender' | 'receiver'): string {
  if (capacity === 0)
    return first === 'sender' ? 'nobody receives at this moment' : 'nobody sends at this moment'
  const what = capacity === 'unbounded' ? 'pipe' : 'queue'
  return first === 'sender' ? `the ${what} is full` : `the ${what} is empty`
}

/** That the messages are in the memory of the sender, and of nobody else. */
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
  // Of a few messages the pipe may have taken one, and what Node gives back meanwhile may be as much.
  if (messages < 4) return
  stage.claim(
    'queue/unbounded-queue-lies-in-sender',
    'the queue lies in the memory of the sender, which has grown with it',
    grown - small > (messages * largeMessage) / 2,
  )
}

function claimOutcome(stage: Stage, plan: Plan, outcome: Outcome): void {
  const { channel, messages, first } = plan
  const { capacity } = channel
  for (const side of ['sender', 'receiver'] as const) stage.note(`the ${side} ${inWords(outcome[side])}`)
  if (neverMeet(plan)) {
    stage.claim(
      'queue/rendezvous-needs-a-side-that-waits',
      'no message passed: neither side ever waits, so neither ever finds the other waiting',
      outcome.sender.messages.length + outcome.receiver.messages.length === 0,
    )
    return
  }
  const wall = expectedWall(plan)
  const stopped = stoppedAs(wall, outcome[first], outcome.letIn)
  const other = first === 'sender' ? 'receiver' : 'sender'
  if (wall === 'held')
    stage.claim(
      'queue/blocked-side-continues-when-other-comes',
      `the ${first} went on only when the ${other} had come`,
      stopped,
    )
  if (wall === 'none')
    stage.claim(
      'queue/sender-with-room-never-waits',
      `the ${first} was never made to wait, and never refused`,
      stopped,
    )
  const highest = highestDepth(outcome)
  if (capacity === 0) {
    stage.claim(
      'queue/rendezvous-stores-nothing',
      'each message passed while both were in their call, and none was stored',
      allMet(outcome) && highest === 0,
    )
  } else if (capacity !== 'unbounded') {
    stage.claim(
      'queue/holds-at-most-its-capacity',
      `never more than ${capacity} messages were in the queue, as mq_getattr says`,
      highest <= sizeOf(capacity),
    )
  }
  stage.claim(
    'queue/messages-arrive-in-order',
    `all ${messages} messages arrived in the order in which they were sent, none lost, none twice`,
    allInOrder(outcome) && outcome.receiver.messages.length === messages,
  )
}

function inWords(side: SideOutcome): string {
  const waits = side.calls.filter(({ waited }) => waited).length
  const waited = waits === 0 ? 'never waited' : `waited ${times(waits)}, ${duration(timeHeld(side))} together`
  return `${waited}, and was ${side.refused === 0 ? 'never refused' : `refused ${times(side.refused)}`}`
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

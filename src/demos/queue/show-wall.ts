/** The moment when the side that goes first can go no further, because the queue is full or empty. */
import { readStat } from '../../proc/stat.js'
import type { Actor } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import { lastCallReturned, seeWait } from '../shared/claim-waiting.js'
import type { Capacity } from './channel.js'
import { showQueue } from './posix-queue.js'
import { expectedWall, type Plan, waitingCall } from './round.js'

/** The claim about the side that goes first: `held` when its call blocks, `refused` when its call fails. */
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

/** Shows how the kernel stops the side that goes first: its call blocks or fails. */
export async function showWall(stage: Stage, plan: Plan, first: Actor): Promise<void> {
  const { capacity } = plan.channel
  const wall = expectedWall(plan)
  const kind = capacity === 0 ? 'rendezvous' : 'queue'
  if (plan.channel.queue) {
    const state = plan.first === 'sender' ? 'the queue is full' : 'the queue is empty'
    showQueue(stage, plan.channel.queue, wall === 'none' ? 'every message was sent' : state)
  }
  if (wall === 'refused') {
    const calls = first.events.filter((event) => event.event === 'call')
    const failed = calls.find((call) => call.errno !== undefined)
    const errno = failed?.errno
    stage.evidence('errno', errno ?? '0', `${failed?.call ?? 'no call'} of the ${first.name}`)
    stage.claim(wallIds[kind].refused[plan.first], refusal(capacity, plan.first), errno === 'EAGAIN')
  } else if (wall === 'held') {
    const call = waitingCall(capacity, plan.first)
    // Before the claim, which it is evidence for. The call has begun, so the process falls asleep at once.
    const isAsleep = await stage.poll(() => readStat(first.id)?.state === 'S', 1000)
    if (isAsleep) stage.evidence(`/proc/${first.id}/stat`, 'state S', 'sleeping')
    await seeWait(stage, {
      pid: first.id,
      tid: first.id,
      calls: [call],
      hasReturned: () => lastCallReturned(first),
      id: wallIds[kind].held[plan.first],
      claim: `${whatBlocks(capacity, plan.first)}: it sleeps in ${call}(2).`,
    })
  }
}

function refusal(capacity: Capacity, first: 'sender' | 'receiver'): string {
  const [call, partner] = first === 'sender' ? ['send', 'receiver'] : ['receive', 'sender']
  if (capacity === 0)
    return `A nonblocking ${call} without a waiting ${partner} fails at once: the ${first} gets EAGAIN.`
  const state = first === 'sender' ? 'to a full' : 'from an empty'
  return `A nonblocking ${call} ${state} queue fails at once: the ${first} gets EAGAIN.`
}

function whatBlocks(capacity: Capacity, first: 'sender' | 'receiver'): string {
  if (capacity === 0) return `A rendezvous blocks a ${first} that is alone`
  return first === 'sender' ? 'A full queue blocks its sender' : 'An empty queue blocks its receiver'
}

/** The moment when the side that goes first can go no further: the queue is full, or it is empty. */
import { readStat } from '../../proc/stat.js'
import type { Actor } from '../../run/actor.js'
import type { Stage } from '../../run/stage.js'
import { seeWait } from '../shared/claim-waiting.js'
import type { Capacity } from './channel.js'
import { showQueue } from './posix-queue.js'
import { expectedWall, type Plan } from './round.js'
import { waitingCall } from './watch.js'

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

/** Shows how the kernel stops the side that goes first. */
export async function showWall(stage: Stage, plan: Plan, first: Actor): Promise<void> {
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

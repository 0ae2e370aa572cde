/** All twelve combinations of capacity, sending and receiving, once with a slow receiver and once with a slow sender. */
import type { ClaimId, TableRow } from '../../events.js'
import { readSyscall } from '../../proc/syscall.js'
import { syscallName } from '../../proc/syscall-names.js'
import { readWchan } from '../../proc/task.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { duration } from '../../text.js'
import { requireProc } from '../shared/require-proc.js'
import { type Capacity, makeChannel } from './channel.js'
import { requireQueues } from './posix-queue.js'
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

export interface MatrixOptions {
  /** Of the bounded queue. */
  capacity: number
  /** In each combination, more than the capacity. */
  messages: number
  /** Pause of the slow side between two messages, in milliseconds. */
  pause: number
}

/** More than a pipe holds, so that they wait in memory. */
const unboundedSize = { bytes: 2 ** 16, limit: 2 ** 26 }

const ways: Way[] = ['blocking', 'nonblocking']
const firsts = ['sender', 'receiver'] as const

/** What is claimed of a combination where the side that goes first is stopped. */
const stopIds = {
  sender: { held: 'queue/fast-sender-is-held', refused: 'queue/fast-sender-is-refused' },
  receiver: { held: 'queue/fast-receiver-is-held', refused: 'queue/fast-receiver-is-refused' },
} as const

/** What was seen of one combination. */
interface Cell {
  plan: Plan
  outcome: Outcome
  /** Whether the kernel showed the first side waiting; undefined where it need not, or cannot be seen. */
  seen: boolean | undefined
}

export function queueMatrix(options: MatrixOptions): Demo {
  return async (stage) => {
    requireProc('queue matrix')
    requireQueues('queue matrix')
    stage.note(
      `capacity 0 is a rendezvous over three POSIX queues, ${options.capacity} is a POSIX queue, unbounded is the sender's memory ` +
        'in front of a pipe: the kernel has no such queue. A sender and a receiver process for each',
      'opening',
    )
    const capacities: Capacity[] = [0, options.capacity, 'unbounded']
    const lanes = await Promise.all(capacities.map((capacity) => playLane(stage, capacity, options)))
    const cells = lanes.flat()
    for (const first of firsts)
      for (const cell of cells.filter(({ plan }) => plan.first === first)) claimCell(stage, cell)
    stage.note('every call and every message of it: osdemo queue matrix --json', 'next')
  }
}

/** All combinations of one capacity, one after the other, by the same two processes over the same channel. */
async function playLane(stage: Stage, capacity: Capacity, options: MatrixOptions): Promise<Cell[]> {
  const channel = await makeChannel(stage, capacity, unboundedSize)
  const tag = capacity === 'unbounded' ? 'u' : capacity
  const [sender, receiver] = await Promise.all([
    stage.start({ program: 'queue-sender', name: `sender-${tag}`, config: null }),
    stage.start({ program: 'queue-receiver', name: `receiver-${tag}`, config: null }),
  ])
  const cells: Cell[] = []
  for (const first of firsts)
    for (const send of ways)
      for (const receive of ways) {
        const every = (side: 'sender' | 'receiver') => (side === first ? 0 : options.pause)
        const plan: Plan = {
          channel,
          name: `${channel.name}, ${send} send, ${receive} receive, ${first} first`,
          messages: options.messages,
          sender: { actor: sender, way: send, every: every('sender') },
          receiver: { actor: receiver, way: receive, every: every('receiver') },
          first,
          detail: true,
        }
        cells.push(await playCell(stage, plan))
      }
  for (const actor of [sender, receiver]) actor.tell('end')
  await Promise.all([sender.ended, receiver.ended])
  return cells
}

async function playCell(stage: Stage, plan: Plan): Promise<Cell> {
  let seen: boolean | undefined
  const outcome = await playRound(stage, plan, {
    async atWall(first) {
      if (expectedWall(plan) === 'held') seen = await seeHeld(stage, plan, first)
    },
  })
  return { plan, outcome, seen }
}

/** Looks until the kernel shows that an actor waits. Undefined where it does not show us in which call. */
async function seeHeld(
  stage: Stage,
  { channel, first }: Plan,
  { id, name }: Actor,
): Promise<boolean | undefined> {
  const call = waitingCall(channel.capacity, first)
  const found = await stage.poll(() => {
    const seen = readSyscall(id, id)
    if (seen === undefined) return 'closed'
    return typeof seen === 'object' && syscallName(seen.number) === call && 'waits'
  })
  if (found === 'closed') return undefined
  if (found === undefined) return false
  const wchan = readWchan(id, id)
  stage.say({
    event: 'evidence',
    source: `/proc/${id}/task/${id}/syscall, wchan`,
    value: `${call}, ${wchan ?? 'function not shown'}`,
    about: `where ${name} waits`,
    data: { syscall: call, wchan: wchan ?? null },
    detail: true,
  })
  return true
}

function claimCell(stage: Stage, { plan, outcome, seen }: Cell): void {
  const { channel, first, messages } = plan
  const { sender, receiver } = outcome
  const highest = highestDepth(outcome)
  const wall = expectedWall(plan)
  const passed = neverMeet(plan) ? 0 : messages
  const filled = first === 'sender' && passed > 0 ? Math.min(sizeOf(channel.capacity), messages) : undefined
  const holds =
    stoppedAs(wall, outcome[first], outcome.letIn) &&
    seen !== false &&
    allInOrder(outcome) &&
    receiver.messages.length === passed &&
    (filled === undefined ? highest <= sizeOf(channel.capacity) : highest === filled) &&
    (channel.capacity !== 0 || allMet(outcome))
  const row: TableRow = {
    table: first === 'sender' ? 'fast sender, slow receiver' : 'fast receiver, slow sender',
    cells: {
      capacity: `${channel.capacity}`,
      send: plan.sender.way,
      receive: plan.receiver.way,
      sender: inShort(sender),
      receiver: inShort(receiver),
      depth: `${highest}`,
      'in order': `${receiver.messages.length} of ${messages}`,
    },
  }
  stage.claim(idOf(plan), sentence(plan, highest), holds, row)
}

function idOf(plan: Plan): ClaimId {
  const wall = expectedWall(plan)
  if (neverMeet(plan)) return 'queue/rendezvous-needs-a-side-that-waits'
  return wall === 'none' ? 'queue/fast-sender-has-room' : stopIds[plan.first][wall]
}

/** What a side met with, in at most eleven characters. */
function inShort(side: SideOutcome): string {
  if (side.refused > 0) return `EAGAIN ${side.refused}x`
  const held = timeHeld(side)
  if (held === 0) return '-'
  return `held ${duration(held)}`
}

/** What is claimed of a combination. */
function sentence(plan: Plan, highest: number): string {
  const { channel, sender, receiver, first, messages } = plan
  const ways = `capacity ${channel.capacity}, ${sender.way} send, ${receiver.way} receive`
  if (neverMeet(plan)) return `${ways}, ${first} first: both are refused for ever, nothing passes`
  const stop = {
    held: `the ${first} is held until the other comes`,
    refused: `the ${first} is refused with EAGAIN until the other comes`,
    none: `the ${first} is neither held nor refused`,
  }[expectedWall(plan)]
  return `${ways}, ${first} first: ${stop}; ${messages} messages arrive in order, at most ${highest} stored`
}

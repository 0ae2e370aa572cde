/** All twelve combinations of capacity, send and receive, once with a slow receiver and once with a slow sender. */
import { type ClaimId, now, type TableRow } from '../../events.js'
import { readSyscall } from '../../proc/syscall.js'
import { callName } from '../../proc/syscall-names.js'
import { readWchan } from '../../proc/task.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'

import { lastCallReturned } from '../shared/claim-waiting.js'
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
  waitingCall,
} from './round.js'

export interface MatrixOptions {
  /** Of the bounded queue. */
  capacity: number
  /** Messages of each combination, more than the capacity. */
  messages: number
  /** Pause of the slow side between two messages, in milliseconds. */
  pause: number
}

/** A message is as large as a pipe, so that all but the first wait in the sender's memory. */
const unboundedSize = { bytes: 2 ** 16, limit: 2 ** 26 }

const ways: Way[] = ['blocking', 'nonblocking']
const firsts = ['sender', 'receiver'] as const

/** The claim about a combination in which the side that goes first is stopped. */
const stopIds = {
  sender: { held: 'queue/fast-sender-is-held', refused: 'queue/fast-sender-is-refused' },
  receiver: { held: 'queue/fast-receiver-is-held', refused: 'queue/fast-receiver-is-refused' },
} as const

/** What was observed of one combination. */
interface Cell {
  plan: Plan
  outcome: Outcome
  /** Whether the kernel showed the first side blocked; undefined when it must not block, or the kernel does not show it. */
  seen: boolean | undefined
}

export function queueMatrix(options: MatrixOptions): Demo {
  return async (stage) => {
    stage.allowPauses(options.pause)
    requireProc('queue matrix')
    requireQueues('queue matrix')
    stage.note(
      "Whether send and receive wait depends on the queue's capacity and on which side is faster. " +
        'Watch all twelve combinations, once with a fast sender and once with a fast receiver.',
      'opening',
    )
    stage.note(
      `Capacity 0 is a rendezvous of three POSIX queues. Capacity ${options.capacity} is one POSIX queue. ` +
        'An unbounded queue is in the memory of its sender.',
      'aside',
    )
    stage.note(
      'In the tables, depth is the most messages that were stored at once. ' +
        'Waited is how long calls blocked, and EAGAIN 3x means that three calls failed. ' +
        'Passed is how many messages arrived.',
      'aside',
    )
    const capacities: Capacity[] = [0, options.capacity, 'unbounded']
    const lanes = await Promise.all(capacities.map((capacity) => playLane(stage, capacity, options)))
    const cells = lanes.flat()
    for (const first of firsts)
      for (const cell of cells.filter(({ plan }) => plan.first === first)) claimCell(stage, cell)
    stage.note(
      'The faster side cannot continue when the queue is full or empty. ' +
        'A blocking call waits then, and a nonblocking call fails with EAGAIN.',
      'closing',
    )
    stage.note('Next: `osdemo queue matrix --json` reports every call and every message.', 'next')
  }
}

/** Plays all combinations of one capacity, one after the other, with the same two processes and the same channel. */
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
  const start = now()
  const outcome = await playRound(plan, {
    async atWall(first) {
      if (expectedWall(plan) === 'held') seen = await seeHeld(stage, plan, first)
    },
  })
  const { channel, sender, receiver, first } = plan
  stage.say({
    event: 'note',
    text: `Played: ${plan.name}.`,
    // For pictures, which show the calls and messages of this round.
    data: {
      capacity: channel.capacity === 'unbounded' ? null : channel.capacity,
      send: sender.way,
      receive: receiver.way,
      first,
      sender: sender.actor.id,
      receiver: receiver.actor.id,
      lasted: now() - start,
    },
    detail: true,
  })
  return { plan, outcome, seen }
}

/**
 * Polls until the kernel shows that an actor is blocked, or its call has returned.
 *
 * @returns undefined where the kernel does not show the system call
 */
async function seeHeld(stage: Stage, { channel, first }: Plan, actor: Actor): Promise<boolean | undefined> {
  const { id, name } = actor
  const call = waitingCall(channel.capacity, first)
  const found = await stage.poll(() => {
    const seen = readSyscall(id, id)
    if (seen === undefined) return 'hidden'
    if (typeof seen === 'object' && callName(seen) === call) return 'waits'
    return lastCallReturned(actor) && 'returned'
  })
  if (found === 'hidden') return undefined
  if (found !== 'waits') return false
  const wchan = readWchan(id, id)
  stage.say({
    event: 'evidence',
    source: `/proc/${id}/task/${id}/syscall, wchan`,
    value: `${call}, ${wchan ?? 'function not shown'}`,
    about: `${name} is blocked there`,
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
      passed: `${receiver.messages.length} of ${messages}`,
    },
  }
  stage.claim(idOf(plan), sentence(plan), holds, row)
}

function idOf(plan: Plan): ClaimId {
  const wall = expectedWall(plan)
  if (neverMeet(plan)) return 'queue/rendezvous-needs-a-side-that-waits'
  return wall === 'none' ? 'queue/fast-sender-has-room' : stopIds[plan.first][wall]
}

/** What stopped a side, in at most twelve characters: the table is 80 columns wide. */
function inShort(side: SideOutcome): string {
  if (side.refused > 0) return `EAGAIN ${side.refused}x`
  const milliseconds = Math.round(timeHeld(side) / 1000)
  if (!side.calls.some(({ waited }) => waited)) return '-'
  return milliseconds < 100 ? `waited ${milliseconds} ms` : `waited ${(milliseconds / 1000).toFixed(1)} s`
}

/** What the demo claims about a combination. */
function sentence(plan: Plan): string {
  const { channel, sender, receiver, first } = plan
  const queue = channel.capacity === 'unbounded' ? 'an unbounded queue' : `capacity ${channel.capacity}`
  const combination = `With ${queue}, ${sender.way} send and ${receiver.way} receive`
  if (neverMeet(plan)) return `${combination}, both sides get EAGAIN and no message passes.`
  const other = first === 'sender' ? 'receiver' : 'sender'
  const stop = {
    held: `blocks until the ${other} starts`,
    refused: `gets EAGAIN until the ${other} starts`,
    none: 'never waits',
  }[expectedWall(plan)]
  return `${combination}, the fast ${first} ${stop}.`
}

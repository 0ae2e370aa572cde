/** What a round of sending and receiving has shown. */
import type { Stage } from '../../run/stage.js'
import { duration } from '../../text.js'
import {
  allInOrder,
  allMet,
  expectedWall,
  highestDepth,
  neverMeet,
  type Outcome,
  type Plan,
  type SideOutcome,
  sizeOf,
  stoppedAs,
  timeHeld,
} from './round.js'

export function claimOutcome(stage: Stage, plan: Plan, outcome: Outcome): void {
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

/** The claims about a round of sending and receiving. */
import type { Stage } from '../../run/stage.js'
import { counted, duration } from '../../text.js'
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
  for (const side of ['sender', 'receiver'] as const) stage.note(`The ${side} ${inWords(outcome[side])}.`)
  if (neverMeet(plan)) {
    stage.claim(
      'queue/rendezvous-needs-a-side-that-waits',
      'A rendezvous needs a blocking side: both were nonblocking, so no message passed.',
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
      `A blocked ${first} wakes up only when the ${other} arrives: its call returned after that.`,
      stopped,
    )
  if (wall === 'none')
    stage.claim(
      'queue/sender-with-room-never-waits',
      'A sender does not wait while the queue has room: no call blocked or failed.',
      stopped,
    )
  const highest = highestDepth(outcome)
  const received = outcome.receiver.messages.length
  if (capacity === 0) {
    stage.claim(
      'queue/rendezvous-stores-nothing',
      'A rendezvous stores nothing: each message passed while both sides were in their calls.',
      allMet(outcome) && highest === 0,
    )
  } else if (capacity !== 'unbounded') {
    stage.claim(
      'queue/holds-at-most-its-capacity',
      `A queue never holds more than its capacity: at most ${highest} of ${counted(capacity, 'message')}.`,
      highest <= sizeOf(capacity),
    )
  }
  stage.claim(
    'queue/messages-arrive-in-order',
    `Messages arrive in the order they were sent: ${received} of ${messages}, none lost, none twice.`,
    allInOrder(outcome) && received === messages,
  )
}

function inWords(side: SideOutcome): string {
  const waits = side.calls.filter(({ waited }) => waited).length
  const waited =
    waits === 0 ? 'never blocked' : `blocked ${times(waits)}, for ${duration(timeHeld(side))} in total`
  return `${waited}, and ${side.refused === 0 ? 'never got EAGAIN' : `got EAGAIN ${times(side.refused)}`}`
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

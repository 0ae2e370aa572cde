/**
 * One round over a channel, with one way to send and one to receive. The faster side goes first, until it can go no further;
 * then the slower side starts. So what the round shows does not depend on the scheduler.
 */
import type { Round } from '../../actors/lib/queue-round.js'
import { now } from '../../events.js'
import type { Actor, ActorOf, EventOf } from '../../run/actor.js'
import { largest } from '../../text.js'
import type { Capacity, Channel } from './channel.js'

export type Way = 'blocking' | 'nonblocking'

/** What one side of a round does. */
export interface PlannedSide {
  actor: ActorOf<'queue-sender' | 'queue-receiver'>
  way: Way
  /** Pause between two messages, in milliseconds. */
  every: number
}

export interface Plan {
  channel: Channel
  /** The name of the channel in this round's events. */
  name: string
  messages: number
  sender: PlannedSide
  receiver: PlannedSide
  /** The side that goes first. */
  first: 'sender' | 'receiver'
  detail: boolean
}

/** What stops the side that goes first: its call blocks (`held`), or fails with EAGAIN (`refused`), or nothing does. */
export type Wall = 'held' | 'refused' | 'none'

/** After so many EAGAIN in a row a side gives up, in a rendezvous where both sides are nonblocking. */
const hopeless = 5

/** In a rendezvous where both sides are nonblocking, neither ever finds the other waiting. */
export function neverMeet({ channel, sender, receiver }: Plan): boolean {
  return channel.capacity === 0 && sender.way === 'nonblocking' && receiver.way === 'nonblocking'
}

/** What must stop the side that goes first. @param way how that side calls */
export function wallOf({
  capacity,
  messages,
  first,
  way,
}: Pick<Plan, 'messages' | 'first'> & { capacity: Capacity; way: Way }): Wall {
  if (first === 'sender' && messages <= sizeOf(capacity)) return 'none'
  return way === 'blocking' ? 'held' : 'refused'
}

export function expectedWall(plan: Plan): Wall {
  const { channel, messages, first } = plan
  return wallOf({ capacity: channel.capacity, messages, first, way: plan[first].way })
}

export function sizeOf(capacity: Capacity): number {
  return capacity === 'unbounded' ? Number.POSITIVE_INFINITY : capacity
}

/** A call that passed a message. Times are those of the events. */
interface Call {
  begin: number
  end: number
  /** When it began, it had to wait. */
  waited: boolean
}

/** What one side did. */
export interface SideOutcome {
  /** One for each message, in their order. */
  calls: Call[]
  messages: EventOf<'sent'>[]
  /** How many of its calls failed with EAGAIN. */
  refused: number
}

export interface Outcome {
  sender: SideOutcome
  receiver: SideOutcome
  /** When the second side was started. */
  letIn: number
}

export interface RoundHooks {
  /** Called when both have opened their side. */
  opened?(): void
  /** Called when the first side can go no further, before the other side starts. */
  atWall?(first: Actor): Promise<void>
}

/** The system call in which a side blocks. In a rendezvous the sender waits for the message that reports `taken`. */
export function waitingCall(capacity: Capacity, side: 'sender' | 'receiver'): string {
  if (capacity === 'unbounded') return 'read'
  return side === 'sender' && capacity !== 0 ? 'mq_timedsend' : 'mq_timedreceive'
}

/** Plays a round to its end. */
export async function playRound(
  plan: Plan,
  { opened = () => {}, atWall = async () => {} }: RoundHooks,
): Promise<Outcome> {
  const start = now()
  const { sender, receiver } = plan
  const [first, second] = plan.first === 'sender' ? [sender, receiver] : [receiver, sender]
  for (const side of [sender, receiver]) side.actor.tell(roundOf(plan, side))
  const both = (call: string) =>
    Promise.all(
      [sender, receiver].map(({ actor }) =>
        actor.until('call', (one) => one.t >= start && one.call === call),
      ),
    )
  await both('open')
  opened()
  first.actor.tell('go')
  await reachWall(plan, first.actor, start)
  await atWall(first.actor)
  const letIn = now()
  second.actor.tell('go')
  await both('close')
  return { sender: outcomeOf(sender.actor, start), receiver: outcomeOf(receiver.actor, start), letIn }
}

function roundOf(plan: Plan, { way, every }: PlannedSide): Round {
  const { channel, name, messages, detail } = plan
  const tries = neverMeet(plan) ? { tries: hopeless } : {}
  return {
    place: channel.place,
    channel: name,
    messages,
    blocking: way === 'blocking',
    every,
    detail,
    ...tries,
  }
}

/** Waits until the first side is stopped in any way, or has sent or received all: also what must not happen ends the wait. */
function reachWall(plan: Plan, first: Actor, start: number): Promise<unknown> {
  const stops = ({ phase, waits, errno, call }: EventOf<'call'>) =>
    call === 'close' || errno === 'EAGAIN' || (phase === 'begin' && waits === true)
  const stopped = first.until('call', (call) => call.t >= start && stops(call))
  if (expectedWall(plan) !== 'none') return stopped
  const sent = first.until('sent', ({ t, seq }) => t >= start && seq === plan.messages - 1)
  return Promise.race([stopped, sent])
}

function outcomeOf(actor: Actor, start: number): SideOutcome {
  const outcome: SideOutcome = { calls: [], messages: [], refused: 0 }
  let begin = start
  for (const event of actor.events.filter(({ t }) => t >= start)) {
    if (event.event === 'sent' || event.event === 'received') outcome.messages.push(event)
    if (event.event !== 'call') continue
    if (event.phase === 'begin') begin = event.t
    else if (event.errno) outcome.refused++
    else if (event.result !== undefined)
      outcome.calls.push({ begin, end: event.t, waited: event.waits === true })
  }
  return outcome
}

/** Whether the messages received are the messages sent, in the same order: none lost, none twice. */
export function allInOrder({ sender, receiver }: Outcome): boolean {
  const texts = ({ messages }: SideOutcome) => messages.map(({ text }) => text).join('\n')
  return texts(sender) === texts(receiver)
}

/** Whether each send and the receive of its message were in their calls at the same time. */
export function allMet({ sender, receiver }: Outcome): boolean {
  return sender.calls.every((send, index) => {
    const receive = receiver.calls[index]
    return receive !== undefined && send.begin <= receive.end && receive.begin <= send.end
  })
}

/** The most messages stored at once, as the sender saw it. */
export function highestDepth({ sender }: Outcome): number {
  return largest(
    sender.messages.flatMap(({ depth }) => (depth ? [depth.before, depth.after] : [])),
    0,
  )
}

/** Whether the side that went first was stopped as expected. If it blocked, its call must return after the other side started. */
export function stoppedAs(wall: Wall, { calls, refused }: SideOutcome, letIn: number): boolean {
  const wait = calls.find(({ waited }) => waited)
  if (wall === 'held') return wait !== undefined && wait.begin <= letIn && letIn <= wait.end
  return wait === undefined && (wall === 'refused' ? refused > 0 : refused === 0)
}

/** How long the calls of one side blocked in total, in microseconds. */
export function timeHeld({ calls }: SideOutcome): number {
  return calls.reduce((sum, { begin, end, waited }) => (waited ? sum + end - begin : sum), 0)
}

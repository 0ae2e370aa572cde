/** Matches the messages that were sent with those that were received. */
import type { Event, MessageFact, TallyFact } from '../../events.js'
import type { Lane, Step } from './index.js'

/** One end of a message, or of many that were only counted. */
export interface End {
  event: Event & (MessageFact | TallyFact)
  lane: Lane
  /** Channels of different chapters are unrelated. */
  chapter: number
  step: Step
}

type MessageEnd = End & { event: Event & MessageFact }

/** A message from one lane to another. */
export interface Arrow {
  channel: string
  /** When and by which lane it was sent, where that is recorded. */
  from?: Place
  to?: Place
  /** The lane that should have received a lost message. */
  toward?: Lane
  /**
   * A message that did not arrive is lost only if the receiver reported every message one by one and this was
   * not among them. Otherwise the receiver is not in the recording.
   */
  fate: 'arrived' | 'lost' | 'untold'
  /** As it was received, or else as it was sent. */
  message: MessageFact
}

interface Place {
  lane: Lane
  t: number
}

/** One direction of a connection, a pipe, a ring: everything that went through it in one chapter. */
interface Channel {
  sent: MessageEnd[]
  received: MessageEnd[]
  /** Whether some of the received messages were only counted. */
  counted: boolean
}

export function matchMessages(ends: readonly End[]): Arrow[] {
  const channels = new Map<string, Channel>()
  for (const end of ends) {
    const key = `${end.chapter} ${end.event.channel}`
    const channel = channels.get(key) ?? { sent: [], received: [], counted: false }
    channels.set(key, channel)
    const { event } = end
    if (event.event !== 'tally') channel[event.event].push({ ...end, event })
    else if (event.direction === 'received') channel.counted = true
  }
  return [...channels.values()].flatMap(matchChannel)
}

function matchChannel({ sent, received, counted }: Channel): Arrow[] {
  const unmatched = new Set(sent)
  // Each process numbers its own messages. With several senders or receivers, equal numbers do not identify a
  // message, so the text must.
  const several = [sent, received].some((ends) => new Set(ends.map(({ lane }) => lane)).size > 1)
  // Nor do they where a receiver chooses by type or priority.
  const isChosen = received.some(({ event }) => event.type !== undefined || event.priority)
  const bySeq = index(sent, ({ seq }) => `${seq}`)
  const byText = index(sent, ({ text }) => text)
  const take = (candidates: typeof sent | undefined) => {
    while (candidates?.[0] && !unmatched.has(candidates[0])) candidates.shift()
    const found = candidates?.shift()
    if (found) unmatched.delete(found)
    return found
  }
  const told = received.map((end): Arrow => {
    const { seq, text } = end.event
    const from =
      several || isChosen
        ? text === undefined
          ? undefined
          : take(byText.get(text))
        : take(bySeq.get(`${seq}`))
    return arrow(from, end, 'arrived')
  })
  const last = counted ? undefined : received.at(-1)
  const fate = last ? 'lost' : 'untold'
  const missing = [...unmatched].map((end) => arrow(end, undefined, fate))
  if (last) for (const one of missing) one.toward = last.lane
  return [...told, ...missing]
}

function index(ends: Channel['sent'], key: (message: MessageFact) => string | undefined) {
  const found = new Map<string, Channel['sent']>()
  for (const end of ends) {
    const name = key(end.event)
    if (name === undefined) continue
    const list = found.get(name)
    if (list) list.push(end)
    else found.set(name, [end])
  }
  return found
}

/** A sender may report after the message was received. Then it sent it at that time at the latest. */
function arrow(from: MessageEnd | undefined, to: MessageEnd | undefined, fate: Arrow['fate']): Arrow {
  const { event } = (to ?? from)! // Every caller knows one of the two ends.
  const received = to && { lane: to.lane, t: to.event.t }
  const sent = from && { lane: from.lane, t: Math.min(from.event.t, to?.event.t ?? from.event.t) }
  const made: Arrow = {
    channel: event.channel,
    fate: from || fate !== 'arrived' ? fate : 'untold',
    message: event,
    ...(sent && { from: sent }),
    ...(received && { to: received }),
  }
  for (const end of [from, to]) if (end) end.step.arrow = made
  return made
}

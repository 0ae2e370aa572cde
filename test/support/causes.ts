/** Causes come before their effects: checked on the times of the events, as far as their data shows which is which. */
import type { CallFact, Event, MessageFact } from '../../src/events.js'

type Message = Event & MessageFact

/** The signals that osdemo sends. Others, such as SIGSEGV, come from the kernel. */
const sentByUs = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGSTOP']

/** The effects that come before their causes, each with the rule. Events of equal times are in the order of the recording. */
export function disorders(recorded: readonly Event[]): string[] {
  const events = recorded.toSorted((one, other) => one.t - other.t)
  return [...lifeDisorders(events), ...objectDisorders(events), ...messageDisorders(events)]
}

const told = (rule: string, ...events: Event[]) =>
  [rule, ...events.map((one) => JSON.stringify(one))].join(' ')

/** Starts, signals, exits, and what a death causes. */
function lifeDisorders(events: readonly Event[]): string[] {
  const found: string[] = []
  const children = new Set(events.flatMap((event) => (event.event === 'started' ? [event.child] : [])))
  const alive = new Set<number>()
  const signals = new Map<number, Set<string>>()
  let deaths = 0
  for (const event of events) {
    if (children.has(event.tid) && !alive.has(event.tid))
      found.push(told('an event of a child that is not alive', event))
    if (event.event === 'started') alive.add(event.child)
    if (event.event === 'signal') {
      if (children.has(event.to) && !alive.has(event.to)) found.push(told('a signal to no child', event))
      signals.set(event.to, (signals.get(event.to) ?? new Set()).add(event.signal))
      if (event.signal === 'SIGKILL') deaths++
    }
    if (event.event === 'exited') {
      if (!alive.delete(event.child)) found.push(told('an exit before the start', event))
      const { child, signal } = event
      if (signal && sentByUs.includes(signal) && !signals.get(child)?.has(signal))
        found.push(told('an exit before the signal', event))
      signals.delete(child)
    }
    if (event.event === 'state' && event.state === 'stopped' && !signals.get(event.child)?.has('SIGSTOP'))
      found.push(told('stopped before SIGSTOP', event))
    if (event.event === 'call' && event.errno === 'EOWNERDEAD' && deaths-- === 0)
      found.push(told('EOWNERDEAD before the death', event))
  }
  return found
}

/** An object is created, then used, then removed. Shared memory that has been removed can still be used where it is mapped. */
function objectDisorders(events: readonly Event[]): string[] {
  const removed = new Set<string>()
  const unborn = new Set(events.flatMap((event) => (event.event === 'created' ? [event.id] : [])))
  return events.flatMap((event) => {
    if (event.event === 'created') {
      unborn.delete(event.id)
      removed.delete(event.id)
    }
    if (event.event === 'removed') {
      if (event.kind !== 'segment' && event.kind !== 'object') removed.add(event.id)
      return unborn.has(event.id) ? [told('removed before it was created', event)] : []
    }
    const used = 'channel' in event ? event.channel : 'object' in event ? event.object : undefined
    if (used !== undefined && unborn.has(used)) return [told('used before it was created', event)]
    if (used !== undefined && removed.has(used)) return [told('used after it was removed', event)]
    return []
  })
}

/** A message is sent, then received. A call that sends into a full queue returns after the receive that made room. */
function messageDisorders(events: readonly Event[]): string[] {
  const callOf = callsOf(events)
  const returned: Returns = (message) => callOf(message)?.t ?? Infinity
  return channelsOf(events).flatMap((channel) => {
    const { sent, received } = channel
    const partner = partnersOf(channel)
    const early = received.flatMap((message) => {
      const cause = partner(message)
      return cause && cause.t > message.t ? [told('received before it was sent', cause, message)] : []
    })
    const sudden = sent.flatMap((message) => {
      const capacity = capacityOf(message)
      // A receiver that waits takes a message that never needs a place in the queue.
      const room = received.find(
        (one) => one.seq === message.seq - (capacity ?? NaN) && (capacity === 0 || !callOf(one)?.waits),
      )
      const wasFull = message.depth?.before === capacity
      return wasFull && room && room.t > returned(message)
        ? [told('sent before there was room', message, room)]
        : []
    })
    return [...early, ...sudden, ...received.flatMap((message) => wrongDepth(message, channel, returned))]
  })
}

/** A depth at a receive is that just after it. The sender may have sent more until the receiver looked, and not later. */
function wrongDepth(message: Message, { sent, received }: Channel, returned: Returns): string[] {
  const capacity = capacityOf(message)
  if (!capacity || !message.depth || sent.length === 0) return []
  const next = received.find(({ seq }) => seq === message.seq + 1)
  const least = sent.filter((one) => returned(one) <= message.t).length - message.seq - 1
  const begun = sent.filter((one) => one.t <= (next?.t ?? Infinity)).length - message.seq - 1
  const most = Math.min(capacity, begun)
  const { after } = message.depth
  return least <= after && after <= most ? [] : [told(`the depth is not ${least} to ${most}`, message)]
}

/** How many messages its queue can hold, where that is known. */
function capacityOf({ depth }: Message): number | undefined {
  return depth?.unit === 'messages' ? depth.capacity : undefined
}

interface Channel {
  sent: Message[]
  received: Message[]
}

/** The messages of each channel. In the tour, each demo has channels of its own. */
function channelsOf(events: readonly Event[]): Channel[] {
  const channels = new Map<string, Channel>()
  let chapter = 0
  for (const event of events) {
    if (event.event === 'run') chapter++
    if (event.event !== 'sent' && event.event !== 'received') continue
    const key = `${chapter} ${event.channel}`
    const channel = channels.get(key) ?? { sent: [], received: [] }
    channels.set(key, channel)
    channel[event.event].push(event)
  }
  return [...channels.values()]
}

/** Finds the message that was sent, for one that was received. With several senders only its text identifies it. */
function partnersOf({ sent, received }: Channel): (message: Message) => Message | undefined {
  const isShared = [sent, received].some((ends) => new Set(ends.map(({ tid }) => tid)).size > 1)
  // A receiver of a System V queue chooses by type.
  if (!isShared && received.every(({ type }) => type === undefined))
    return ({ seq }) => sent.find((one) => one.seq === seq)
  return ({ text }) => sent.find((one) => one.text === text && text !== undefined)
}

/** When the call of a message returned. */
type Returns = (message: Message) => number

/** The call of each message, for actors that report every call: the first belongs to the first message of the thread, and so on. */
function callsOf(events: readonly Event[]): (message: Message) => (Event & CallFact) | undefined {
  const ends = new Map<number, (Event & CallFact)[]>()
  const numbers = new Map<Event, number>()
  const counts = new Map<number, number>()
  for (const event of events) {
    const { tid } = event
    if (event.event === 'call' && event.result !== undefined) ends.set(tid, [...(ends.get(tid) ?? []), event])
    if (event.event !== 'sent' && event.event !== 'received') continue
    const number = counts.get(tid) ?? 0
    numbers.set(event, number)
    counts.set(tid, number + 1)
  }
  return (message) => ends.get(message.tid)?.[numbers.get(message) ?? -1]
}

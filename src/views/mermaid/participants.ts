/** Who and what takes part in a sequence diagram: processes and threads, and the channels that hold what was sent. */
import type { Lane, Story } from '../story/index.js'

/** A queue, a FIFO or a segment, which holds a message until another process receives it. */
export interface Channel {
  index: number
  name: string
}

export interface Participants {
  lanes: Set<Lane>
  /** By the name by which messages refer to it. */
  channels: Map<string, Channel>
  /** From left to right: a channel stands behind the first process that uses it. */
  order: (Lane | Channel)[]
  /** How many processes and threads there is no room for. */
  left: number
}

/** More lifelines do not fit on a screen. What the other processes do is told in notes. */
const mostLanes = 20

/** What a channel is called, where its name is a path or a number. */
const kinds: Record<string, string> = {
  fifo: 'FIFO',
  queue: 'queue',
  segment: 'segment',
  object: 'shared memory',
  buffer: 'buffer',
}

export function participantsOf(story: Story): Participants {
  const taking = lanesOf(story)
  const lanes = new Set(taking.slice(0, mostLanes))
  const channels = channelsOf(story)
  const order = [...lanes].flatMap((lane): (Lane | Channel)[] => [lane])
  for (const [name, channel] of channels) {
    const first = order.findIndex((one) =>
      story.steps.some(
        ({ event, lane }) => lane === one && 'channel' in event && event.channel === name && lanes.has(lane),
      ),
    )
    order.splice(first + 1, 0, channel)
  }
  return { lanes, channels, order, left: taking.length - lanes.size }
}

/** All but a supervisor that only reports. */
function lanesOf({ lanes, runs, holds, arrows, steps }: Story): Lane[] {
  const supervisors = new Set(runs.map(({ pid }) => pid))
  const active = new Set<Lane | undefined>([
    ...holds.map(({ lane }) => lane),
    ...arrows.flatMap(({ from, to }) => [from?.lane, to?.lane]),
    ...steps.flatMap(({ event, lane }) => (event.event === 'call' || event.event === 'tally' ? [lane] : [])),
  ])
  const taking = lanes.filter((lane) => !supervisors.has(lane.tid) || active.has(lane))
  return taking.length > 0 ? taking : lanes
}

/** A channel of capacity 0 holds nothing: its sender waits for the receiver. */
function channelsOf({ steps }: Story): Map<string, Channel> {
  const made = new Map<string, string>()
  const used = new Map<string, boolean>()
  for (const { event } of steps) {
    if (event.event === 'created') made.set(event.id, kinds[event.kind] ?? '')
    else if (event.event === 'tally' && !used.has(event.channel)) used.set(event.channel, false)
    else if (event.event === 'sent' || event.event === 'received') {
      const { channel, depth } = event
      used.set(channel, used.get(channel) || depth?.capacity === 0)
    }
  }
  const found = new Map<string, Channel>()
  for (const [channel, isRendezvous] of used) {
    const kind = made.get(channel)
    if (!kind || isRendezvous) continue
    // The last part of a path names the object well enough.
    found.set(channel, { index: found.size, name: `${kind} ${channel.slice(channel.lastIndexOf('/') + 1)}` })
  }
  return found
}

/**
 * A trace for Perfetto (ui.perfetto.dev) and chrome://tracing: a track for each process and thread, system calls as
 * slices, messages as flow arrows, states as thread states, the fill level of a channel as a counter.
 *
 * The format is Trace Event Format. `ts` and `dur` are microseconds of CLOCK_MONOTONIC, so other traces of the same
 * boot align with it.
 */
import { type Depth, numberIn } from '../../events.js'
import { sumOf } from '../../text.js'
import { describe, subject, versions } from '../describe-event.js'
import type { Stay, Story } from '../story/index.js'
import { layTracks, nameTracks, type Slice, stateTrack, type TraceEvent } from './tracks.js'

export function drawTrace(story: Story): string {
  const drawn = [
    ...layTracks([...calls(story), ...messages(story)]),
    ...states(story),
    ...moments(story),
    ...fillings(story),
    ...switches(story),
  ]
  // Only the events that name tracks have no time.
  drawn.sort((one, other) => one.ts! - other.ts!)
  const [run] = story.runs
  const about = run ? { run: subject(run.command), with: versions(run), wall: run.wall, boot: run.boot } : {}
  const lines = [...nameTracks(story, drawn), ...drawn].map((event) => JSON.stringify(event))
  return `{"displayTimeUnit":"ms","otherData":${JSON.stringify(about)},"traceEvents":[\n${lines.join(',\n')}\n]}\n`
}

function calls({ steps }: Story): Slice[] {
  return steps.flatMap(({ event, lane, held }) => {
    if (event.event !== 'call' || (held && held.first !== event)) return []
    const { begin, end, last } = held ?? { begin: event.t, end: event.t, last: event }
    const { result, errno } = last ?? {}
    const args = {
      object: event.object,
      ...(result !== undefined && { result }),
      ...(errno && { errno }),
      ...(!last && { unfinished: true }),
    }
    // A call that returned at once would be invisible, so it is drawn one microsecond long.
    return [{ lane, from: begin, to: Math.max(end, begin + 1), name: event.call, cat: 'call', args }]
  })
}

/** A message is a slice of one microsecond at each end, and an arrow between the two. */
function messages({ arrows }: Story): Slice[] {
  const ends = arrows.flatMap((arrow, id) => [
    ...(arrow.from ? [{ arrow, id, ph: 's', place: arrow.from } as const] : []),
    ...(arrow.to ? [{ arrow, id, ph: 'f', place: arrow.to } as const] : []),
  ])
  ends.sort((one, other) => one.place.t - other.place.t)
  /**
   * The first free time of each track. No two slices may begin at the same time: an arrow is bound to the slice that
   * begins when it does.
   */
  const free = new Map<number, number>()
  const sent = new Map<number, number>()
  return ends.map(({ arrow, id, ph, place: { lane, t } }) => {
    const { channel, fate, message } = arrow
    const from = Math.max(t, free.get(lane.tid) ?? 0, sent.get(id) ?? 0)
    free.set(lane.tid, from + 1)
    if (ph === 's') sent.set(id, from)
    return {
      lane,
      from,
      to: from + 1,
      name: `${ph === 's' ? 'sent' : 'received'} ${message.text ?? `${message.bytes} bytes`}`,
      cat: 'message',
      args: { channel, seq: message.seq, bytes: message.bytes, ...(fate === 'lost' && { lost: true }) },
      ...(fate === 'arrived' && { flow: { ph, id } }),
    }
  })
}

/** Perfetto's names of the states. */
const stateNames: Record<Stay['state'], string> = {
  new: 'Created',
  ready: 'Ready',
  running: 'Running',
  waiting: 'Waiting',
  stopped: 'Stopped',
  zombie: 'Zombie',
  gone: 'Terminated',
}

/** As thread states. For viewers without these (Perfetto before v54, chrome://tracing) also as slices on an extra track. */
function states({ stays, steps }: Story): TraceEvent[] {
  const waits = steps.flatMap(({ event, about }) =>
    event.event === 'evidence' && about && event.source.endsWith('/wchan') ? [{ event, about }] : [],
  )
  return stays.flatMap(({ lane, state, from, to, source }) => {
    const { pid, tid } = lane
    const wait =
      state === 'waiting' &&
      waits.find(({ event, about }) => about === lane && event.t >= from && event.t <= to)
    const args = { source, ...(wait && { blocked_function: wait.event.value }) }
    const rest = { cat: 'state', pid, ts: from, dur: to - from, args }
    return [
      { ph: 'T', name: stateNames[state], tid, ...rest },
      { ph: 'X', name: state, tid: stateTrack(lane), ...rest },
    ]
  })
}

/** Events without duration: a mark on the track of the thread that they are about. */
function moments({ steps }: Story): TraceEvent[] {
  return steps.flatMap(({ event, lane, about }) => {
    if (['call', 'sent', 'received', 'state'].includes(event.event)) return []
    const { v, t, pid: _, tid: __, actor, event: kind, ...args } = event
    const { pid, tid } = about ?? lane
    const sign = event.event === 'claim' ? (event.holds ? '✔ ' : '✘ ') : ''
    const scope = event.event === 'claim' || event.event === 'error' ? 'p' : 't'
    return [{ ph: 'i', s: scope, name: sign + describe(event), cat: kind, pid, tid, ts: t, args }]
  })
}

interface Change {
  t: number
  /** By how much the level rises, or falls where it is negative. */
  change: number
  depth?: Depth
}

/** The fill level of each channel: as reported, or else the number of messages, where both ends are recorded. */
function fillings({ steps, lanes }: Story): TraceEvent[] {
  const channels = new Map<string, Change[]>()
  for (const { event, arrow } of steps) {
    if (event.event !== 'sent' && event.event !== 'received' && event.event !== 'tally') continue
    const changes = channels.get(event.channel) ?? []
    channels.set(event.channel, changes)
    const tally = event.event === 'tally'
    const [side, count] = tally ? [event.direction, event.messages] : ([event.event, 1] as const)
    const t = side === 'sent' ? (arrow?.from?.t ?? event.t) : event.t
    const depth = tally ? undefined : event.depth
    changes.push({ t, change: side === 'sent' ? count : -count, ...(depth && { depth }) })
  }
  const { pid } = lanes[0] ?? { pid: 0 }
  return [...channels].flatMap(([channel, changes]) => {
    changes.sort((one, other) => one.t - other.t)
    return valuesOf(changes).map(({ t, args }) => ({
      ph: 'C',
      name: `in ${channel}`,
      cat: 'channel',
      pid,
      ts: t,
      args,
    }))
  })
}

function valuesOf(changes: readonly Change[]): { t: number; args: Record<string, number> }[] {
  const told = changes.flatMap(({ t, depth }) => (depth ? [{ t, args: { [depth.unit]: depth.after } }] : []))
  if (told.length > 0) return told
  const sides = new Set(changes.map(({ change }) => Math.sign(change)))
  if (!sides.has(1) || !sides.has(-1)) return []
  let filling = 0
  return changes.map(({ t, change }) => {
    filling = sumOf(filling, change)
    return { t, args: { messages: Math.max(0, filling) } }
  })
}

/** Context switches of a process, where they were counted. */
function switches({ steps }: Story): TraceEvent[] {
  return steps.flatMap(({ event, about }) => {
    if (event.event !== 'evidence' || !about) return []
    const voluntary = numberIn(event.data, 'voluntary')
    const involuntary = numberIn(event.data, 'involuntary')
    if (voluntary === undefined || involuntary === undefined) return []
    const args = { voluntary, involuntary }
    return [{ ph: 'C', name: 'context switches', cat: 'switches', pid: about.pid, ts: event.t, args }]
  })
}

/** The tracks of a trace. Slices on one track must be disjoint or nested. A slice that is neither goes to an extra track. */
import type { Lane, Story } from '../story/index.js'

export interface TraceEvent {
  ph: string
  pid: number
  tid?: number
  /** Microseconds; missing in an event that names a track. */
  ts?: number
  dur?: number
  name: string
  cat?: string
  id?: number
  /** Scope of an instant: its thread or its process. */
  s?: string
  /** What the end of a flow is bound to. */
  bp?: string
  args?: Record<string, unknown>
}

export interface Slice {
  lane: Lane
  from: number
  to: number
  name: string
  cat: string
  args: Record<string, unknown>
  /** The arrow that begins or ends in it. */
  flow?: { ph: 's' | 'f'; id: number }
}

/** Larger than any thread id of Linux: the id of an extra track must not be that of a thread. */
const besides = 5_000_000

/** The track where the states of a thread are drawn as slices. */
export const stateTrack = ({ tid }: Lane) => tid + besides

/** Puts slices on tracks, with the ends of the arrows that are in them. */
export function layTracks(slices: Slice[]): TraceEvent[] {
  // Outer slices before inner ones.
  slices.sort((one, other) => one.from - other.from || other.to - one.to)
  const tracks = new Map<number, number[][]>()
  return slices.flatMap(({ lane, from, to, name, cat, args, flow }): TraceEvent[] => {
    const { pid } = lane
    const ofThread = tracks.get(lane.tid) ?? []
    tracks.set(lane.tid, ofThread)
    // The ends of the open slices of each track, the innermost last. `at` reads no empty list.
    for (const open of ofThread) while (open.length > 0 && open.at(-1)! <= from) open.pop()
    let level = ofThread.findIndex((open) => open.length === 0 || open.at(-1)! >= to)
    if (level < 0) level = ofThread.push([]) - 1
    ofThread[level]!.push(to) // This track was found, or has just been added.
    // The first extra track is for the states.
    const tid = level === 0 ? lane.tid : lane.tid + besides * (level + 1)
    const slice: TraceEvent = { ph: 'X', name, cat, pid, tid, ts: from, dur: to - from, args }
    if (!flow) return [slice]
    const end = { ...flow, name: 'message', cat: 'message', pid, tid, ts: from }
    return [slice, flow.ph === 'f' ? { ...end, bp: 'e' } : end]
  })
}

/** Names the processes, threads and extra tracks, and sorts them like the lanes. */
export function nameTracks({ lanes }: Story, drawn: readonly TraceEvent[]): TraceEvent[] {
  const used = new Set(drawn.map(({ tid }) => tid))
  return lanes.flatMap((lane) => {
    const { index, pid, tid } = lane
    const name = lane.name || 'process'
    const beside = Array.from({ length: 5 }, (_, level) => tid + besides * level).filter(
      (track, level) => level === 0 || used.has(track),
    )
    const threads = beside.flatMap((track, at) => {
      const label = track === tid ? name : track === stateTrack(lane) ? `${name}: state` : `${name} (also)`
      return [
        { ph: 'M', name: 'thread_name', pid, tid: track, args: { name: label } },
        { ph: 'M', name: 'thread_sort_index', pid, tid: track, args: { sort_index: index * 10 + at } },
      ]
    })
    if (tid !== pid) return threads
    return [
      { ph: 'M', name: 'process_name', pid, args: { name } },
      { ph: 'M', name: 'process_sort_index', pid, args: { sort_index: index } },
      ...threads,
    ]
  })
}

/** Which process holds a lock, and which one waits for it, until the holder is killed. */
import type { Held, Lane, Story } from '../../story/index.js'
import { when } from '../figure.js'
import { element, fitted, textAt, widthOf } from '../parts.js'
import { createSteps } from './steps.js'

interface Span {
  lane: Lane
  from: number
  to: number
  kind: 'waiting' | 'held'
}

export interface LockStory {
  lanes: Lane[]
  spans: Span[]
  /** When a process was killed, or exited. */
  goneAt: (lane: Lane) => number
  /** The kill of a process that holds the lock, and the return of a call that reports it. */
  marks: { lane: Lane; t: number; label: string }[]
}

const lockCall = 'pthread_mutex_lock'

/** The calls of a lock in the story; undefined where there are none. */
export function lockStory(story: Story): LockStory | undefined {
  const locks = story.holds.filter(({ first }) => first.call === lockCall)
  if (locks.length === 0) return undefined
  const kills = story.steps.flatMap(({ event, about }) =>
    event.event === 'signal' && event.signal === 'SIGKILL' && about ? [{ t: event.t, lane: about }] : [],
  )
  const goneAt = (lane: Lane) => kills.find((kill) => kill.lane === lane)?.t ?? lane.end?.t ?? story.end
  const holds = locks.flatMap((held) => holdOf(story, held, goneAt(held.lane)))
  const waits = locks.flatMap((held) => waitOf(held, holds))
  const spans = [...waits, ...holds]
  const lanes = [...new Set(locks.map(({ lane }) => lane))].slice(0, 3)
  const marks = [
    ...kills.filter(({ lane }) => lanes.includes(lane)).map((kill) => ({ ...kill, label: 'SIGKILL' })),
    ...locks.flatMap(({ lane, end, last }) =>
      last?.errno === undefined ? [] : [{ lane, t: end, label: last.errno }],
    ),
  ]
  return { lanes, spans: spans.filter(({ lane }) => lanes.includes(lane)), goneAt, marks }
}

/** The time for which a process held the lock, from the return of its call. */
function holdOf(story: Story, { lane, end, last }: Held, gone: number): Span[] {
  if (!last) return []
  const released = story.steps.find(
    ({ event, lane: by }) =>
      by === lane && event.event === 'call' && event.call === 'pthread_mutex_unlock' && event.t >= end,
  )
  return [{ lane, from: end, to: Math.max(end, released?.event.t ?? gone), kind: 'held' }]
}

/** The time for which a process waited for the lock. A call waits only while another process holds it. */
function waitOf({ lane, begin, end }: Held, holds: Span[]): Span[] {
  const waits = holds.some((hold) => hold.lane !== lane && hold.from <= begin && hold.to > begin)
  return waits ? [{ lane, from: begin, to: end, kind: 'waiting' }] : []
}

/** The lanes of the lock, in steps. Its height is 40 and 74 for each lane. */
export function drawLock(
  story: Story,
  { lanes, spans, goneAt, marks }: LockStory,
  place: { left: number; right: number; top: number },
): string[] {
  const { left, right, top } = place
  const moments = [...spans.flatMap(({ from, to }) => [from, to]), ...marks.map(({ t }) => t)]
  const x = createSteps(moments, left + 110, right)
  const y = (lane: Lane) => top + 52 + 74 * lanes.indexOf(lane)
  return [
    textAt(left, top, 'The lock: its holder is killed while another process waits', 'name'),
    ...lanes.map((lane) => textAt(left, y(lane) + 5, fitted(lane.name, 104, 16), 'name')),
    ...lanes.map((lane) =>
      element('path', { d: `M${left + 110} ${y(lane)}H${x(goneAt(lane)).toFixed(1)}`, class: 'life' }),
    ),
    ...spans.map(({ lane, from, to, kind }) => {
      const width = Math.max(x(to) - x(from), 2)
      const height = kind === 'held' ? 34 : 18
      const rect = element('rect', { x: x(from), y: y(lane) - height / 2, width, height, class: kind })
      const words = kind === 'held' ? ['holds the lock', 'holds it'] : ['waits']
      const label = words.find((one) => widthOf(one, 14) < width) ?? ''
      const text = textAt(x(from) + width / 2, y(lane) + 5, label, 'small', 'middle')
      return element('g', { 'data-lock': kind, ...when(story, from) }, rect + text)
    }),
    ...marks.map(({ lane, t, label }) => {
      const mark = element('path', { d: `M${x(t).toFixed(1)} ${y(lane) - 22}v44`, class: 'lost' })
      return element('g', when(story, t), mark + textAt(x(t), y(lane) - 27, label, 'small bad', 'middle'))
    }),
  ]
}

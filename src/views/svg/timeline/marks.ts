/** Small marks on the lanes, for events without duration. */
import type { Event, TallyFact } from '../../../events.js'
import { describe } from '../../describe-event.js'
import type { Lane, Story } from '../../story/index.js'
import { when } from '../figure.js'
import { element } from '../parts.js'
import { byKind, cluster } from './cluster.js'
import { count, type Layout } from './layout.js'
import type { Scale } from './scale.js'

/** Marks closer than this, in pixels, are drawn as one. */
const near = 7

/** Events without duration: calls that returned at once, evidence, notes, objects made and removed. */
export function drawMoments(lane: Lane, story: Story, { scale, y: yOf, folded }: Layout): string[] {
  const y = yOf(lane)
  const moments = story.steps.flatMap((step) => {
    const kind = (step.about ?? step.lane) === lane && kindOf(step.event, step.held !== undefined)
    return kind ? [{ kind, x: scale.x(step.event.t), event: step.event }] : []
  })
  const tallies = story.steps.flatMap((step) =>
    step.lane === lane && step.event.event === 'tally' ? [drawTally(story, step.event, y, scale)] : [],
  )
  const marks = [...byKind(moments, ({ kind }) => kind)].flatMap(([kind, list]) => {
    const groups = cluster(list, ([first], [next]) => next.x - first.x < near)
    return groups.map((group) => {
      if (group.length > 1) count(folded, 'marks', group.length)
      const titles = group.slice(0, 8).map(({ event }) => describe(event))
      const more = group.length > 8 ? [`and ${group.length - 8} more`] : []
      const [{ x, event }] = group
      return element('g', when(story, event.t), drawMark(kind, x, y, [...titles, ...more].join('\n')))
    })
  })
  return [...tallies, ...marks]
}

function drawTally(story: Story, event: Event & TallyFact, y: number, scale: Scale): string {
  const [x, until] = [scale.x(event.since), scale.x(event.t)]
  const rect = {
    x,
    y: y + 4,
    width: Math.max(until - x, 2),
    height: 4,
    class: 'tally',
    ...when(story, event.since, event.t),
  }
  return element('rect', rect, '', `${event.direction} ${describe(event)} over ${event.channel}`)
}

function kindOf(event: Event, held: boolean): string | undefined {
  switch (event.event) {
    case 'call':
      return held ? undefined : event.errno ? 'failed call' : 'call'
    case 'evidence':
    case 'note':
    case 'created':
    case 'removed':
    case 'error':
    case 'signal':
      return event.event
    default:
      return undefined
  }
}

function drawMark(kind: string, x: number, y: number, title: string): string {
  const at = (path: string, below: number) => `M${x.toFixed(1)} ${(y + below).toFixed(1)}${path}`
  switch (kind) {
    case 'call':
    case 'failed call': {
      const name = kind === 'call' ? 'once' : 'once failed'
      return element('path', { d: at('v12', -6), class: name }, '', title)
    }
    case 'evidence':
      return element('path', { d: at('l4 4l-4 4l-4 -4z', 9), class: 'kernel' }, '', title)
    case 'signal':
      return element('path', { d: at('l-3 5h5l-3 6', 6), class: 'lost', 'stroke-width': 2 }, '', title)
    case 'error':
      return element('path', { d: at('l-4 8h8z', 8), class: 'bad' }, '', title)
    case 'created':
      return element('path', { d: at('v8m-4 -4h8', 9), class: 'mark', 'stroke-width': 2 }, '', title)
    case 'removed':
      return element('path', { d: at('m-4 0h8', 13), class: 'mark', 'stroke-width': 2 }, '', title)
    default:
      return element('circle', { cx: x, cy: y + 13, r: 2, class: 'dim' }, '', title)
  }
}

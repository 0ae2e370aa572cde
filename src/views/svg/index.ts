/**
 * A picture of the run, drawn to scale: a lane for each process, bars for the calls that blocked it, arrows for
 * messages, claims below. Items that are too close together are drawn as one, and the picture counts them.
 */
import type { RunFact } from '../../events.js'
import { counted, duration, thousands } from '../../text.js'
import { subject, versions } from '../describe-event.js'
import type { Story } from '../story/index.js'
import { drawArrows } from './arrows.js'
import { drawClaimMarks, listClaims } from './claims.js'
import { channelsOf, depthRow, drawDepths } from './depth.js'
import { drawLanes } from './lanes.js'
import { createRoom, type Layout } from './layout.js'
import { drawLegend } from './legend.js'
import { drawMemory } from './memory.js'
import { element, fitted, textAt, widthOf } from './parts.js'
import { createScale } from './scale.js'
import { style } from './style.js'

/** Pixels, before a viewer scales the picture. */
const width = 1000
const left = 150
const right = width - 24

/** At most this many lanes are drawn. */
const mostLanes = 64

/**
 * The element `svg`.
 *
 * @param alone false where the page around it already has a title and the claims
 */
export function drawSvg(whole: Story, { alone } = { alone: true }): string {
  const story = withFewLanes(whole)
  const { lanes, chapters } = story
  const top = (alone ? 78 : 24) + (chapters.length > 0 ? 18 : 0)
  const laneHeight = lanes.length > 12 ? 40 : 58
  const moments = story.steps.map(({ event }) => event.t)
  const covered = [
    ...story.holds.map(({ begin, end }) => ({ from: begin, to: end })),
    ...story.stays,
    ...story.steps.flatMap(({ event }) =>
      event.event === 'tally' ? [{ from: event.since, to: event.t }] : [],
    ),
  ]
  const scale = createScale(moments, covered, { from: left, to: right })
  const layout: Layout = {
    scale,
    left,
    right,
    laneHeight,
    y: ({ index }) => top + 24 + laneHeight * (index + 0.5),
    folded: new Map(),
    unlisted: 0,
    claim: createRoom(),
  }
  const channels = channelsOf(story)
  const lanesEnd = top + 24 + laneHeight * lanes.length
  const foot = lanesEnd + depthRow * channels.length
  // The lanes first: the labels of arrows use the room that the labels of lanes leave.
  const drawnLanes = drawLanes(story, layout)
  const { sheaves, lines, labels } = drawArrows(story.arrows, layout)
  const plot = [
    ...drawAxis(layout, top, foot),
    ...drawChapters(story, layout, top, foot),
    ...drawClaimMarks(story, foot + 16, top + 24, layout),
    ...sheaves,
    ...drawnLanes,
    ...drawDepths(channels, story.end, lanesEnd, layout),
    ...lines,
    ...labels,
  ]
  const legend = drawLegend(story, layout, foot + 46)
  const memory = drawMemory(story, legend.end)
  const below = memory.end + 24
  const claims = alone ? listClaims(story, below, width, layout) : { parts: [], end: memory.end + 6 }
  const notes = footnotes(whole, story, layout)
  const height = claims.end + notes.length * 15 + 12
  const name = nameOf(story)
  const [run] = story.runs
  const good = story.claims.filter(({ holds }) => holds).length
  const about = `${counted(lanes.length, 'lane')}, ${counted(story.steps.length, 'event')} in ${duration(story.end - story.start)}`
  const sum = `${about}; ${good} of ${counted(story.claims.length, 'claim')} hold`
  const parts = [
    element('rect', { width, height, class: 'paper' }),
    ...(alone ? drawTitle(name, run) : []),
    ...plot,
    ...legend.parts,
    ...memory.parts,
    ...claims.parts,
    ...notes.map((text, at) => textAt(12, claims.end + 10 + at * 15, text, 'small dim')),
  ]
  const box = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${width} ${Math.ceil(height)}`,
    width,
    height: Math.ceil(height),
    role: 'img',
    'aria-label': `${name}: ${sum}`,
  }
  return element('svg', box, `\n<style>${style}</style>\n${parts.join('\n')}\n`)
}

function drawTitle(name: string, run: RunFact | undefined): string[] {
  const about = run ? `${versions(run)}, ${run.wall}` : ''
  return [
    textAt(12, 28, fitted(name, width - 24, 17), 'title'),
    textAt(12, 48, fitted(about, width - 24, 11), 'small dim'),
  ]
}

/** Drops the lanes for which there is no room, and their messages. */
function withFewLanes(story: Story): Story {
  if (story.lanes.length <= mostLanes) return story
  const kept = new Set(story.lanes.slice(0, mostLanes))
  return {
    ...story,
    lanes: [...kept],
    arrows: story.arrows.filter(
      ({ from, to }) => (!from || kept.has(from.lane)) && (!to || kept.has(to.lane)),
    ),
  }
}

/** The command of the run. */
export function nameOf({ runs, chapters }: Story): string {
  const inside = new Set(chapters.map(({ run }) => run))
  const names = [...new Set(runs.filter((run) => !inside.has(run)).map(({ command }) => subject(command)))]
  return names.join(' + ') || 'osdemo'
}

function drawAxis({ scale }: Layout, top: number, foot: number): string[] {
  const ticks = scale.ticks.flatMap(({ x, label }) => [
    element('path', { d: `M${x.toFixed(1)} ${top + 6}V${foot}`, class: 'grid' }),
    textAt(Math.min(x, width - 4 - widthOf(label, 11) / 2), top, label, 'small dim', 'middle'),
  ])
  const cuts = scale.cuts.flatMap(({ from, to, time }) => {
    const middle = (from + to) / 2
    const wave = (x: number) => `M${x.toFixed(1)} ${top + 6}l4 5l-8 5l4 5V${foot}`
    const title = `${duration(time)} without an event are cut out here`
    return [
      element('rect', {
        x: from + 2,
        y: top + 6,
        width: to - from - 4,
        height: foot - top - 6,
        class: 'paper',
      }),
      element('path', { d: wave(middle - 3) + wave(middle + 3), class: 'life' }, '', title),
      element(
        'text',
        {
          x: 0,
          y: 0,
          class: 'small dim halo',
          transform: `translate(${middle + 4} ${foot - 4}) rotate(-90)`,
        },
        duration(time),
      ),
    ]
  })
  return [...ticks, ...cuts]
}

/** In the tour: marks where each demo begins. */
function drawChapters({ chapters, end }: Story, { scale }: Layout, top: number, foot: number): string[] {
  return chapters.flatMap(({ t, run }, at) => {
    const x = scale.x(t)
    const room = scale.x(chapters[at + 1]?.t ?? end) - x - 6
    return [
      element('path', { d: `M${x.toFixed(1)} ${top - 34}V${foot}`, class: 'life' }, '', subject(run.command)),
      textAt(x + 4, top - 24, fitted(run.command.join(' '), room, 11), 'small'),
    ]
  })
}

function footnotes(whole: Story, story: Story, { scale, folded, unlisted }: Layout): string[] {
  const notes: string[] = []
  if (scale.cuts.length > 0) {
    notes.push('Times are to scale. Where the axis is broken, time without an event is cut out.')
  }
  if (folded.size > 0) {
    const parts = [...folded].map(([what, number]) => `${thousands(number)} ${what}`)
    notes.push(`Too close together to be drawn one by one: ${parts.join(', ')}.`)
  }
  if (unlisted > 0) notes.push(`Evidence not listed: ${unlisted}.`)
  if (whole.leftOut > 0) notes.push(`${counted(whole.leftOut, 'event')} of detail not drawn.`)
  const missing = whole.lanes.length - story.lanes.length
  if (missing > 0) notes.push(`${missing} more processes and threads not drawn.`)
  const failures = story.steps.flatMap(({ event }) => (event.event === 'error' ? [event.message] : []))
  return [...failures.map((message) => `The run failed: ${message}`), ...notes].map((text) =>
    fitted(text, width - 24, 11),
  )
}

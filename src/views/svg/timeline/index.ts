/**
 * The timeline, drawn to scale: a lane for each process, bars for the calls that blocked it, arrows for messages, claims below.
 * Items that are too close together are drawn as one, and the picture counts them.
 */
import { counted, duration, thousands } from '../../../text.js'
import type { Lane, Story } from '../../story/index.js'
import { box, type Figure } from '../figure.js'
import { element, fitted, textAt, widthOf } from '../parts.js'
import { drawArrows } from './arrows.js'
import { claimHeight, drawClaimMarks, listClaims, listed } from './claims.js'
import { channelsOf, depthRow, drawDepths } from './depth.js'
import { listFindings } from './findings.js'
import { drawLanes } from './lanes.js'
import { createRoom, type Layout } from './layout.js'
import { drawLegend } from './legend.js'
import { createScale } from './scale.js'

const { right, bottom } = box
/** Where the time axis begins. Names are to the left of it. */
const left = 210

/** Heights of the axis, of the row of claim marks, of a lane at least and at most, in pixels. */
const axisHeight = 26
const markHeight = 34
const leastLane = 28
const mostLane = 120

export function drawTimeline(whole: Story): Figure {
  const claims = listed(whole)
  const listHeight = Math.ceil(claims.length / 2) * claimHeight
  // From below: notes, findings, claims, legend, claim marks. The lanes get the rest.
  const notesTop = bottom - 2
  const findingsTop = notesTop - 24 - listFindings(whole, 0).height
  const listTop = findingsTop - listHeight
  const legendTop = listTop - 14 - drawLegend(whole, 0).height
  const { parts, layout, foot, notes } = drawPlot(whole, { top: box.top, bottom: legendTop - markHeight })
  const legend = drawLegend(whole, foot + markHeight + 16)
  const drawn = [
    ...drawClaimMarks(whole, foot + 18, box.top + 40, layout),
    ...parts,
    ...legend.parts,
    ...listClaims(whole, foot + markHeight + legend.height + 34),
    ...listFindings(whole, foot + markHeight + legend.height + 34 + listHeight).parts,
    textAt(box.left, notesTop, fitted(notes.join(' '), right - box.left, 14), 'small dim'),
  ]
  return { parts: drawn, claims }
}

/**
 * The time axis with the lanes below it and the channels below them, as high as the room or lower. It has no legend and no claims.
 *
 * @param place the y coordinates between which there is room
 * @returns `foot`: where it ends; `notes`: what it could not draw
 */
export function drawPlot(
  whole: Story,
  place: { top: number; bottom: number },
): { parts: string[]; layout: Layout; foot: number; notes: string[] } {
  const channels = channelsOf(whole)
  const top = place.top + 14
  const lanesTop = top + axisHeight
  const room = place.bottom - lanesTop - depthRow * channels.length
  const story = withFewLanes(whole, Math.max(1, Math.floor(room / leastLane)))
  const { lanes } = story
  const laneHeight = Math.min(mostLane, room / Math.max(lanes.length, 1))
  const scale = createScale(
    story.steps.map(({ event }) => event.t),
    coveredBy(story),
    { from: left, to: right },
  )
  const rows = new Map(lanes.map((lane, at) => [lane, at]))
  const layout: Layout = {
    scale,
    left,
    right,
    laneHeight,
    y: (lane) => lanesTop + laneHeight * ((rows.get(lane) ?? 0) + 0.5),
    folded: new Map(),
    claim: createRoom(),
  }
  const lanesEnd = lanesTop + laneHeight * lanes.length
  const foot = lanesEnd + depthRow * channels.length
  // In this order: each kind of label uses the room that those before it leave.
  const axis = drawAxis(layout, top, foot)
  const drawnLanes = drawLanes(story, layout)
  const { sheaves, lines, labels } = drawArrows(story, layout)
  const parts = [
    ...axis,
    ...sheaves,
    ...drawnLanes,
    ...drawDepths(channels, story, lanesEnd, layout),
    ...lines,
    ...labels,
  ]
  return { parts, layout, foot, notes: notesOf(whole, story, layout) }
}

/** Times in which a process is in a call or a state, or messages are counted. They are never cut out of the axis. */
function coveredBy({ holds, stays, steps }: Story) {
  return [
    ...holds.map(({ begin, end }) => ({ from: begin, to: end })),
    ...stays,
    ...steps.flatMap(({ event }) => (event.event === 'tally' ? [{ from: event.since, to: event.t }] : [])),
  ]
}

/**
 * Drops lanes that only report, such as that of the supervisor, and those for which there is no room, with their messages.
 *
 * @param most how many lanes there is room for
 */
function withFewLanes(story: Story, most: number): Story {
  const supervisors = new Set(story.runs.map(({ pid }) => pid))
  const active = new Set<Lane | undefined>([
    ...story.holds.map(({ lane }) => lane),
    ...story.stays.map(({ lane }) => lane),
    ...story.arrows.flatMap(({ from, to }) => [from?.lane, to?.lane]),
    ...story.steps.flatMap(({ event, lane }) =>
      event.event === 'call' || event.event === 'tally' ? [lane] : [],
    ),
  ])
  const taking = story.lanes.filter((lane) => !supervisors.has(lane.tid) || active.has(lane))
  const kept = new Set((taking.length > 0 ? taking : story.lanes).slice(0, most))
  if (kept.size === story.lanes.length) return story
  return {
    ...story,
    lanes: [...kept],
    holds: story.holds.filter(({ lane }) => kept.has(lane)),
    stays: story.stays.filter(({ lane }) => kept.has(lane)),
    arrows: story.arrows.filter(
      ({ from, to }) => (!from || kept.has(from.lane)) && (!to || kept.has(to.lane)),
    ),
  }
}

function drawAxis({ scale, claim }: Layout, top: number, foot: number): string[] {
  const label = (x: number, text: string) => {
    const width = widthOf(text, 14)
    const place = Math.min(x, right - width / 2)
    return claim(place - width / 2, top, width) ? [textAt(place, top, text, 'small dim', 'middle')] : []
  }
  const ticks = scale.ticks.flatMap(({ x, label: text }) => [
    element('path', { d: `M${x.toFixed(1)} ${top + 6}V${foot}`, class: 'grid' }),
    ...label(x, text),
  ])
  const cuts = scale.cuts.flatMap(({ from, to, time }) => {
    const middle = (from + to) / 2
    const wave = (x: number) => `M${x.toFixed(1)} ${top + 6}l4 5l-8 5l4 5V${foot}`
    const title = `${duration(time)} without an event are cut out here`
    const paper = { x: from + 2, y: top + 6, width: to - from - 4, height: foot - top - 6, class: 'paper' }
    return [
      element('rect', paper),
      element('path', { d: wave(middle - 3) + wave(middle + 3), class: 'life' }, '', title),
      ...label(middle, `(${duration(time)})`),
    ]
  })
  return [...ticks, ...cuts]
}

function notesOf(whole: Story, story: Story, { scale, folded }: Layout): string[] {
  const notes: string[] = []
  if (scale.cuts.length > 0) notes.push('Where the axis is broken, the time in brackets is left out.')
  if (folded.size > 0) {
    const parts = [...folded].map(([what, number]) => `${thousands(number)} ${what}`)
    notes.push(`Too close together to draw: ${parts.join(', ')}.`)
  }
  if (whole.details.length > 0) notes.push(`${counted(whole.details.length, 'event')} of detail not drawn.`)
  const supervisors = new Set(whole.runs.map(({ pid }) => pid))
  const missing = whole.lanes.filter((lane) => !story.lanes.includes(lane) && !supervisors.has(lane.tid))
  if (missing.length > 0) notes.push(`${missing.length} more processes and threads not drawn.`)
  return notes
}

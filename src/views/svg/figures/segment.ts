/** The life of a segment: from its creation to its removal and its end, and the processes that attach it. */
import { curveStepAfter, line } from 'd3-shape'
import { largest, size as sizeText } from '../../../text.js'
import type { Lane, Story } from '../../story/index.js'
import { box, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt, widthOf } from '../parts.js'
import { participant } from './participants.js'
import { type Act, type SegmentLife, type Span, segmentLife } from './segment-life.js'
import { createSteps } from './steps.js'

const left = 160
const right = 1236
const top = box.top + 8

/** Heights of the bar of the segment, of the line of nattch, and of the row of a process at most. */
const barHeight = 40
const countHeight = 44
const mostRow = 96

/** More processes are not drawn. */
const mostLanes = 4

export const drawSegment: Draw = (story) => {
  const life = segmentLife(story)
  if (!life || life.spans.length === 0) return undefined
  const lanes = [...new Set(life.spans.map(({ lane }) => lane))].slice(0, mostLanes)
  const moments = [
    ...life.spans.flatMap(({ from, to }) => [from, to]),
    ...life.acts.filter(({ lane }) => lanes.includes(lane)).map(({ t }) => t),
    ...life.counts.filter(({ isSeen }) => isSeen).map(({ t }) => t),
    ...[life.created, life.removed].filter((t) => t !== undefined),
    ...lanes.flatMap(({ end }) => (end ? [end.t] : [])),
  ]
  // Without a recorded end, the segment remains.
  const axis = {
    x: createSteps([...moments, ...(life.freed ? [] : [story.end])], left, right),
    end: life.freed ?? story.end,
  }
  const claims = claimsOf(story, [
    'shm/segment-outlives-its-creator',
    'shm/found-by-key',
    'shm/detach-removes-mapping',
    'shm/removed-segment-loses-its-key',
    'shm/removed-segment-works-while-attached',
    'shm/removed-segment-goes-with-last-detach',
  ])
  const rowsTop = top + barHeight + countHeight + 34
  const half = Math.ceil(claims.length / 2)
  const rowHeight = Math.min(mostRow, (box.bottom - rowsTop - 26 - 46 * half) / lanes.length)
  const foot = rowsTop + rowHeight * lanes.length
  const columns = [claims.slice(0, half), claims.slice(half)]
  return {
    title: 'Shared memory: a segment belongs to the kernel',
    see: 'The segment outlives its creator. After its removal it stays until the last process has detached it.',
    claims,
    parts: [
      ...drawBar(story, life, axis),
      ...drawCounts(story, life, axis),
      ...lanes.flatMap((lane, at) =>
        drawProcess(story, life, lane, at, axis, rowsTop + rowHeight * (at + 0.5)),
      ),
      textAt(
        box.left,
        foot + 12,
        'The steps are in the order of their times, not to scale. Coloured: the segment is attached.',
        'small dim',
      ),
      ...columns.flatMap(
        (column, at) =>
          writeClaims(story, column, { x: box.left + 606 * at, y: foot + 42, width: 590, lines: 2 }).parts,
      ),
    ],
  }
}

interface Axis {
  x: (t: number) => number
  /** When the segment was freed, or the end of the story. */
  end: number
}

function drawBar(story: Story, life: SegmentLife, { x, end }: Axis): string[] {
  const { created, removed, freed, channel, id, size } = life
  const from = x(created ?? story.start)
  const to = x(end)
  const cut = removed === undefined ? to : x(removed)
  const bar = (x1: number, x2: number, kind: string, t: number) =>
    element('rect', {
      x: x1,
      y: top,
      width: Math.max(x2 - x1, 1),
      height: barHeight,
      class: kind,
      ...when(story, t),
    })
  const words = [
    id === undefined ? 'the segment' : `segment ${id}`,
    channel.startsWith('id') ? '' : `key ${channel}`,
    size === undefined ? '' : sizeText(size),
  ]
  const parts = [
    textAt(box.left, top + 18, 'segment', 'name'),
    textAt(box.left, top + 37, 'in the kernel', 'small'),
    bar(from, cut, 'held', created ?? story.start),
    textAt(from + 10, top + 26, fitted(words.filter(Boolean).join(', '), cut - from - 16, 16), 'name'),
  ]
  if (removed !== undefined) {
    const about = cut < to ? 'removed, but still attached' : 'removed'
    parts.push(
      element(
        'g',
        { ...when(story, removed), 'data-removed': channel },
        element('rect', { x: cut, y: top, width: Math.max(to - cut, 1), height: barHeight, class: 'new' }) +
          element('path', { d: `M${cut.toFixed(1)} ${top - 6}v${barHeight + 12}`, class: 'lost' }) +
          (to - cut < widthOf(about, 15)
            ? textAt(cut - 8, top + 26, about, 'bad', 'end')
            : textAt(cut + 8, top + 26, about, 'bad')),
      ),
    )
  }
  if (freed !== undefined)
    parts.push(
      element('path', {
        d: `M${to.toFixed(1)} ${top - 6}v${barHeight + 12}`,
        class: 'frame',
        ...when(story, freed),
      }),
    )
  return parts
}

/** How often the segment is attached, as a line of steps, with the numbers that the kernel reported. */
function drawCounts(story: Story, { counts, created }: SegmentLife, { x, end }: Axis): string[] {
  const most = largest(
    counts.map(({ count }) => count),
    1,
  )
  const floor = top + barHeight + 20 + countHeight - 14
  const y = (count: number) => floor - (Math.min(count, most) / most) * (countHeight - 16)
  const start = created ?? counts[0]?.t ?? story.start
  const points = [{ t: start, count: 0 }, ...counts, { t: end, count: counts.at(-1)?.count ?? 0 }].filter(
    ({ t }) => t >= start && t <= end,
  )
  const draw = line<{ t: number; count: number }>(
    ({ t }) => x(t),
    ({ count }) => y(count),
  ).curve(curveStepAfter)
  const marks = counts.flatMap(({ t, count, isSeen }) =>
    isSeen
      ? [
          element(
            'g',
            { ...when(story, t), 'data-nattch': count },
            element('circle', { cx: x(t), cy: y(count), r: 5, class: 'one' }) +
              textAt(x(t) + 2, y(count) - 9, `${count}`, 'small halo', 'middle'),
          ),
        ]
      : [],
  )
  return [
    textAt(box.left, floor - 4, 'nattch', 'name'),
    element('path', { d: draw(points) ?? '', class: 'one-line' }),
    ...marks,
  ]
}

function drawProcess(
  story: Story,
  { spans, acts }: SegmentLife,
  lane: Lane,
  at: number,
  { x }: Axis,
  middle: number,
): string[] {
  const own = spans.filter((span) => span.lane === lane)
  const ends = lane.end?.t ?? story.end
  const life = `M${x(lane.born).toFixed(1)} ${middle}H${x(ends).toFixed(1)}`
  return [
    textAt(box.left, middle + 5, fitted(lane.name || `process ${lane.pid}`, left - box.left - 8, 16), 'name'),
    element('path', { d: life, class: 'life', ...when(story, lane.born) }),
    ...own.map((span) => drawSpan(story, span, at, x, middle)),
    ...drawActs(
      story,
      acts.filter((act) => act.lane === lane),
      x,
      middle,
    ),
  ]
}

function drawSpan(story: Story, { from, to, lane }: Span, at: number, x: Axis['x'], middle: number): string {
  const width = Math.max(x(to) - x(from), 2)
  const attributes = {
    x: x(from),
    y: middle - 9,
    width,
    height: 18,
    class: participant(at),
    'data-attached': lane.name,
    ...when(story, from),
  }
  return element('rect', attributes)
}

/** Marks on the line of a process, with words above or below it, where there is room. */
function drawActs(story: Story, acts: Act[], x: Axis['x'], middle: number): string[] {
  const free = [0, 0]
  return acts.map(({ t, label, isFailure }) => {
    const place = x(t)
    const width = widthOf(label, 14)
    const from = Math.max(left, Math.min(place - width / 2, right - width))
    const row = free.findIndex((taken) => from >= taken)
    if (row >= 0) free[row] = from + width + 6
    const kind = isFailure ? 'small bad' : 'small'
    const words = row < 0 ? '' : textAt(from, row === 0 ? middle - 15 : middle + 25, label, kind)
    const mark = element(
      'circle',
      { cx: place, cy: middle, r: 5, class: isFailure ? 'bad halo' : 'ink halo' },
      '',
      label,
    )
    return element('g', when(story, t), mark + words)
  })
}

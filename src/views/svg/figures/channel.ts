/**
 * Messages through a queue or a named pipe: the channel lies between the lanes of its two ends. Each message is a box in it, from
 * when it was sent until it was received, and moves down when the message before it leaves. So the height of the boxes is the
 * depth of the channel, and the lowest box is the next to be received.
 */
import { area, curveStepAfter } from 'd3-shape'
import { type Depth, isEndOfFile } from '../../../events.js'
import { counted, largest, size, sumOf } from '../../../text.js'
import type { Held, Lane, Story } from '../../story/index.js'
import type { Arrow } from '../../story/messages.js'
import { box, type Draw, when } from '../figure.js'
import { element, fitted, textAt, widthOf } from '../parts.js'
import { drawStretched, stretch, stretched } from '../stretch.js'
import { claimHeight, drawClaimMarks, listClaims, listed } from '../timeline/claims.js'
import { drawLanes } from '../timeline/lanes.js'
import { createRoom, type Layout } from '../timeline/layout.js'

/** With more messages than this, the timeline shows them as sheaves of arrows. */
const mostMessages = 24

/** Where the time axis begins. Names are to the left of it. */
const left = 220

/** Pixels from the top of the box to the upper lane, between a lane and the channel, and below the lower lane. */
const upperLane = 74
const laneGap = 66
const belowLanes = { lane: 42, marks: 34, note: 30 }

/** Pixels of the channel at least, and of a message. */
const leastChannel = 60
const slotHeight = { least: 9, most: 36 }

/** A message in the channel. */
interface Parcel {
  arrow: Arrow
  /** When it entered and left. */
  in: number
  out: number
  /** How many messages were before it, from a time on. The first time is when it entered. */
  places: [{ t: number; ahead: number }, ...{ t: number; ahead: number }[]]
}

export const drawChannel: Draw = (story) => {
  const passage = passageOf(story)
  if (!passage) return undefined
  const { sender, receiver, parcels, depth } = passage
  const slots = largest(
    parcels.flatMap(({ places }) => places.map(({ ahead }) => ahead + 1)),
    Math.min(depth?.capacity ?? 0, 12),
  )
  const rows = Math.max(slots, 1)
  const claims = listed(story)
  const listTop = box.bottom - Math.ceil(claims.length / 2) * claimHeight + 14
  const below = laneGap + belowLanes.lane + belowLanes.marks + belowLanes.note
  const room = listTop - below - (box.top + upperLane + laneGap)
  const slot = Math.max(slotHeight.least, Math.min(slotHeight.most, room / rows))

  const channelTop = box.top + upperLane + laneGap
  const channelEnd = channelTop + Math.max(leastChannel, slot * rows)
  const lanesEnd = channelEnd + laneGap + belowLanes.lane
  const scale = stretch(momentsOf(story, passage), { from: left, to: box.right - 90 }, story.start)
  const layout: Layout = {
    scale,
    left,
    right: box.right,
    laneHeight: 2 * belowLanes.lane,
    y: (lane) => (lane === receiver ? channelEnd + laneGap : channelTop - laneGap),
    folded: new Map(),
    claim: createRoom(),
  }
  // A call that did not have to wait is no bar: its message shows it, or its error.
  const holds = story.holds.filter(({ first, last }) => first.waits !== false && !last?.errno)
  const refused = story.holds.filter(({ lane, last }) =>
    lane === sender || lane === receiver ? last?.errno : false,
  )
  const lanes = drawLanes({ ...story, holds, lanes: [sender, receiver] }, layout)
  const parts = [
    ...drawStretched(scale, box.top + 14, lanesEnd),
    ...drawClaimMarks(story, lanesEnd + 16, box.top + 24, layout),
    ...drawTube(passage, rows, slot, channelTop, channelEnd),
    ...lanes,
    ...parcels.map((parcel, at) => drawParcel(story, parcel, at, slot, channelEnd, passage, layout)),
    ...refused.map((call) => drawRefused(story, call, layout)),
    ...drawEndOfFile(story, receiver, layout),
    element('rect', { x: box.left, y: lanesEnd + 42, width: 16, height: 14, rx: 2, class: 'held' }),
    textAt(
      box.left + 24,
      lanesEnd + 54,
      [
        ...(refused.length > 0 ? ['a call blocks, × a call fails.'] : ['a call blocks.']),
        stretched,
        sumsOf(passage),
      ].join(' '),
      'small dim',
    ),
    ...listClaims(story, Math.max(listTop, lanesEnd + belowLanes.marks + belowLanes.note + 14)),
  ]
  return { ...wordsOf(passage), parts, claims }
}

/** The title where that of the run does not say which kind of queue it is, and what to see. */
function wordsOf({ kind, depth }: Passage): { title?: string; see: string } {
  if (kind === 'fifo')
    return {
      see: 'Each box is a message in the pipe: written by one process, and not read yet by the other.',
    }
  const see = 'Each box is a message in the queue: it enters above, moves down, and leaves below.'
  if (depth?.capacity === undefined) return depth ? { title: 'An unbounded queue', see } : { see }
  if (depth.capacity > 0) return { see }
  return {
    title: 'A rendezvous: a queue of capacity 0',
    see: 'Nothing is stored: a message passes while both processes are in their calls.',
  }
}

/** What the boxes count. */
function sumsOf({ kind, depth }: Passage): string {
  if (depth?.capacity === 0) return ''
  const what = kind === 'fifo' ? 'writes that were not read yet' : 'messages sent and not received yet'
  return `The boxes are ${what}.`
}

/** A call that failed, such as with EAGAIN. */
function drawRefused(story: Story, { lane, begin, last }: Held, { scale, y: yOf, claim }: Layout): string {
  const [x, y] = [scale.x(begin), yOf(lane)]
  const cross = element('path', { d: `M${(x - 5).toFixed(1)} ${y - 5}l10 10m0 -10l-10 10`, class: 'lost' })
  const text = last?.errno ?? ''
  const label = claim(x - 5, y - 12, widthOf(text, 14)) ? textAt(x - 5, y - 12, text, 'small bad halo') : ''
  return element('g', when(story, begin), cross + label)
}

/** Where the receiver got end of file. */
function drawEndOfFile(story: Story, receiver: Lane, { scale, y, right }: Layout): string[] {
  const end = story.steps.find(({ event, lane }) => lane === receiver && isEndOfFile(event))
  if (!end) return []
  const x = Math.min(scale.x(end.event.t), right - 40)
  return [
    element(
      'g',
      when(story, end.event.t),
      textAt(x + 4, y(receiver) + 34, 'read returns 0: end of file', 'small halo', 'end'),
    ),
  ]
}

interface Passage {
  kind: 'queue' | 'fifo'
  sender: Lane
  receiver: Lane
  parcels: Parcel[]
  depth?: Depth
}

/** The one queue or FIFO of the story whose messages, reported one by one, all go from one lane to another. */
function passageOf({ steps, arrows, holds, end }: Story): Passage | undefined {
  const kinds = new Map<string, 'queue' | 'fifo'>()
  let depth: Depth | undefined
  for (const { event } of steps) {
    if (event.event === 'tally') return undefined
    if (event.event === 'created' && (event.kind === 'queue' || event.kind === 'fifo'))
      kinds.set(event.id, event.kind)
    if (event.event === 'sent' && event.depth?.unit === 'messages') {
      depth ??= event.depth
      kinds.set(event.channel, 'queue')
    }
  }
  const [first] = arrows
  const kind = first && kinds.get(first.channel)
  if (!kind || arrows.length > mostMessages) return undefined
  const senders = new Set(arrows.flatMap(({ from }) => from?.lane ?? []))
  const receivers = new Set(arrows.flatMap(({ to }) => to?.lane ?? []))
  const [[sender], [receiver]] = [[...senders], [...receivers]]
  const isOne = senders.size === 1 && receivers.size === 1 && sender !== receiver
  if (!isOne || !sender || !receiver) return undefined
  if (arrows.some(({ channel, from }) => channel !== first.channel || !from)) return undefined
  const parcels = parcelsOf(arrows, holds, depth?.capacity, end)
  return { kind, sender, receiver, parcels, ...(depth && { depth }) }
}

/** The boxes, in the order in which they entered. */
function parcelsOf(
  arrows: readonly Arrow[],
  holds: readonly Held[],
  capacity: number | undefined,
  end: number,
): Parcel[] {
  const spans = arrows
    .map((arrow) => {
      const out = arrow.to?.t ?? end
      return { arrow, in: Math.min(enteredAt(arrow, holds, end), out), out }
    })
    .sort((one, other) => one.in - other.in)
  // A receiver reports after its call, and a blocked sender may be faster. A message that entered a full queue shows that one
  // had left.
  if (capacity) {
    spans.forEach((span, at) => {
      const next = spans[at + capacity]
      if (next) span.out = Math.max(span.in, Math.min(span.out, next.in))
    })
  }
  return spans.map((span, at) => {
    const before = spans.slice(0, at).filter(({ out }) => out > span.in)
    const leaving = before.map(({ out }) => out).filter((out) => out < span.out)
    leaving.sort((one, other) => one - other)
    return {
      ...span,
      places: [
        { t: span.in, ahead: before.length },
        ...leaving.map((t, gone) => ({ t, ahead: before.length - gone - 1 })),
      ],
    }
  })
}

/** A message is sent when its call begins. Where the call blocked, it entered when the call returned. */
function enteredAt({ from }: Arrow, holds: readonly Held[], end: number): number {
  const blocked = holds.find(
    ({ lane, begin, first }) => lane === from?.lane && begin === from.t && first.waits === true,
  )
  return blocked?.end ?? from?.t ?? end
}

/** The times that must be apart: messages, and the calls that blocked for longest. */
function momentsOf({ holds, end }: Story, { sender, receiver, parcels }: Passage): number[] {
  const calls = holds
    .filter(({ lane }) => lane === sender || lane === receiver)
    .sort((one, other) => other.end - other.begin - (one.end - one.begin))
    .slice(0, 12)
  return [
    ...calls.flatMap((call) => [call.begin, call.end]),
    ...parcels.flatMap((parcel) => [parcel.in, parcel.out]),
    Math.min(end, sender.end?.t ?? end, receiver.end?.t ?? end),
  ]
}

/** The walls of the channel, its name and how much it can hold. */
function drawTube(
  { kind, parcels, depth }: Passage,
  rows: number,
  slot: number,
  top: number,
  foot: number,
): string[] {
  const wall = (y: number) => element('path', { d: `M${left} ${y}H${box.right}`, class: 'frame' })
  const name = { queue: 'message queue', fifo: 'named pipe (FIFO)' }[kind]
  const channel = parcels[0]?.arrow.channel ?? ''
  const middle = (top + foot) / 2
  const room = left - box.left - 12
  const holds =
    depth?.capacity === undefined
      ? `at most ${size(mostBytes(parcels))}`
      : `room for ${counted(depth.capacity, 'message')}`
  const capacity = depth?.capacity
  const isDrawn = capacity !== undefined && capacity > 0 && capacity <= rows
  const full = isDrawn ? foot - capacity * slot : 0
  return [
    element('rect', {
      x: left,
      y: top - 6,
      width: box.right - left,
      height: foot - top + 12,
      class: 'band',
    }),
    wall(top - 6),
    wall(foot + 6),
    textAt(box.left, middle - 12, fitted(name, room, 16), 'name'),
    textAt(box.left, middle + 7, fitted(channel.split('/').at(-1) ?? '', room, 14), 'small dim'),
    textAt(box.left, middle + 26, fitted(holds, room, 14), 'small dim'),
    ...(isDrawn
      ? [
          element('path', {
            d: `M${left} ${full - 2}H${box.right - 60}`,
            class: 'mark',
            'stroke-dasharray': '6 4',
          }),
          textAt(box.right - 52, full - 10, `full: ${capacity}`, 'small dim'),
        ]
      : []),
  ]
}

/** The most bytes that were written and not read yet: sums of the messages. */
function mostBytes(parcels: readonly Parcel[]): number {
  const sums = parcels.map(({ in: t }) =>
    parcels
      .filter((other) => other.in <= t && other.out > t)
      .reduce((sum, { arrow }) => sumOf(sum, arrow.message.bytes), 0),
  )
  return largest(sums, 0)
}

/** The box of a message in the channel, with its way in and its way out. */
function drawParcel(
  story: Story,
  { arrow, in: entered, out, places }: Parcel,
  index: number,
  slot: number,
  foot: number,
  { depth }: Passage,
  { scale, y, claim }: Layout,
): string {
  if (depth?.capacity === 0) return drawHandover(story, arrow, entered, { scale, y, claim })
  const [x1, x2] = [scale.x(entered), Math.max(scale.x(out), scale.x(entered) + 5)]
  const [{ ahead: first }] = places
  const last = places.at(-1)?.ahead ?? first
  const shape = area<{ t: number; ahead: number }>()
    .x(({ t }) => (t >= out ? x2 : scale.x(t)))
    .y0(({ ahead }) => foot - ahead * slot - 1)
    .y1(({ ahead }) => foot - (ahead + 1) * slot + 1)
    .curve(curveStepAfter)
  const { from, to, message, fate } = arrow
  const lost = fate === 'lost'
  const d = shape([...places, { t: out, ahead: last }]) ?? ''
  const head = (x: number, at: number) =>
    element('path', { d: `M${x.toFixed(1)} ${at.toFixed(1)}l-4 -9h8z`, class: 'head' })
  const way = (d: string) => element('path', { d, class: 'arrow' })
  const enters = foot - (first + 1) * slot
  const ways = [
    ...(from
      ? [way(`M${x1.toFixed(1)} ${y(from.lane) + 8}V${(enters - 6).toFixed(1)}`), head(x1, enters)]
      : []),
    ...(to
      ? [
          way(
            `M${x2.toFixed(1)} ${(foot - last * slot).toFixed(1)}L${scale.x(to.t).toFixed(1)} ${y(to.lane) - 14}`,
          ),
          head(scale.x(to.t), y(to.lane) - 8),
        ]
      : []),
  ]
  const text = message.text || counted(message.bytes, 'byte')
  const box = element(
    'path',
    {
      d,
      class: lost ? 'four four-line' : 'one one-line',
      // Neighbours differ, so that the eye can follow a box down its steps.
      'fill-opacity': index % 2 === 0 ? 0.3 : 0.12,
      'stroke-dasharray': lost ? '4 3' : undefined,
    },
    '',
    `${text}: sent, and not received yet`,
  )
  const name = nameOf(text, places, out, x2, slot, foot, scale.x)
  const beside = name ?? besideOf(text, x2, (foot + (to ? y(to.lane) : foot + 40)) / 2, claim)
  return element('g', when(story, entered), ways.join('') + box + (beside ?? ''))
}

/** A message that is never in the channel: it goes from the sender straight to the receiver. */
function drawHandover(
  story: Story,
  { from, to, message }: Arrow,
  entered: number,
  { scale, y, claim }: Pick<Layout, 'scale' | 'y' | 'claim'>,
): string {
  if (!from || !to) return ''
  const [x1, x2] = [scale.x(entered), scale.x(to.t)]
  const [y1, y2] = [y(from.lane) + 8, y(to.lane) - 8]
  const text = message.text || counted(message.bytes, 'byte')
  return element(
    'g',
    when(story, entered),
    element('path', {
      d: `M${x1.toFixed(1)} ${y1}L${x2.toFixed(1)} ${(y2 - 8).toFixed(1)}`,
      class: 'arrow',
    }) +
      element('path', { d: `M${x2.toFixed(1)} ${y2.toFixed(1)}l-4 -9h8z`, class: 'head' }) +
      (besideOf(text, (x1 + x2) / 2, (y1 + y2) / 2 + 5, claim) ?? ''),
  )
}

/** The text of a message in the first part of its box that is wide enough, else in the widest one. */
function nameOf(
  text: string,
  places: Parcel['places'],
  out: number,
  until: number,
  slot: number,
  foot: number,
  x: (t: number) => number,
): string | undefined {
  if (slot < 17) return undefined
  const wanted = widthOf(text, 14) + 8
  let best = { from: 0, width: 0, ahead: 0 }
  places.forEach(({ t, ahead }, at) => {
    const to = places[at + 1]?.t ?? out
    const width = (to >= out ? until : x(to)) - x(t)
    if (width > best.width && best.width < wanted) best = { from: x(t), width, ahead }
  })
  const shown = fitted(text, best.width - 8, 14)
  if (shown.length < Math.min(5, text.length)) return undefined
  const y = foot - (best.ahead + 0.5) * slot + 5
  return textAt(best.from + best.width / 2, y, shown, 'small', 'middle')
}

/** The text of a message beside its way to the receiver, where there is room. */
function besideOf(text: string, x: number, y: number, claim: Layout['claim']): string | undefined {
  const shown = fitted(text, 150, 14)
  const width = widthOf(shown, 14)
  const row = [y - 8, y + 9].find((row) => claim(x + 8, row, width - 6))
  return row === undefined ? undefined : textAt(x + 8, row, shown, 'small halo')
}

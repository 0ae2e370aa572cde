/**
 * Dialogues of two processes over pipes, each as a row: the two lanes, and between them the pipes with the messages in them. A
 * shaded part of a pipe is the time in which one side had the write end.
 */

import type { Claim, Lane, Story } from '../../story/index.js'
import type { Arrow } from '../../story/messages.js'
import { box, type Draw, when, writeClaim } from '../figure.js'
import { element, fitted, textAt, widthOf, wrapped } from '../parts.js'
import { drawStretched, stretch, stretched } from '../stretch.js'
import { createRoom } from '../timeline/layout.js'
import type { Scale } from '../timeline/scale.js'

/** Two processes that exchange messages. */
interface Dialogue {
  /** The lane that spoke first, and the other one. */
  lanes: [Lane, Lane]
  arrows: Arrow[]
  channels: string[]
  from: number
  to: number
}

const plot = { left: 130, right: 860 }
const claimLeft = 900
/** Pixels below the top of a row. */
const upper = 56
const tubes = { top: 82, bottom: 138 }
const lower = 162

/** Claims about a dialogue, the most important first. */
const shownClaims = [
  'pipe/turns-carry-both-directions',
  'pipe/half-duplex-one-writer-at-a-time',
  'pipe/writer-may-read-its-own-message',
  'pipe/reader-blocks-when-empty',
  'pipe/two-pipes-carry-two-directions',
  'pipe/end-of-file-after-last-writer',
]

export const drawDialogue: Draw = (story) => {
  const dialogues = dialoguesOf(story)
  if (dialogues.length < 2 || dialogues.length > 3) return undefined
  const height = (box.bottom - 22 - box.top) / dialogues.length
  const claims: Claim[] = []
  const rows = dialogues.map((dialogue, at) => {
    const until = dialogues[at + 1]?.from ?? Number.POSITIVE_INFINITY
    const own = claimsBetween(story, dialogue.from, until)
    claims.push(...own)
    return drawRow(story, dialogue, own, box.top + at * height)
  })
  const note = `A call blocks. A shaded pipe: that side has the write end. ${stretched}`
  return {
    see: 'Each box is a message in a pipe. Over one pipe the two sides must take turns, or they read their own messages.',
    parts: [
      ...rows,
      element('rect', { x: box.left, y: box.bottom - 14, width: 16, height: 14, rx: 2, class: 'held' }),
      textAt(box.left + 24, box.bottom - 2, note, 'small dim'),
    ],
    claims,
  }
}

/** The pairs of processes that exchange messages over FIFOs, in the order of time. */
function dialoguesOf({ arrows, steps, end }: Story): Dialogue[] {
  const pipes = new Set(
    steps.flatMap(({ event }) => (event.event === 'created' && event.kind === 'fifo' ? [event.id] : [])),
  )
  if (arrows.length > 40) return []
  const dialogues: (Omit<Dialogue, 'lanes'> & { all: Set<Lane> })[] = []
  for (const arrow of arrows) {
    const lanes = [arrow.from?.lane, arrow.to?.lane].filter((lane) => lane !== undefined)
    if (!pipes.has(arrow.channel)) continue
    const [t, to] = [Math.min(arrow.from?.t ?? end, arrow.to?.t ?? end), arrow.to?.t ?? end]
    const known = dialogues.filter(({ all }) => lanes.some((lane) => all.has(lane)))
    const [first = { all: new Set<Lane>(), arrows: [], channels: [], from: t, to }] = known
    if (known.length === 0) dialogues.push(first)
    // A message may connect two processes that each read their own before.
    for (const other of known.slice(1)) {
      for (const lane of other.all) first.all.add(lane)
      first.arrows.push(...other.arrows)
      first.channels = [...new Set([...first.channels, ...other.channels])]
      dialogues.splice(dialogues.indexOf(other), 1)
    }
    for (const lane of lanes) first.all.add(lane)
    first.arrows.push(arrow)
    if (!first.channels.includes(arrow.channel)) first.channels.push(arrow.channel)
    first.from = Math.min(first.from, t)
    first.to = Math.max(first.to, to)
  }
  return dialogues
    .flatMap(({ all, ...rest }): Dialogue[] => {
      const [one, other] = [...all].sort((a, b) => a.index - b.index)
      return one && other && all.size === 2 && rest.channels.length <= 2
        ? [{ ...rest, lanes: [one, other] }]
        : []
    })
    .sort((one, other) => one.from - other.from)
}

function claimsBetween({ claims }: Story, from: number, to: number): Claim[] {
  const own = claims.filter(({ t }) => t >= from && t < to)
  return shownClaims.flatMap((id) => own.findLast((claim) => claim.id === id) ?? []).slice(0, 2)
}

/** What kind of dialogue it is, in two short lines. */
function titleOf({ arrows, channels }: Dialogue): [string, string] {
  if (channels.length === 2) return ['Two FIFOs:', 'one for each direction']
  const own = arrows.some(({ from, to }) => from?.lane === to?.lane)
  return own ? ['One FIFO,', 'no turns'] : ['One FIFO,', 'in turns']
}

function drawRow(story: Story, dialogue: Dialogue, claims: readonly Claim[], top: number): string {
  const { lanes, arrows, channels } = dialogue
  const holds = story.holds.filter(({ lane }) => lanes.includes(lane))
  const scale = stretch(
    [
      ...holds.flatMap(({ begin, end }) => [begin, end]),
      ...arrows.flatMap(({ from, to }) => [from?.t, to?.t].filter((t) => t !== undefined)),
      ...lanes.flatMap(({ end }) => end?.t ?? []),
      ...lanes.flatMap((lane) => writeEnds(story, lane).flatMap(({ from, to }) => [from, to])),
    ],
    { from: plot.left, to: plot.right },
    story.start,
  )
  const yOf = (lane: Lane | undefined) => top + (lane === lanes[0] ? upper : lower)
  const height = (tubes.bottom - tubes.top - (channels.length - 1) * 6) / Math.max(channels.length, 1)
  const tube = (channel: string) => {
    const y = top + tubes.top + channels.indexOf(channel) * (height + 6)
    return { y, height }
  }
  const claim = createRoom()
  const messages = [...arrows].sort((one, other) => (one.from?.t ?? 0) - (other.from?.t ?? 0))
  // First the places that other words and arrows take.
  for (const { from, to } of messages) {
    if (!from || !to) continue
    const own = from.lane === to.lane
    claim(
      scale.x(to.t) + (own ? 8 : -4),
      yOf(to.lane) + (to.lane === lanes[0] ? 21 : -6),
      own ? widthOf('reads its own message', 14) : 8,
    )
  }
  const parts = [
    textAt(box.left, top + 18, titleOf(dialogue).join(' '), 'name'),
    ...drawStretched(scale, top + 34, top + lower + 14).filter((_, at) => at % 2 === 0),
    ...channels.flatMap((channel) => {
      const { y } = tube(channel)
      const d = `M${plot.left} ${y}H${plot.right}M${plot.left} ${y + height}H${plot.right}`
      return [
        element('rect', { x: plot.left, y, width: plot.right - plot.left, height, class: 'band' }),
        element('path', { d, class: 'frame' }),
        textAt(
          box.left,
          y + height / 2 + 5,
          fitted(channel.split('/').at(-1) ?? '', plot.left - box.left - 8, 14),
          'small dim',
        ),
      ]
    }),
    ...(channels.length === 1 ? drawWriteEnds(story, dialogue, scale, tube(channels[0] ?? '')) : []),
    ...lanes.flatMap((lane, at) => drawLane(story, lane, yOf(lane), at === 0 ? -9 : 18, scale)),
    ...holds.map(({ lane, begin, end, first }) => {
      const [x1, x2] = [scale.x(begin), scale.x(end)]
      const shape = {
        x: x1,
        y: yOf(lane) - 6,
        width: Math.max(x2 - x1, 2),
        height: 12,
        rx: 2,
        class: 'held',
        ...when(story, begin, end),
      }
      return element('rect', shape, '', `${lane.name}: ${first.call} ${first.object}`)
    }),
    ...messages.map((arrow) => drawMessage(story, arrow, lanes, yOf, tube(arrow.channel), scale, claim)),
  ]
  let y = top + 40
  const written = claims.map((claim) => {
    const { part, end } = writeClaim(story, claim, {
      x: claimLeft,
      y,
      width: box.right - claimLeft,
      lines: 4,
    })
    y = end + 10
    return part
  })
  return [...parts, ...written].join('')
}

function drawLane(
  story: Story,
  { name, born, end, gone }: Lane,
  y: number,
  below: number,
  scale: Scale,
): string[] {
  const until = end?.t ?? gone ?? story.end
  const [x1, x2] = [scale.x(born), scale.x(until)]
  const killed = end?.signal
  return [
    textAt(box.left, y + 5, fitted(name || 'process', plot.left - box.left - 8, 15), ''),
    element('path', { d: `M${x1.toFixed(1)} ${y}H${x2.toFixed(1)}`, class: 'life' }),
    ...(killed
      ? [
          element(
            'g',
            when(story, until),
            element('path', { d: `M${(x2 - 5).toFixed(1)} ${y - 5}l10 10m0 -10l-10 10`, class: 'lost' }) +
              textAt(x2 + 2, y + below, killed, 'small bad halo', 'end'),
          ),
        ]
      : []),
  ]
}

/** When a side had the write end of a pipe that it opened for one direction: from its open(2) to its close(2). */
function writeEnds(story: Story, lane: Lane): { from: number; to: number }[] {
  const own = story.steps.filter((step) => step.lane === lane)
  return own.flatMap(({ event }, at) => {
    if (event.event !== 'evidence' || typeof event.data !== 'object' || Array.isArray(event.data)) return []
    if (event.data.access !== 'O_WRONLY') return []
    const closed = own.slice(at).find((step) => step.event.event === 'call' && step.event.call === 'close')
    return { from: event.t, to: closed?.event.t ?? lane.end?.t ?? story.end }
  })
}

function drawWriteEnds(
  story: Story,
  { lanes }: Dialogue,
  scale: Scale,
  { y, height }: { y: number; height: number },
): string[] {
  return lanes.flatMap((lane, side) =>
    writeEnds(story, lane).map(({ from, to }) => {
      const shape = { x: scale.x(from), y, width: Math.max(scale.x(to) - scale.x(from), 2), height }
      const kind = side === 0 ? 'one' : 'two'
      return element(
        'rect',
        { ...shape, class: kind, 'fill-opacity': 0.3, ...when(story, from, to) },
        '',
        `write end: ${lane.name}`,
      )
    }),
  )
}

/** A message: down or up into the pipe, through it, and out to the process that read it. */
function drawMessage(
  story: Story,
  { from, to, message }: Arrow,
  lanes: readonly Lane[],
  yOf: (lane: Lane | undefined) => number,
  { y, height }: { y: number; height: number },
  scale: Scale,
  claim: ReturnType<typeof createRoom>,
): string {
  if (!from) return ''
  const x1 = scale.x(from.t)
  const x2 = Math.max(scale.x(to?.t ?? story.end), x1 + 6)
  const own = from.lane === to?.lane
  const kind = from.lane === lanes[0] ? 'one' : 'two'
  const edge = (lane: Lane) => (lane === lanes[0] ? y : y + height)
  const inward = (lane: Lane) => (lane === lanes[0] ? 1 : -1)
  const enters = edge(from.lane)
  const way = element('path', {
    d: `M${x1.toFixed(1)} ${yOf(from.lane) + 6 * inward(from.lane)}V${enters + 4 * inward(from.lane)}`,
    class: own ? 'lost' : 'arrow',
  })
  const out = to
    ? element('path', {
        d: `M${x2.toFixed(1)} ${edge(to.lane) - 4 * inward(to.lane)}V${yOf(to.lane) + 12 * inward(to.lane)}`,
        class: own ? 'lost' : 'arrow',
      }) +
      element('path', {
        d: `M${x2.toFixed(1)} ${yOf(to.lane) + 6 * inward(to.lane)}l-4 ${9 * inward(to.lane)}h8z`,
        class: own ? 'bad' : 'head',
      })
    : ''
  const text = message.text ?? `${message.bytes} bytes`
  // A message that is cut says little.
  const lines = wrapped(text, x2 - x1 - 4, 14, 3)
  const fits = height >= 18 * lines.length + 8 && lines.join(' ') === text
  const shape = { x: x1, y: y + 4, width: x2 - x1, height: height - 8, rx: 2 }
  const inside = element('rect', { ...shape, class: `${kind} ${kind}-line`, 'fill-opacity': 0.35 })
  const [y1, width] = [yOf(from.lane) + (inward(from.lane) > 0 ? 21 : -6), widthOf(text, 14)]
  const beside =
    x1 - plot.left > width + 8 && claim(x1 - 6 - width, y1, width)
      ? textAt(x1 - 6, y1, text, 'small halo', 'end')
      : ''
  const first = y + height / 2 + 14 - 9 * lines.length
  const label = fits
    ? lines.map((line, at) => textAt((x1 + x2) / 2, first + 18 * at, line, 'small', 'middle')).join('')
    : beside
  const words = 'reads its own message'
  const mistake = own ? textAt(x2 + 8, y1, words, 'small bad halo') : ''
  const title = `${text}${own ? ': read by the process that wrote it' : ''}`
  return element('g', when(story, from.t), way + inside + out + label + mistake, title)
}

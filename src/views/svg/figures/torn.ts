/**
 * Which writer wrote which byte of a pipe: a strip for each message size, and beside it an enlarged part around a change of
 * writer. Up to PIPE_BUF bytes, such a change is always between two messages. In a longer message, it may be in the middle.
 */
import { scaleLinear } from 'd3-scale'
import { type Data, type Event, numberIn } from '../../../events.js'
import { counted, thousands } from '../../../text.js'
import type { Claim, Story } from '../../story/index.js'
import { box, type Draw, mostClaims, when, writeClaim } from '../figure.js'
import { element, fitted, textAt, widthOf } from '../parts.js'

/** The messages of one size, sent by several writers at once. */
interface Burst {
  t: number
  size: number
  torn: number
  /** Which writer wrote how many bytes in a row. */
  runs: { by: string; bytes: number; from: number }[]
  bytes: number
  claim?: Claim
}

/** Bytes of one message, all of them or a piece. */
interface Piece {
  by: string
  from: number
  to: number
  isTorn: boolean
}

const strip = { left: box.left + 130, width: 520 }
const zoom = { left: box.left + 720, width: 480 }
const barHeight = 34

export const drawTorn: Draw = (story) => {
  const bursts = burstsOf(story)
  if (bursts.length === 0) return undefined
  const writers = [...new Set(bursts.flatMap(({ runs }) => runs.map(({ by }) => by)))].sort()
  const limit = story.steps.find(
    ({ event }) => event.event === 'evidence' && event.source === 'linux/limits.h',
  )
  const pipeBuf = limit?.event.event === 'evidence' ? numberIn(limit.event.data) : undefined
  const height = (box.bottom - box.top - 60) / Math.max(bursts.length, 3)
  const top = box.top + 34
  const rows = bursts.map((burst, at) => drawBurst(story, burst, writers, top + at * height))
  const short = bursts.filter(({ size }) => pipeBuf !== undefined && size <= pipeBuf).length
  const line = top + short * height - 12
  return {
    see: 'Up to PIPE_BUF bytes, one writer follows another only between messages. In longer ones, also in the middle.',
    parts: [
      ...drawWriters(writers, box.top + 8),
      textAt(zoom.left, box.top + 8, 'where the writer changes, enlarged', 'small dim'),
      ...rows,
      ...(pipeBuf === undefined || short === 0 || short === bursts.length
        ? []
        : [
            element('path', {
              d: `M${box.left} ${line}H${box.right}`,
              class: 'life',
              'stroke-dasharray': '6 4',
            }),
            textAt(box.right, line - 6, `PIPE_BUF: ${counted(pipeBuf, 'byte')}`, 'small dim', 'end'),
          ]),
    ],
    claims: bursts.flatMap(({ claim }) => claim ?? []),
  }
}

/** The last burst of each size, with the claim that follows it. */
function burstsOf({ steps, claims }: Story): Burst[] {
  const bursts = new Map<number, Burst>()
  let last: Burst | undefined
  let number = 0
  for (const { event } of steps) {
    const burst = burstOf(event)
    if (burst) {
      bursts.set(burst.size, burst)
      last = burst
    }
    if (event.event !== 'claim') continue
    const claim = claims[number]
    number++
    if (last && claim) last.claim = claim
    last = undefined
  }
  return [...bursts.values()].sort((one, other) => one.size - other.size).slice(0, mostClaims - 2)
}

function burstOf(event: Event): Burst | undefined {
  if (event.event !== 'evidence' || !isRecord(event.data)) return undefined
  const { by, runs, size, torn } = event.data
  if (!Array.isArray(by) || !Array.isArray(runs) || typeof size !== 'number' || typeof torn !== 'number')
    return undefined
  let bytes = 0
  const parts = runs.flatMap((length, at) => {
    if (typeof length !== 'number' || length <= 0) return []
    const part = { by: String(by[at] ?? ''), bytes: length, from: bytes }
    bytes += length
    return part
  })
  const isSane = size >= 1 && bytes < 2 ** 40 && parts.length > 0 && parts.length <= 1000
  return isSane ? { t: event.t, size, torn, runs: parts, bytes } : undefined
}

function isRecord(
  data: Data | undefined,
): data is { [name: string]: string | number | boolean | null | (string | number | boolean | null)[] } {
  return typeof data === 'object' && !Array.isArray(data)
}

/** The class of a writer's colour. */
function colorOf(by: string, writers: readonly string[]): string {
  return ['one', 'two', 'three', 'four'][writers.indexOf(by)] ?? 'zombie'
}

/** A short name of a writer, for its bytes. */
function letterOf(by: string, writers: readonly string[]): string {
  return writers.includes(by) && writers.length <= 26 ? String.fromCharCode(65 + writers.indexOf(by)) : '?'
}

function drawWriters(writers: readonly string[], y: number): string[] {
  let x = box.left
  return writers.slice(0, 5).flatMap((by) => {
    const name = fitted(by, 130, 14)
    const parts = [
      element('rect', {
        x,
        y: y - 13,
        width: 20,
        height: 18,
        class: colorOf(by, writers),
      }),
      textAt(x + 10, y + 1, letterOf(by, writers), 'small on', 'middle'),
      textAt(x + 27, y + 1, name, 'small'),
    ]
    x += 27 + widthOf(name, 14) + 24
    return parts
  })
}

function drawBurst(story: Story, burst: Burst, writers: readonly string[], y: number): string {
  const { size, torn, runs, bytes, claim, t } = burst
  const x = scaleLinear([0, bytes], [strip.left, strip.left + strip.width])
  const cells = runs.map(({ by, bytes: length, from }) => {
    const [x1, x2] = [x(from), x(from + length)]
    return cell(x1, x2, y + 10, by, writers, letterOf(by, writers), `${thousands(length)} bytes of ${by}`)
  })
  const pieces = piecesOf(burst)
  const { at: change, before } = changeOf(burst, pieces)
  // Messages of all pieces that the enlarged part shows.
  const span = [Math.max(0, change - 1.7 * size), Math.min(bytes, change + 1.7 * size)] as const
  const wide = scaleLinear(span, [zoom.left, zoom.left + zoom.width]).clamp(true)
  const shown = pieces.filter(({ from, to }) => to > span[0] && from < span[1])
  const near = shown.map(({ by, from, to, isTorn }) => {
    const [x1, x2] = [wide(Math.max(from, span[0])), wide(Math.min(to, span[1]))]
    const label = `${letterOf(by, writers)}: ${thousands(to - from)}`
    const width = Math.max(x2 - x1, 3)
    const title = `${thousands(to - from)} bytes of a message of ${by}`
    const mark = isTorn
      ? element('path', {
          d: `M${x1.toFixed(1)} ${y + 6}h${width.toFixed(1)}`,
          class: 'lost',
          'stroke-width': 3,
        })
      : ''
    return (
      cell(
        x1,
        x1 + width,
        y + 10,
        by,
        writers,
        widthOf(label, 14) < width - 6 ? label : letterOf(by, writers),
        title,
      ) + mark
    )
  })
  const caption = before
    ? `torn: ${thousands(before.piece.to - before.piece.from)} of ${counted(size, 'byte')} of ${letterOf(before.piece.by, writers)}, then bytes of ${letterOf(before.next, writers)}`
    : torn > 0
      ? ''
      : `whole messages: ${counted(size, 'byte')} each`
  const [a, b] = [x(span[0]), x(span[1])]
  const guide = `M${a.toFixed(1)} ${y + 10 + barHeight}h${Math.max(b - a, 1).toFixed(1)}M${(strip.left + strip.width + 4).toFixed(1)} ${y + 10 + barHeight / 2}H${zoom.left - 6}`
  const text = claim
    ? writeClaim(story, claim, { x: strip.left, y: y + barHeight + 32, width: strip.width, lines: 2 }).part
    : ''
  return (
    element(
      'g',
      when(story, t),
      [
        textAt(box.left, y + 26, thousands(size), 'name'),
        textAt(box.left, y + 44, size === 1 ? 'byte' : 'bytes each', 'small dim'),
        ...cells,
        ...near,
        element('path', { d: guide, class: 'mark' }),
        textAt(zoom.left, y + barHeight + 32, caption, before ? 'small bad' : 'small'),
      ].join(''),
    ) + text
  )
}

/** Bytes of one writer, with its letter where there is room. */
function cell(
  x1: number,
  x2: number,
  y: number,
  by: string,
  writers: readonly string[],
  label: string,
  title: string,
): string {
  const width = Math.max(x2 - x1, 0.5)
  const shape = { x: x1, y, width, height: barHeight, class: colorOf(by, writers) }
  const edge =
    width > 3 ? element('path', { d: `M${x1.toFixed(1)} ${y}v${barHeight}`, class: 'halo frame' }) : ''
  const text = widthOf(label, 14) < width ? textAt(x1 + width / 2, y + 22, label, 'small on', 'middle') : ''
  return element('rect', shape, '', title) + edge + text
}

/** The runs cut into messages: each writer begins its next message when it has written one in full. */
function piecesOf({ runs, size }: Burst): Piece[] {
  const written = new Map<string, number>()
  const pieces: Piece[] = []
  for (const { by, bytes, from } of runs) {
    // A run of many short messages is cut only at its beginning and its end, where it may be shown.
    const before = written.get(by) ?? 0
    written.set(by, before + bytes)
    const [first, last] = [Math.ceil(before / size) * size, Math.floor((before + bytes) / size) * size]
    const ends = new Set([
      first,
      first + size,
      first + 2 * size,
      last - size,
      last - 2 * size,
      last,
      before + bytes,
    ])
    let start = before
    for (const end of [...ends]
      .filter((one) => one > before && one <= before + bytes)
      .sort((a, b) => a - b)) {
      const [at, to] = [from + start - before, from + end - before]
      pieces.push({ by, from: at, to, isTorn: (end - start) % size !== 0 })
      start = end
    }
  }
  return pieces
}

/** A change of writer, and the torn message before it. */
interface Change {
  at: number
  before?: { piece: Piece; next: string }
}

/** The change of writer that shows most: in the middle of a message with long pieces around, else the first between two. */
function changeOf({ runs, bytes, size }: Burst, pieces: readonly Piece[]): Change {
  let best: Change = { at: runs[1]?.from ?? bytes / 2 }
  let shown = 0
  for (const [at, piece] of pieces.entries()) {
    const next = pieces[at + 1]
    if (!piece.isTorn || !next || next.by === piece.by) continue
    const least = Math.min(piece.to - piece.from, next.to - next.from, size)
    if (least <= shown) continue
    shown = least
    best = { at: piece.to, before: { piece, next: next.by } }
  }
  return best
}

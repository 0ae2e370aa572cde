/**
 * Frames in a stream of bytes: the stream as cells, and below it how two readers cut it with their reads. The careful reader asks
 * again for the rest of a frame. The trusting reader takes each read for all that it asked for.
 */
import { scaleLinear } from 'd3-scale'
import { type Data, type Event, numberIn } from '../../../events.js'
import { counted, thousands } from '../../../text.js'
import type { Lane, Story } from '../../story/index.js'
import { box, claimsOf, type Draw, when, writeClaim } from '../figure.js'
import { element, fitted, textAt, widthOf } from '../parts.js'

/** Bytes of the header of a frame: the length of its body. */
const headerBytes = 4

/** A longer body is drawn as a block. */
const longestText = 64

/** More cells than this are too narrow for a letter. */
const mostCells = 92

/** A body without cells is as wide as so many cells. */
const blockCells = 13

interface Read {
  t: number
  asked: number
  result: number
}

/** What a reader took for a frame. */
interface Frame {
  t: number
  bytes: number
  text: string | undefined
  reads: Read[]
}

interface Reader {
  lane: Lane
  frames: Frame[]
  /** Reads after the last frame. */
  rest: Read[]
}

/** Maps a position in the stream to a place: short bodies have a cell for each byte, long ones are cut short. */
type Place = (position: number) => number

export const drawFrames: Draw = (story) => {
  const readers = readersOf(story)
  // The reader that got further is the careful one.
  const [careful, trusting] = readers.sort((one, other) => bytesOf(other) - bytesOf(one))
  if (!careful || !trusting || readers.length > 2) return undefined
  const cells = careful.frames.reduce((sum, frame) => sum + headerBytes + cellsOf(frame), 0)
  if (cells > mostCells || bytesOf(trusting) === bytesOf(careful)) return undefined
  const place = placesOf(careful, cells)
  const claims = claimsOf(story, [
    'tcp/read-may-be-short',
    'frame/read-loop-gets-every-frame',
    'frame/single-reads-tear-frames',
    'frame/torn-reader-loses-its-place',
    'tcp/many-writes-share-packets',
    'tcp/one-write-becomes-several-packets',
  ])
  const column = (box.right - box.left) / 2
  const rows = [300, 450, 646]
  const written = claims.map((claim, at) => {
    const y = rows[Math.floor(at / 2)] ?? box.bottom
    return writeClaim(story, claim, { x: box.left + column * (at % 2), y, width: column - 30, lines: 2 }).part
  })
  return {
    see: 'Two readers get the same bytes. A short read, shaded, returns fewer bytes than requested.',
    parts: [
      textAt(
        box.left,
        132,
        'The stream of bytes: each frame is a header with the length, and a body',
        'name',
      ),
      ...drawStream(story, careful, place, 142),
      textAt(box.left, 206, `The ${careful.lane.name} reader asks again for the rest`, 'name'),
      ...drawReads(story, careful, place, 214),
      ...drawWhole(story, careful, place, 244),
      textAt(box.left, 354, `The ${trusting.lane.name} reader takes each read for a whole`, 'name'),
      ...drawReads(story, trusting, place, 362),
      ...drawTaken(story, trusting, careful, place, 392),
      ...drawLost(story, trusting, place, 362),
      ...written,
      ...drawPackets(story, 526),
    ],
    claims,
  }
}

/** The lanes that read frames, with what each read asked for. */
function readersOf({ steps }: Story): Reader[] {
  const readers = new Map<Lane, Reader>()
  for (const { event, lane } of steps) {
    const reader = readers.get(lane) ?? { lane, frames: [], rest: [] }
    if (isRead(event)) {
      reader.rest.push({ t: event.t, asked: event.asked ?? 0, result: event.result ?? 0 })
      readers.set(lane, reader)
    } else if (event.event === 'received' && readers.has(lane)) {
      reader.frames.push({ t: event.t, bytes: event.bytes, text: event.text, reads: reader.rest })
      reader.rest = []
    }
  }
  return [...readers.values()].filter(({ frames }) => frames.length > 0)
}

function isRead(event: Event): event is Event & { event: 'call'; asked: number; result: number } {
  if (event.event !== 'call' || event.call !== 'read') return false
  const { asked = 0, result = 0 } = event
  return asked > 0 && result > 0 && result <= asked && asked < 2 ** 40
}

function readsOf({ frames, rest }: Reader): Read[] {
  return [...frames.flatMap(({ reads }) => reads), ...rest]
}

function bytesOf(reader: Reader): number {
  return sumOfReads(readsOf(reader))
}

/** How many cells a body takes. */
function cellsOf({ bytes, text }: Frame): number {
  return text !== undefined && bytes <= longestText ? Math.max(bytes, 0) : blockCells
}

function placesOf({ frames }: Reader, cells: number): Place {
  const width = (box.right - box.left) / Math.max(cells, 1)
  const [positions, places] = [[0], [box.left]]
  for (const frame of frames) {
    for (const [bytes, count] of [
      [headerBytes, headerBytes],
      [Math.max(frame.bytes, 0), cellsOf(frame)],
    ] as const) {
      if (bytes === 0) continue
      positions.push((positions.at(-1) ?? 0) + bytes)
      places.push((places.at(-1) ?? 0) + count * width)
    }
  }
  return scaleLinear(positions, places).clamp(true)
}

function drawStream(story: Story, { frames }: Reader, place: Place, y: number): string[] {
  let position = 0
  return frames.flatMap((frame) => {
    const start = position
    const body = start + headerBytes
    position = body + Math.max(frame.bytes, 0)
    const [x0, x1, x2] = [place(start), place(body), place(position)]
    const cell = (x1 - x0) / headerBytes
    const head = element('rect', {
      x: x0,
      y,
      width: x1 - x0,
      height: 28,
      class: 'one one-line',
      'fill-opacity': 0.35,
    })
    const length = thousands(frame.bytes)
    const name = widthOf(length, 14) < x1 - x0 ? textAt((x0 + x1) / 2, y + 19, length, 'small', 'middle') : ''
    const isText = frame.text !== undefined && frame.bytes <= longestText && frame.text.length === frame.bytes
    const letters = isText
      ? [...(frame.text ?? '')].map((letter, at) =>
          textAt(x1 + (at + 0.5) * cell, y + 19, letter, 'mono', 'middle'),
        )
      : [textAt((x1 + x2) / 2, y + 19, fitted(counted(frame.bytes, 'byte'), x2 - x1, 14), 'small', 'middle')]
    const walls = isText
      ? frame.text
          ?.split('')
          .map((_, at) => `M${(x1 + at * cell).toFixed(1)} ${y}v28`)
          .join('')
      : undefined
    return [
      head,
      name,
      element('rect', { x: x1, y, width: x2 - x1, height: 28, class: 'new' }),
      ...(walls ? [element('path', { d: walls, class: 'grid' })] : []),
      element('g', when(story, story.start), letters.join('')),
    ]
  })
}

/** The reads of a reader below the bytes that they returned; many in one body are drawn as one. */
function drawReads(story: Story, reader: Reader, place: Place, y: number): string[] {
  const groups = [...reader.frames, undefined].flatMap((frame) => {
    const reads = frame?.reads ?? reader.rest
    // An actor reports only its first reads one by one. So of a long body, the others are missing.
    const missing = (frame ? headerBytes + frame.bytes : 0) - sumOfReads(reads)
    return groupReads(reads).map((group) => ({ group, missing: isLong(group[0]) ? Math.max(missing, 0) : 0 }))
  })
  let position = 0
  return groups.map(({ group: reads, missing }) => {
    const [first] = reads
    const result = sumOfReads(reads) + missing
    const [x1, x2] = [place(position) + 1.5, place(position + result) - 1.5]
    position += result
    const short = reads.some((read) => read.result < read.asked)
    const width = Math.max(x2 - x1, 1)
    const number = missing > 0 ? `more than ${counted(reads.length, 'read')}` : counted(reads.length, 'read')
    const texts =
      reads.length > 1
        ? [`${number}: ${thousands(result)}`, number]
        : short
          ? [`${result} of ${thousands(first.asked)}`, `${result}/${first.asked}`]
          : [counted(result, 'byte'), `${result}`]
    const text = texts.find((one) => widthOf(one, 14) <= width + 6) ?? ''
    const title = reads.map((read) => `read: asked for ${read.asked}, returned ${read.result}`).join('\n')
    return element(
      'g',
      when(story, first.t),
      element('rect', { x: x1, y, width, height: 24, rx: 3, class: short ? 'held' : 'band' }) +
        element('path', { d: `M${x1.toFixed(1)} ${y}v24M${x2.toFixed(1)} ${y}v24`, class: 'frame' }) +
        textAt((x1 + x2) / 2, y + 17, text, 'small', 'middle'),
      title,
    )
  })
}

function sumOfReads(reads: readonly Read[]): number {
  return reads.reduce((sum, { result }) => sum + result, 0)
}

function isLong({ result }: Read): boolean {
  return result > longestText
}

/** Reads of a long body are one group, all others are groups of one. */
function groupReads(reads: readonly Read[]): [Read, ...Read[]][] {
  const groups: [Read, ...Read[]][] = []
  for (const read of reads) {
    const last = groups.at(-1)
    if (last && isLong(read) && isLong(last[0])) last.push(read)
    else groups.push([read])
  }
  return groups
}

/** The frames that the careful reader got. */
function drawWhole(story: Story, { frames }: Reader, place: Place, y: number): string[] {
  let position = 0
  return frames.map((frame, index) => {
    const [x1, x2] = [place(position) + 1.5, place(position + headerBytes + frame.bytes) - 1.5]
    position += headerBytes + Math.max(frame.bytes, 0)
    const texts = [`✔ frame ${index + 1}, complete`, `✔ frame ${index + 1}`, '✔']
    const text = texts.find((one) => widthOf(one, 14) <= x2 - x1) ?? ''
    return element(
      'g',
      when(story, frame.t),
      element('path', { d: `M${x1.toFixed(1)} ${y}v8H${x2.toFixed(1)}v-8`, class: 'frame' }) +
        textAt((x1 + x2) / 2, y + 26, text, 'small good', 'middle'),
    )
  })
}

/** What the trusting reader took for frames: where a read was short, the rest of its buffer is not filled. */
function drawTaken(story: Story, { frames }: Reader, careful: Reader, place: Place, y: number): string[] {
  let position = 0
  return frames.flatMap((frame, index) => {
    const result = frame.reads.reduce((sum, read) => sum + read.result, 0)
    const start = position
    position += result
    const isWhole = result === headerBytes + frame.bytes
    const x1 = place(start) + 1.5
    if (isWhole) {
      const x2 = place(position) - 1.5
      return element(
        'g',
        when(story, frame.t),
        element('path', { d: `M${x1.toFixed(1)} ${y}v8H${x2.toFixed(1)}v-8`, class: 'frame' }) +
          textAt((x1 + x2) / 2, y + 25, `✔ frame ${index + 1}, complete`, 'small good', 'middle'),
      )
    }
    const arrived = Math.max(result - headerBytes, 0)
    const cell = (place(headerBytes) - place(0)) / headerBytes
    const body = place(start + headerBytes)
    const count = Math.min(Math.max(frame.bytes, 0), longestText)
    const letters = Array.from({ length: count }, (_, at) =>
      textAt(
        body + (at + 0.5) * cell,
        y + 18,
        at < arrived ? (frame.text?.[at] ?? '') : '0',
        at < arrived ? 'mono' : 'mono bad',
        'middle',
      ),
    )
    const missing = frame.bytes - arrived
    const filled = body + Math.min(arrived, count) * cell
    const end = body + count * cell
    const text = `✘ frame ${index + 1}: ${counted(missing, 'byte')} of zeros`
    const after = careful.frames.length > 0 ? end + 10 : end
    return element(
      'g',
      when(story, frame.t),
      element('rect', { x: body, y, width: end - body, height: 26, class: 'new' }) +
        element('rect', {
          x: filled,
          y,
          width: Math.max(end - filled, 0),
          height: 26,
          class: 'bad',
          'fill-opacity': 0.14,
        }) +
        letters.join('') +
        textAt(after, y + 18, fitted(text, box.right - after, 14), 'small bad'),
    )
  })
}

/** Beside the last read: the bytes of a body that the trusting reader took for a header. */
function drawLost(story: Story, reader: Reader, place: Place, y: number): string[] {
  const seen = story.steps.find(
    ({ event, lane }) =>
      lane === reader.lane && event.event === 'evidence' && lengthIn(event.data) !== undefined,
  )
  if (seen?.event.event !== 'evidence' || reader.rest.length === 0) return []
  const length = lengthIn(seen.event.data) ?? 0
  const x = place(bytesOf(reader)) + 8
  const text = `✘ taken for a header: a frame of ${thousands(length)} bytes`
  return [element('g', when(story, seen.event.t), textAt(x, y + 17, text, 'small bad'))]
}

function lengthIn(data: Data | undefined): number | undefined {
  const length = numberIn(data, 'length')
  return length !== undefined && Math.abs(length) < 1e15 ? length : undefined
}

/** Bars that are cut into as many parts as there were writes, packets and reads. */
function drawPackets(story: Story, y: number): string[] {
  const counts = story.steps.flatMap(({ event }) => {
    if (event.event !== 'evidence') return []
    const [writes, packets, reads] = ['writes', 'packets', 'reads'].map((name) => numberIn(event.data, name))
    return writes === undefined || packets === undefined || reads === undefined
      ? []
      : [{ t: event.t, writes, packets, reads }]
  })
  if (counts.length === 0) return []
  const column = (box.right - box.left) / 2
  const bars = counts.slice(0, 2).flatMap(({ t, ...numbers }, side) => {
    const left = box.left + column * side
    return Object.entries(numbers).map(([what, count], row) => {
      const [x, top, width] = [left + 120, y + 16 + row * 28, column - 160]
      const parts = Math.min(Math.max(Math.round(count), 1), 1000)
      const cuts = Array.from({ length: parts - 1 }, (_, at) => {
        return `M${(x + (width * (at + 1)) / parts).toFixed(1)} ${top}v18`
      })
      const name = counted(count, what.slice(0, -1))
      return element(
        'g',
        when(story, t),
        textAt(x - 10, top + 14, name, 'small', 'end') +
          element('rect', { x, y: top, width, height: 18, class: 'three', 'fill-opacity': 0.3 }) +
          element('path', { d: cuts.join(''), class: 'frame', 'stroke-opacity': parts > 100 ? 0.35 : 1 }),
      )
    })
  })
  const title = 'The kernel cuts the stream as it likes: parts of the same bytes, drawn equally long'
  return [textAt(box.left, y, title, 'name'), ...bars]
}

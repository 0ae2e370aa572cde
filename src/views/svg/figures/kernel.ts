/**
 * Which processes meet in a pipe: four small pictures of a process, a pipe in the memory of the kernel and its file. The file is
 * only a name: a copy is another pipe, another namespace is not, and a second inode in memory is.
 */
import { type Event, numberIn } from '../../../events.js'
import { counted } from '../../../text.js'
import type { Claim, Story } from '../../story/index.js'
import { box, claimOf, type Draw, when, writeClaim } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'

/** What one of the four pictures shows. */
interface Part {
  title: string
  claim: Claim
  draw(place: Place): string[]
}

interface Place {
  x: number
  y: number
  width: number
}

/** Pixels of a picture, with its title and its claim. */
const partHeight = 280

export const drawKernel: Draw = (story) => {
  const parts = partsOf(story)
  if (parts.length < 2) return undefined
  const width = (box.right - box.left - 40) / 2
  const drawn = parts.map(({ title, claim, draw }, at) => {
    const place = {
      x: box.left + (at % 2) * (width + 40),
      y: box.top + Math.floor(at / 2) * partHeight,
      width,
    }
    const { x, y } = place
    return element(
      'g',
      {},
      [
        textAt(x, y + 18, title, 'name'),
        // Where the claim failed, the picture would show something false.
        claim.holds ? element('g', when(story, claim.t), draw(place).join('')) : '',
        writeClaim(story, claim, { x, y: y + 214, width, lines: 2 }).part,
      ].join(''),
    )
  })
  return {
    see: 'A FIFO is only a name in a folder. The pipe is in the memory of one kernel: there the processes meet, or not.',
    parts: drawn,
    claims: parts.map(({ claim }) => claim),
  }
}

function partsOf(story: Story): Part[] {
  const records = story.steps.flatMap(({ event }) => (event.event === 'evidence' ? [event] : []))
  const files = records.filter(
    (one) => numberIn(one.data, 'size') !== undefined && numberIn(one.data, 'ino') !== undefined,
  )
  const held = records
    .filter(({ source }) => source === 'ioctl FIONREAD')
    .flatMap(({ data }) => numberIn(data) ?? [])
  const spaces = records.filter(({ data }) => hasText(data, 'ours') && hasText(data, 'theirs'))
  const parts: Part[] = []
  const add = (id: string, title: string, draw: Part['draw']) => {
    const claim = claimOf(story, id)
    if (claim) parts.push({ title, claim, draw })
  }
  const [file, copy] = files
  add('fifo/bytes-are-not-in-the-file', 'A process fills the pipe', (place) => [
    ...kernel(place),
    process(place, 0, 'filler'),
    pipe(place, 0.5, counted(held[0] ?? 0, 'byte'), true),
    arrow(place, 'writer'),
    ...fileOf(place, 0.5, file),
  ])
  add('fifo/copy-is-another-pipe', 'cp(1) copies the file', (place) => [
    ...kernel(place),
    pipe(place, 0.24, counted(held[0] ?? 0, 'byte'), true),
    pipe(place, 0.76, counted(held[1] ?? 0, 'byte'), false),
    ...fileOf(place, 0.24, file),
    ...fileOf(place, 0.76, copy),
  ])
  add('fifo/connects-across-namespaces', 'A reader in other namespaces', (place) => [
    ...kernel(place),
    process(place, 0, 'writer'),
    pipe(place, 0.5, 'a message', true),
    process(place, 1, 'reader'),
    arrow(place, 'writer'),
    arrow(place, 'pipe'),
    ...border(
      place,
      spaces.map(({ data }) => textIn(data, 'theirs')),
    ),
  ])
  const overlay = records.find(({ data }) => numberIn(data, 'dev') !== undefined)
  add('fifo/second-inode-is-another-pipe', 'The same file through another mount', (place) => [
    ...kernel(place),
    process(place, 0, 'writer waits'),
    pipe(place, 0.24, 'no reader', false),
    pipe(place, 0.76, 'no writer', false),
    process(place, 1, 'reader waits'),
    ...label(place, 0.24, `inode ${number(overlay, 'ino')}`, `device ${number(overlay, 'dev')}`),
    ...label(place, 0.76, 'the same file,', 'another device'),
  ])
  return parts
}

type Evidence = Event & { event: 'evidence' }

function number(evidence: Evidence | undefined, name: string): string {
  return `${numberIn(evidence?.data, name) ?? ''}`
}

function textIn(data: Evidence['data'], name: string): string | undefined {
  if (typeof data !== 'object' || Array.isArray(data)) return undefined
  const text = data[name]
  return typeof text === 'string' ? text : undefined
}

function hasText(data: Evidence['data'], name: string): boolean {
  return textIn(data, name) !== undefined
}

/** The y coordinates in a picture: the memory of the kernel, the middle of pipes and processes, and the files. */
const rows = { top: 36, middle: 84, bottom: 132, file: 164 }
const processWidth = 120
const pipeSize = { width: 140, height: 46 }

function kernel({ x, y, width }: Place): string[] {
  const left = x + processWidth + 14
  const shape = {
    x: left,
    y: y + rows.top,
    width: width - 2 * (processWidth + 14),
    height: rows.bottom - rows.top,
    rx: 8,
  }
  return [
    element('rect', { ...shape, class: 'band' }),
    textAt(x + width / 2, y + rows.top + 18, 'kernel memory', 'small dim', 'middle'),
  ]
}

function process({ x, y, width }: Place, side: 0 | 1, name: string): string {
  const left = side === 0 ? x : x + width - processWidth
  const shape = {
    x: left,
    y: y + rows.middle - 18,
    width: processWidth,
    height: 44,
    rx: 6,
    class: 'two two-line',
  }
  return (
    element('rect', { ...shape, 'fill-opacity': 0.12 }) +
    textAt(left + processWidth / 2, y + rows.middle + 9, fitted(name, processWidth - 8, 15), '', 'middle')
  )
}

/** A pipe, with what is in it. @param at its middle, as a part of the room between the processes */
function pipe(place: Place, at: number, text: string, isFull: boolean): string {
  const middle = middleOf(place, at)
  const width = Math.min(pipeSize.width, place.width * 0.26)
  const shape = {
    x: middle - width / 2,
    y: place.y + rows.middle - 19,
    width,
    height: pipeSize.height,
    rx: 14,
  }
  return (
    element('rect', { ...shape, class: 'one one-line', 'fill-opacity': isFull ? 0.4 : 0.06 }) +
    textAt(middle, place.y + rows.middle + 9, fitted(text, width - 4, 14), 'small', 'middle')
  )
}

function middleOf({ x, width }: Place, at: number): number {
  const room = width - 2 * (processWidth + 14)
  return x + processWidth + 14 + room * at
}

/** An arrow from the writer to the pipe, or from there to the reader. */
function arrow({ x, y, width }: Place, from: 'writer' | 'pipe'): string {
  const [left, right] = [x + processWidth + 4, x + width / 2 - pipeSize.width / 2 - 4]
  const offset = from === 'writer' ? 0 : width - right - left + 2 * x
  const [x1, x2, at] = [left + offset, right + offset, y + rows.middle + 4]
  return (
    element('path', { d: `M${x1.toFixed(1)} ${at}H${(x2 - 6).toFixed(1)}`, class: 'arrow' }) +
    element('path', { d: `M${x2.toFixed(1)} ${at}l-9 -4v8z`, class: 'head' })
  )
}

/** The file that names a pipe: its size on disk, and its inode. */
function fileOf(place: Place, at: number, evidence: Evidence | undefined): string[] {
  if (!evidence) return []
  const [size, ino] = [numberIn(evidence.data, 'size') ?? 0, numberIn(evidence.data, 'ino') ?? 0]
  return label(place, at, `file: ${counted(size, 'byte')}`, `inode ${ino}`)
}

/** Two lines below the memory of the kernel, and a line up to the pipe that they name. */
function label(place: Place, at: number, ...lines: string[]): string[] {
  const [x, y] = [middleOf(place, at), place.y]
  return [
    element('path', {
      d: `M${x.toFixed(1)} ${y + rows.middle + 30}V${y + rows.file - 12}`,
      class: 'mark',
      'stroke-dasharray': '4 3',
    }),
    ...lines.map((line, row) => textAt(x, y + rows.file + 2 + row * 19, line, 'small dim', 'middle')),
  ]
}

/** The border of the namespaces of the reader, and their names. */
function border({ x, y, width }: Place, names: readonly (string | undefined)[]): string[] {
  const left = x + width - processWidth - 8
  const shape = {
    x: left,
    y: y + rows.top,
    width: processWidth + 16,
    height: rows.bottom - rows.top,
    rx: 8,
    class: 'new',
    'fill-opacity': 0,
  }
  return [
    element('rect', shape),
    ...names.slice(0, 2).map((name, row) => {
      const text = fitted(name ?? '', 220, 14)
      return textAt(x + width, y + rows.file + row * 19, text, 'small dim', 'end')
    }),
  ]
}

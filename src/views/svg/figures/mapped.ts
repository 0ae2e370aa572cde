/** Mapped memory: two address spaces over the same pages, a copy of one page, and a file on a disk below its page. */
import { linkHorizontal } from 'd3-shape'
import { kib } from '../../../text.js'
import type { Lane, Story } from '../../story/index.js'
import { box, claimOf, type Draw, when } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { claimsBeside } from './beside.js'
import { recordIn } from './families.js'

/** Pixels: the two address spaces, the pages between them, and the claims. */
const width = 226
const [firstLeft, secondLeft, claimsLeft] = [box.left, 664, 926]
const [pageLeft, pageRight] = [372, 558]
const middle = (pageLeft + pageRight) / 2
const inset = 14

/** The y coordinates of the columns, and of the middle of each row. */
const [columnTop, columnBottom] = [box.top + 36, 672]
const rows = { name: 178, shared: 270, private: 400, file: 530 }
const diskTop = 622
const [mappingHeight, pageHeight] = [72, 46]

interface Seen {
  data: Record<string, unknown>
  t: number
}

export const drawMapped: Draw = (story) => {
  if (!claimOf(story, 'shm/processes-map-one-object')) return undefined
  const seen = story.steps.flatMap(({ event }): Seen[] =>
    event.event === 'evidence' ? [{ data: recordIn(event.data), t: event.t }] : [],
  )
  const mapping = (process: string, kind: string) =>
    seen.find(({ data }) => data.process === process && `${data.permissions}`[3] === kind)
  const [one, two, own] = [mapping('first', 's'), mapping('second', 's'), mapping('second', 'p')]
  const [first, second] = ['first', 'second'].map((name) => story.lanes.find((lane) => lane.name === name))
  if (!one || !two || !first || !second) return undefined
  const { parts, claims } = claimsBeside(
    story,
    [
      { y: box.top + 14, ids: ['shm/unlinked-object-works-while-mapped'] },
      { y: rows.shared - 40, ids: ['shm/processes-map-one-object', 'shm/mapped-pages-are-shared'] },
      { y: rows.private - 20, ids: ['shm/private-write-stays-in-process'] },
      { y: rows.file - 30, ids: ['mapping/read-returns-stores', 'mapping/msync-writes-changed-pages'] },
    ],
    claimsLeft,
  )
  return {
    title: 'Mapped memory: two address spaces over the same page',
    see: 'Each arrow leads from addresses of a process to the page that they mean. Two arrows end in one page.',
    parts: [
      ...drawColumns(first, second),
      ...drawName(story, `${one.data.name}`),
      drawMapping(story, firstLeft, rows.shared, 'MAP_SHARED', one, 'one'),
      drawMapping(story, secondLeft, rows.shared, 'MAP_SHARED', two, 'two'),
      drawShared(story, seen, two.t, `${one.data.inode}`),
      ...(own ? [drawMapping(story, secondLeft, rows.private, 'MAP_PRIVATE', own, 'two')] : []),
      ...(own ? [drawCopy(story, seen, own.t)] : []),
      ...drawFile(story, seen),
      ...parts,
    ],
    claims,
  }
}

function drawColumns(first: Lane, second: Lane): string[] {
  const size = { y: columnTop, width, height: columnBottom - columnTop, rx: 6 }
  const column = (x: number, lane: Lane, kind: string) => [
    textAt(x, columnTop - 12, fitted(`${lane.name}, pid ${lane.pid}`, width, 16), `name ${kind}`),
    element('rect', { x, ...size, class: 'band' }),
    element('rect', { x, ...size, class: 'frame' }),
  ]
  return [
    ...column(firstLeft, first, 'one'),
    ...column(secondLeft, second, 'two'),
    textAt(middle, columnTop - 12, 'pages in memory', 'name', 'middle'),
  ]
}

/** The name in /dev/shm, crossed out when it was removed. */
function drawName(story: Story, name: string): string[] {
  const y = rows.name
  const removed = story.steps.find(({ event }) => event.event === 'removed' && event.kind === 'object')
  const [left, right] = [pageLeft - 30, pageRight + 30]
  const size = { x: left, y: y - 17, width: right - left, height: 34, rx: 4, class: 'new' }
  return [
    element('rect', size),
    textAt(middle, y + 5, fitted(name, right - left - 12, 14), 'mono', 'middle'),
    element('path', { d: `M${middle} ${y + 17}V${rows.shared - pageHeight / 2 - 4}`, class: 'mark' }),
    removed
      ? element(
          'g',
          { 'data-removed': name, ...when(story, removed.event.t) },
          element('path', { d: `M${left + 8} ${y}H${right - 8}`, class: 'lost' }) +
            textAt(middle + 10, y + 38, 'name removed', 'small bad'),
        )
      : '',
  ]
}

/** What a process has mapped: the flag, the address and the permissions. */
function drawMapping(
  story: Story,
  column: number,
  y: number,
  flag: string,
  { data, t }: Seen,
  kind: string,
): string {
  const [x, top] = [column + inset, y - mappingHeight / 2]
  const size = { x, y: top, width: width - 2 * inset, height: mappingHeight, rx: 4 }
  return element(
    'g',
    { 'data-mapping': `${data.permissions}`, ...when(story, t) },
    [
      element('rect', { ...size, class: 'paper' }),
      element('rect', { ...size, class: `${kind}-line` }),
      textAt(x + 12, top + 28, flag, 'name'),
      textAt(x + size.width - 12, top + 28, `${data.permissions}`, 'mono', 'end'),
      textAt(x + 12, top + 54, fitted(`0x${data.address}`, size.width - 24, 14), 'mono dim'),
    ].join(''),
  )
}

/** An arrow from the mapping of a column to a page; dashed for one that no longer leads there. */
function arrow(column: number, from: number, to: number, kind: string, dashes?: string): string {
  const isLeft = column === firstLeft
  const [start, end] = isLeft ? [column + width - inset, pageLeft] : [column + inset, pageRight]
  const turn = isLeft ? 1 : -1
  const link = linkHorizontal<{ source: [number, number]; target: [number, number] }, [number, number]>()
  const d = link({ source: [start, from], target: [end - turn * 12, to] }) ?? ''
  return (
    element('path', { d, class: `${kind}-line`, 'stroke-dasharray': dashes }) +
    element('path', { d: `M${end} ${to}l${-turn * 13} -6v12z`, class: kind })
  )
}

function page(y: number, above: string, content: string): string {
  const size = { x: pageLeft, y: y - pageHeight / 2, width: pageRight - pageLeft, height: pageHeight, rx: 3 }
  return (
    element('rect', { ...size, class: 'held' }) +
    textAt(middle, y - 3, fitted(above, size.width - 8, 14), 'small', 'middle') +
    textAt(middle, y + 16, fitted(content, size.width - 8, 15), 'name', 'middle')
  )
}

/** The page of the object. Its number in physical memory is known to root only. */
function drawShared(story: Story, seen: Seen[], t: number, inode: string): string {
  const number = seen.find(({ data }) => data.part === 'shared')?.data.first
  const label = typeof number === 'number' ? `page ${number}` : `inode ${inode}`
  const texts = story.steps.flatMap(({ event }) =>
    event.event === 'received' && !isFile(event.channel) ? (event.text ?? []) : [],
  )
  return element(
    'g',
    { 'data-pages': 'shared', ...when(story, t) },
    page(rows.shared, label, texts.join(' → ')) +
      arrow(firstLeft, rows.shared, rows.shared, 'one') +
      arrow(secondLeft, rows.shared, rows.shared, 'two'),
  )
}

/** The channel of the file is a path with folders; that of the object has one slash. */
const isFile = (channel: string) => channel.lastIndexOf('/') > 0

/** The page that the kernel copied for the private mapping, and where this mapping led before. */
function drawCopy(story: Story, seen: Seen[], t: number): string {
  const own = seen.find(({ data }) => data.part === 'private')
  const isCopied = own !== undefined && Number(own.data.after) > 0
  const before = arrow(secondLeft, rows.private - 16, rows.shared + 14, 'two', '5 4')
  if (!isCopied) return element('g', when(story, t), before)
  const contents = story.steps.flatMap(({ event }) =>
    event.event === 'evidence' && event.source === 'MAP_PRIVATE' ? event.value : [],
  )
  return element(
    'g',
    { 'data-pages': 'private', ...when(story, own.t) },
    before +
      textAt(pageRight + 44, rows.private - 62, 'before the write', 'small halo', 'end') +
      page(rows.private, 'a copy of its own', contents.at(-1) ?? '') +
      arrow(secondLeft, rows.private + 12, rows.private, 'two'),
  )
}

/** The mapped file: the first process writes to its page, the second reads it, and msync(2) writes it to the disk. */
function drawFile(story: Story, seen: Seen[]): string[] {
  const stored = story.steps.find(({ event }) => event.event === 'sent' && isFile(event.channel))?.event
  if (stored?.event !== 'sent') return []
  const y = rows.file
  const side = (column: number, words: string[], kind: string) => {
    const size = { x: column + inset, y: y - 34, width: width - 2 * inset, height: 68, rx: 4 }
    const lines = words.map((line, at) =>
      textAt(size.x + 12, y - 6 + at * 26, line, at === 0 ? 'name' : 'small'),
    )
    return (
      element('rect', { ...size, class: 'paper' }) +
      element('rect', { ...size, class: `${kind}-line` }) +
      lines.join('')
    )
  }
  const read = story.steps.find(({ event }) => event.event === 'received' && isFile(event.channel))?.event
  const [before, after] = seen.filter(({ data }) => data.part === 'file')
  const reading = `M${pageRight} ${y}H${secondLeft + inset - 12}`
  return [
    element(
      'g',
      { 'data-pages': 'file', ...when(story, stored.t) },
      side(firstLeft, ['MAP_SHARED', 'a file on a disk'], 'one') +
        page(y, 'page of the file', stored.text ?? '') +
        arrow(firstLeft, y, y, 'one'),
    ),
    read
      ? element(
          'g',
          when(story, read.t),
          side(secondLeft, ['read(2)', 'a copy, and no mapping'], 'two') +
            element('path', { d: reading, class: 'two-line', 'stroke-dasharray': '2 4' }) +
            element('path', { d: `M${secondLeft + inset} ${y}l-13 -6v12z`, class: 'two' }),
        )
      : '',
    before && after
      ? element(
          'g',
          { 'data-written': `${before.data.changed} ${after.data.changed}`, ...when(story, after.t) },
          element('path', { d: `M${middle} ${y + pageHeight / 2}V${diskTop - 12}`, class: 'arrow' }) +
            element('path', { d: `M${middle} ${diskTop}l-6 -13h12z`, class: 'head' }) +
            textAt(middle + 12, y + 50, 'msync(2)', 'name') +
            element('rect', {
              x: pageLeft,
              y: diskTop,
              width: pageRight - pageLeft,
              height: 40,
              rx: 14,
              class: 'frame',
            }) +
            textAt(middle, diskTop + 25, 'disk', 'name', 'middle') +
            textAt(
              middle - 12,
              y + 50,
              `changed: ${kib(Number(before.data.changed))} → ${kib(Number(after.data.changed))}`,
              'small',
              'end',
            ),
        )
      : '',
  ]
}

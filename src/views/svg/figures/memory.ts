/** The memory of a process as textbooks draw it: the highest address on top, and a box for each region. */
import { numberIn, type Region } from '../../../events.js'
import { size } from '../../../text.js'
import { notableGap } from '../../memory-map.js'
import type { Story } from '../../story/index.js'
import { box, type Draw, when } from '../figure.js'
import { element, fitted, textAt, widthOf } from '../parts.js'
import { claimsBeside } from './beside.js'
import { recordIn } from './families.js'

interface MemoryMap {
  title: string
  regions: { region: Region; about: string; from: bigint; to: bigint; t: number }[]
}

/** Where the columns begin, in the room of a map. Sizes and permissions are to the right of the boxes, then what a part is for. */
const boxLeft = 122
const boxWidth = 268
const sizeLeft = boxLeft + boxWidth + 12
const rightsLeft = sizeLeft + 148
const purposeLeft = rightsLeft + 136
const purposeWidth = 188

const claimsLeft = 942

/** At most this many maps are drawn, side by side. */
const mostMaps = 2

/** What a part is for. */
const purposes = new Map([
  ['stack', 'calls and their variables'],
  ['library', 'code that programs share'],
  ['vdso', 'code of the kernel'],
  ['anonymous', 'memory from mmap(2)'],
  ['mapped file', 'the content of files'],
  ['shared memory', 'common to processes'],
  ['heap', 'memory from malloc(3)'],
  ['bss', 'variables that begin as 0'],
  ['data', 'variables with a value'],
  ['read-only data', 'constants'],
  ['text', 'the instructions'],
])

/** Claims about a part are beside it. Those about the whole come first. */
const claimIds = [
  { part: undefined, ids: ['memory/parts-do-not-overlap', 'memory/parts-add-up'] },
  { part: 'stack', ids: ['memory/stack-pointer-is-in-stack', 'memory/stack-grows-with-recursion'] },
  { part: 'anonymous', ids: ['memory/large-piece-lies-outside-heap'] },
  {
    part: 'heap',
    ids: ['memory/heap-begins-at-start-brk', 'memory/heap-grows-with-small-pieces'],
  },
  { part: 'data', ids: ['memory/data-is-writable-not-executable', 'memory/fixed-parts-keep-their-size'] },
  { part: 'text', ids: ['memory/text-is-executable-not-writable'] },
] as const

/** A map for each time that the story shows the memory of a process. One alone has room for what the parts are for. */
export const drawMemory: Draw = (story) => {
  const maps = mapsOf(story).slice(0, mostMaps)
  const [only] = maps
  if (!only) return undefined
  if (maps.length > 1) {
    const room = (box.right - box.left) / maps.length
    return {
      parts: maps.flatMap((map, at) => drawMap(story, map, box.left + at * room).parts),
      claims: [],
    }
  }
  const { parts, rows } = drawMap(story, only, box.left)
  const growth = growthIn(story).flatMap((one) => {
    const y = placeOf(rows, one)
    return y === undefined ? [] : [{ ...one, y }]
  })
  const claims = claimsOfParts(story, rows, growth)
  return {
    see:
      growth.length > 0
        ? 'A program obtains memory. See which part grows: the stack, the heap, or a new mapping.'
        : 'An address space has parts. See where each lies, and what the process may do there.',
    parts: [
      ...parts,
      ...drawPointers(story, rows),
      ...drawPurposes(rows, growth),
      ...drawGrowth(story, growth),
      ...claims.parts,
    ],
    claims: claims.claims,
  }
}

/** Regions come in descending order. One at a higher address than the last begins another picture. */
function mapsOf({ steps }: Story): MemoryMap[] {
  const maps: MemoryMap[] = []
  for (const { event, about } of steps) {
    if (event.event !== 'evidence' || !event.region) continue
    const [from, to] = [BigInt(`0x${event.region.from}`), BigInt(`0x${event.region.to}`)]
    const title = `The memory of ${about ? `${about.name} ${about.tid}` : 'a process'} (${event.source})`
    const last = maps.at(-1)
    // A map gets its first region when it is made.
    const goesOn = last?.title === title && to <= last.regions.at(-1)!.from
    const map = goesOn ? last : { title, regions: [] }
    if (!goesOn) maps.push(map)
    map.regions.push({ region: event.region, about: event.about, from, to, t: event.t })
  }
  return maps
}

/** A region with the y coordinates between which it is drawn. */
interface Row {
  part: string
  from: bigint
  to: bigint
  top: number
  height: number
}

function drawMap(
  story: Story,
  { title, regions }: MemoryMap,
  left: number,
): { parts: string[]; rows: Row[] } {
  const top = box.top + 14
  const gaps = regions.map(({ to }, at) => gapOf(regions[at - 1]?.from, to))
  const free = box.bottom - top - 50 - gaps.reduce((sum, { height }) => sum + height, 0)
  const weights = regions.map(({ region }) => weightOf(region))
  const unit = Math.min(1.6, free / weights.reduce((sum, weight) => sum + weight, 1))
  const heads: [number, string][] = [
    [boxLeft, 'part (shaded: resident)'],
    [sizeLeft, 'size (resident)'],
    [rightsLeft, 'allowed'],
  ]
  const parts = [
    textAt(left, top, title, 'name'),
    ...heads.map(([x, text]) => textAt(left + x, top + 22, text, 'small dim')),
  ]
  let y = top + 32
  const rows = regions.map(({ region, about, from, to, t }, at): Row => {
    const { height: gap, text } = gaps[at] ?? noGap
    if (gap > 0) parts.push(...drawGap(left + boxLeft, y, gap, text))
    y += gap
    // Where there are many regions, all are equally high, so that the text of each has room.
    const height = unit < 1 ? free / regions.length : (weights[at] ?? 0) * unit
    parts.push(element('g', when(story, t), drawRegion(region, about, left, y, height).join('')))
    // An address that two neighbours share is shown once.
    if (regions[at + 1]?.to !== from) parts.push(address(region.from, left, y + height))
    y += height
    return { part: region.part, from, to, top: y - height, height }
  })
  return { parts, rows }
}

const noGap = { height: 0, text: '' }

/** The free range between two regions. */
function gapOf(above: bigint | undefined, to: bigint) {
  if (above === undefined || above <= to) return noGap
  return above - to >= notableGap
    ? { height: 24, text: `${size(Number(above - to))} free` }
    : { height: 14, text: '' }
}

function weightOf({ bytes }: Region): number {
  return 20 + Math.log2(Math.max(bytes, 4096) / 4096) * 1.6
}

function address(hex: string, left: number, y: number): string {
  return textAt(left + boxLeft - 8, y + 5, hex.padStart(12, '0'), 'mono dim', 'end')
}

function drawGap(x: number, y: number, height: number, text: string): string[] {
  const sides = [x, x + boxWidth].map((side) => `M${side} ${y}v${height}`).join('')
  return [
    element('path', { d: sides, class: 'life', 'stroke-dasharray': '2 4' }),
    textAt(x + boxWidth / 2, y + 17, text, 'small dim', 'middle'),
  ]
}

function drawRegion(
  { part, from, to, bytes, resident, permissions, mappings, grows }: Region,
  about: string,
  left: number,
  y: number,
  height: number,
): string[] {
  const x = left + boxLeft
  const share = bytes > 0 ? Math.max(0, Math.min(1, resident / bytes)) : 0
  const kind = permissions.includes('x') ? 'code' : permissions.includes('w') ? 'writable' : 'constant'
  const title = `${about} (${part}), ${from} to ${to}\n${size(bytes)}, ${size(resident)} resident, ${permissions}${mappings > 1 ? `, ${mappings} mappings` : ''}`
  const arrow = grows === undefined ? '' : { up: ' ↑ grows', down: ' ↓ grows' }[grows]
  // Every private mapping has a p, so where there are several kinds it is left out, as on the terminal.
  const rights = permissions.includes(' ') ? permissions.replaceAll('p', '') : permissions
  const middle = y + height / 2 + 5
  const name = fitted(about, boxWidth - 20 - widthOf(arrow, 15), 15) + arrow
  return [
    element('rect', { x, y, width: boxWidth, height, class: `region ${kind}` }, '', title),
    element('rect', { x, y, width: boxWidth * share, height, class: `resident ${kind}` }, '', title),
    address(to, left, y),
    textAt(x + 10, middle, name, ''),
    textAt(left + sizeLeft, middle, `${size(bytes)} (${size(resident)})`, 'small'),
    textAt(left + rightsLeft, middle, rights, 'mono dim'),
  ]
}

/** What each part is for. Where a part grows, its growth is there instead. */
function drawPurposes(rows: readonly Row[], growth: readonly { y: number }[]): string[] {
  const x = box.left + purposeLeft
  const texts = rows.flatMap(({ part, top, height }) =>
    growth.some(({ y }) => Math.abs(y - top - height / 2) < 16)
      ? []
      : textAt(x, top + height / 2 + 5, fitted(purposes.get(part) ?? '', purposeWidth + 28, 14), 'small'),
  )
  return [textAt(x, box.top + 36, 'for', 'small dim'), ...texts]
}

/** Marks where the registers of the process point to. */
function drawPointers(story: Story, rows: readonly Row[]): string[] {
  return story.steps.flatMap(({ event }) => {
    if (event.event !== 'evidence') return []
    const { register, address: hex } = recordIn(event.data)
    const row = typeof register === 'string' ? rowAt(rows, hex) : undefined
    if (!row || typeof register !== 'string') return []
    const right = box.left + boxLeft + boxWidth
    const y = row.top + row.height / 2
    const [arrow, words] = [`M${right} ${y}l-12 -6v12z`, textAt(right - 16, y + 5, register, 'small', 'end')]
    const attributes = { 'data-register': register, 'data-part': row.part, ...when(story, event.t) }
    return [element('g', attributes, element('path', { d: arrow, class: 'ink' }) + words)]
  })
}

function isAddress(hex: unknown): hex is string {
  return typeof hex === 'string' && /^[0-9a-f]{1,16}$/.test(hex)
}

/** The row that an address lies in. */
function rowAt(rows: readonly Row[], hex: unknown): Row | undefined {
  if (!isAddress(hex)) return undefined
  const address = BigInt(`0x${hex}`)
  return rows.find(({ from, to }) => from <= address && address < to)
}

interface Growth {
  part: string
  bytes: number
  t: number
  /** Where the memory lies that the process has got. */
  address?: string
}

/** The part that has grown at each step, from the change of every part. */
function growthIn({ steps }: Story): Growth[] {
  const found: Growth[] = []
  for (const { event } of steps) {
    if (event.event !== 'evidence') continue
    const record = recordIn(event.data)
    const { address: hex, part } = record
    const last = found.at(-1)
    if (last && typeof hex === 'string' && part === last.part) last.address ??= hex
    const changes = ['heap', 'stack', 'anonymous'].flatMap((part) => {
      const bytes = numberIn(event.data, part)
      return bytes === undefined ? [] : [{ part, bytes, t: event.t }]
    })
    const [most] = changes.sort((one, other) => other.bytes - one.bytes)
    if (changes.length === 3 && most && most.bytes > 0) found.push(most)
  }
  return found
}

/** A bar for each part that has grown, as long as the growth, beside the part or where the new memory lies. */
function drawGrowth(story: Story, growth: readonly (Growth & { y: number })[]): string[] {
  const most = Math.max(...growth.map(({ bytes }) => bytes), 1)
  const x = box.left + purposeLeft
  return growth.map(({ part, bytes, t, y }) => {
    const width = Math.max(2, (purposeWidth * bytes) / most)
    const words = `${part === 'anonymous' ? 'mapping' : part} +${size(bytes)}`
    const isInside = widthOf(words, 16) + 16 <= width
    return element(
      'g',
      { 'data-grown': part, ...when(story, t) },
      element('rect', { x, y: y - 10, width, height: 20, class: 'held' }) +
        textAt(isInside ? x + 8 : x + width + 8, y + 5, words, 'name'),
    )
  })
}

/** The middle of a part; for a mapping that the map does not have yet, the place between its neighbours. */
function placeOf(rows: readonly Row[], { part, address: hex }: Growth): number | undefined {
  const inside = rowAt(rows, hex)
  // Rows come in descending order of their addresses.
  const below = inside || !isAddress(hex) ? undefined : rows.find(({ to }) => to <= BigInt(`0x${hex}`))
  if (part === 'anonymous' && below) return below.top
  const row = part === 'anonymous' && inside ? inside : rows.find((one) => one.part === part)
  return row && row.top + row.height / 2
}

/** Where the story shows growth, the claims about it come before those about every process. */
function claimsOfParts(story: Story, rows: readonly Row[], growth: readonly { part: string; y: number }[]) {
  const groups = claimIds.map(({ part, ids }, at) => {
    const place = growth.find((one) => one.part === part)?.y ?? rows.find((one) => one.part === part)?.top
    // The claims below need room too.
    const lowest = box.bottom - (claimIds.length - at) * 76
    return { y: Math.min((place ?? box.top) + 16, lowest), ids: growth.length > 0 ? ids.slice(-1) : ids }
  })
  return claimsBeside(story, groups, claimsLeft)
}

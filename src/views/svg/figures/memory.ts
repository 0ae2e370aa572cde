/** The memory of a process as textbooks draw it: the highest address on top, and a box for each region. */
import type { Region } from '../../../events.js'
import { size } from '../../../text.js'
import { notableGap } from '../../memory-map.js'
import type { Story } from '../../story/index.js'
import { box, type Draw, when } from '../figure.js'
import { element, fitted, textAt, widthOf } from '../parts.js'

interface MemoryMap {
  title: string
  regions: { region: Region; about: string; from: bigint; to: bigint; t: number }[]
}

/** The width of a column of boxes, and where it begins in the room of its map. */
const boxWidth = 250
const boxLeft = 130

/** At most this many maps are drawn, side by side. */
const mostMaps = 3

/** A map for each time that the story shows the memory of a process. */
export const drawMemory: Draw = (story) => {
  const maps = mapsOf(story)
  if (maps.length === 0) return undefined
  const room = (box.right - box.left) / Math.min(maps.length, mostMaps)
  const parts = maps.slice(0, mostMaps).flatMap((map, at) => drawMap(story, map, box.left + at * room))
  return { parts, claims: [] }
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

function drawMap(story: Story, { title, regions }: MemoryMap, left: number): string[] {
  const top = box.top + 20
  const gaps = regions.map(({ to }, at) => gapOf(regions[at - 1]?.from, to))
  const free = box.bottom - top - 60 - gaps.reduce((sum, { height }) => sum + height, 0)
  const weights = regions.map(({ region }) => weightOf(region))
  const unit = Math.min(1.6, free / weights.reduce((sum, weight) => sum + weight, 1))
  const parts = [
    textAt(left, top, title, 'name'),
    textAt(
      left,
      top + 22,
      'A higher box is a larger part, but not to scale. The shaded part is resident.',
      'small dim',
    ),
  ]
  let y = top + 44
  regions.forEach(({ region, about, from, t }, at) => {
    const { height: gap, text } = gaps[at] ?? noGap
    if (gap > 0) parts.push(...drawGap(left + boxLeft, y, gap, text))
    y += gap
    const height = (weights[at] ?? 0) * unit
    parts.push(element('g', when(story, t), drawRegion(region, about, left, y, height).join('')))
    // An address that two neighbours share is shown once.
    if (regions[at + 1]?.to !== from) parts.push(address(region.from, left, y + height))
    y += height
  })
  return parts
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
  const sizes = `${size(bytes)}, ${size(resident)} resident`
  const title = `${about} (${part}), ${from} to ${to}\n${sizes}, ${permissions}${mappings > 1 ? `, ${mappings} mappings` : ''}`
  const arrow = grows === undefined ? '' : { up: ' ↑ grows', down: ' ↓ grows' }[grows]
  const middle = y + height / 2 + 5
  const name = fitted(about, boxWidth - 16 - widthOf(arrow, 15), 15) + arrow
  return [
    element('rect', { x, y, width: boxWidth, height, class: `region ${kind}` }, '', title),
    element('rect', { x, y, width: boxWidth * share, height, class: `resident ${kind}` }, '', title),
    address(to, left, y),
    textAt(x + boxWidth / 2, middle, name, '', 'middle'),
    textAt(x + boxWidth + 14, middle, sizes, 'small'),
    textAt(x + boxWidth + 220, middle, permissions, 'mono dim'),
  ]
}

/** The memory of a process as textbooks draw it: the highest address on top, and a box for each region. */
import type { Region } from '../../events.js'
import { size } from '../../text.js'
import { notableGap } from '../memory-map.js'
import type { Story } from '../story/index.js'
import { element, fitted, textAt, widthOf } from './parts.js'

interface MemoryMap {
  title: string
  regions: { region: Region; about: string; from: bigint; to: bigint }[]
}

/** The sides of the boxes. */
const boxLeft = 128
const boxRight = 440

/** The pictures, one below the other from `top` on; and where they end. */
export function drawMemory(story: Story, top: number): { parts: string[]; end: number } {
  let y = top
  const parts = mapsOf(story).flatMap((map) => {
    const drawn = drawMap(map, y + 24)
    y = drawn.end
    return drawn.parts
  })
  return { parts, end: y }
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
    map.regions.push({ region: event.region, about: event.about, from, to })
  }
  return maps
}

function drawMap({ title, regions }: MemoryMap, top: number): { parts: string[]; end: number } {
  const parts = [
    textAt(12, top, title, 'name'),
    textAt(
      12,
      top + 17,
      'A higher box is a larger part, but not to scale. The shaded part is resident.',
      'small dim',
    ),
  ]
  let y = top + 32
  regions.forEach(({ region, about, from, to }, at) => {
    const above = regions[at - 1]
    if (above && above.from - to >= notableGap) {
      parts.push(...drawGap(y, 22, `${size(Number(above.from - to))} free`))
      y += 22
    } else if (above && above.from > to) {
      parts.push(...drawGap(y, 14, ''))
      y += 14
    }
    const height = heightOf(region)
    parts.push(...drawRegion(region, about, y, height))
    // An address that two neighbours share is shown once.
    if (regions[at + 1]?.to !== from) parts.push(address(region.from, y + height))
    y += height
  })
  return { parts, end: y + 8 }
}

function heightOf({ bytes }: Region): number {
  return 20 + Math.log2(Math.max(bytes, 4096) / 4096) * 1.6
}

function address(hex: string, y: number): string {
  return textAt(boxLeft - 8, y + 4, hex.padStart(12, '0'), 'mono dim', 'end')
}

function drawGap(y: number, height: number, text: string): string[] {
  const sides = [boxLeft, boxRight].map((x) => `M${x} ${y}v${height}`).join('')
  return [
    element('path', { d: sides, class: 'life', 'stroke-dasharray': '2 4' }),
    textAt((boxLeft + boxRight) / 2, y + 15, text, 'small dim', 'middle'),
  ]
}

function drawRegion(
  { part, from, to, bytes, resident, permissions, mappings, grows }: Region,
  about: string,
  y: number,
  height: number,
): string[] {
  const width = boxRight - boxLeft
  const share = bytes > 0 ? Math.max(0, Math.min(1, resident / bytes)) : 0
  const kind = permissions.includes('x') ? 'code' : permissions.includes('w') ? 'writable' : 'constant'
  const sizes = `${size(bytes)}, ${size(resident)} resident`
  const title = `${about} (${part}), ${from} to ${to}\n${sizes}, ${permissions}${mappings > 1 ? `, ${mappings} mappings` : ''}`
  const arrow = grows === undefined ? '' : { up: ' ↑ grows', down: ' ↓ grows' }[grows]
  const middle = y + height / 2 + 4
  const name = fitted(about, width - 24 - widthOf(arrow, 12), 12) + arrow
  return [
    element('rect', { x: boxLeft, y, width, height, class: `region ${kind}` }, '', title),
    element('rect', { x: boxLeft, y, width: width * share, height, class: `resident ${kind}` }, '', title),
    address(to, y),
    textAt((boxLeft + boxRight) / 2, middle, name, '', 'middle'),
    textAt(boxRight + 14, middle, sizes, 'small'),
    textAt(boxRight + 190, middle, permissions, 'mono dim'),
  ]
}

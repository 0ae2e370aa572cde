/** Isolation: two address spaces, the same address in both, and the pages of physical memory that it leads to. */
import { linkHorizontal } from 'd3-shape'
import { type Event, type EvidenceFact, numberIn } from '../../../events.js'
import type { Lane, Story } from '../../story/index.js'
import { box, type Draw, when } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { claimsBeside } from './beside.js'
import { ending, recordIn } from './families.js'

/** Pixels: the two address spaces, physical memory between them, and the claims. */
const width = 226
const firstLeft = box.left
const secondLeft = 664
const middle = (firstLeft + width + secondLeft) / 2
const frameWidth = 150
const inset = 14
const claimsLeft = 926

/** The y coordinates of the column, and of each part in it, the highest address on top. */
const columnTop = box.top + 46
const pageTop = columnTop + 24
const dataTop = columnTop + 176
const textTop = columnTop + 362
const boxHeight = 62
const columnBottom = textTop + boxHeight + 24

/** What the two processes have at one address. */
interface Both {
  address: string
  first: number
  second: number
  /** The part of the address space, where the numbers are pages of physical memory. */
  part: string | undefined
  t: number
}

export const drawIsolation: Draw = (story) => {
  if (!story.claims.some(({ id }) => id === 'isolation/same-address-has-different-content')) return undefined
  const both = story.steps.flatMap(({ event }) => (event.event === 'evidence' ? (bothIn(event) ?? []) : []))
  const values = both.find(({ part }) => part === undefined)
  const [first, second] = ['first', 'second'].map((name) => story.lanes.find((lane) => lane.name === name))
  if (!values || !first || !second) return undefined
  const data = both.find(({ part }) => part === 'data')
  const text = both.find(({ part }) => part === 'text')
  const { parts, claims } = claimsBeside(
    story,
    [
      { y: box.top + 20, ids: ['isolation/reading-needs-a-right'] },
      {
        y: pageTop + 10,
        ids: ['isolation/wrong-pointer-kills-its-process', 'isolation/other-process-continues'],
      },
      {
        y: dataTop + 10,
        ids: [
          'isolation/same-address-has-different-content',
          'isolation/same-address-leads-to-different-pages',
        ],
      },
      { y: textTop + 20, ids: ['isolation/text-is-in-memory-once'] },
    ],
    claimsLeft,
  )
  return {
    see: data
      ? 'The same address leads to different memory in each process. See where the arrows end.'
      : 'The same address leads to different memory in each process. See what each has there.',
    parts: [
      ...drawColumns(story, first, second),
      ...drawRight(story),
      ...drawMapping(story, first, second),
      ...drawPart(story, dataTop, 'variable', values, (value) => `${value}`),
      ...(data ? drawPages(story, dataTop, data) : [notShown]),
      ...(text ? drawPart(story, textTop, 'instructions', text, () => '') : []),
      ...(text ? drawPages(story, textTop, text) : []),
      ...parts,
    ],
    claims,
  }
}

/** An ordinary user may not see which page of physical memory an address leads to. */
const notShown = ['The kernel shows it', 'to root only.']
  .map((line, at) => textAt(middle, dataTop + 26 + at * 20, line, 'small dim', 'middle'))
  .join('')

function bothIn({ data, t }: Event & EvidenceFact): Both | undefined {
  const { address, part } = recordIn(data)
  const [first, second] = [numberIn(data, 'first'), numberIn(data, 'second')]
  if (typeof address !== 'string' || first === undefined || second === undefined) return undefined
  return { address, first, second, part: typeof part === 'string' ? part : undefined, t }
}

function drawColumns(story: Story, first: Lane, second: Lane): string[] {
  const height = columnBottom - columnTop
  const column = (left: number, lane: Lane, kind: string) => [
    textAt(left, columnTop - 12, fitted(`${lane.name}, pid ${lane.pid}`, width, 16), `name ${kind}`),
    element('rect', { x: left, y: columnTop, width, height, rx: 6, class: 'band' }),
    element('rect', { x: left, y: columnTop, width, height, rx: 6, class: 'frame' }),
    lane.end
      ? element(
          'g',
          when(story, lane.end.t),
          textAt(left, columnBottom + 24, ending(lane), lane.end.signal ? 'name bad' : 'name dim'),
        )
      : '',
  ]
  const [left, room] = [middle - frameWidth / 2 - 16, frameWidth + 32]
  return [
    ...column(firstLeft, first, 'one'),
    ...column(secondLeft, second, 'two'),
    textAt(middle, columnTop - 12, 'physical memory', 'name', 'middle'),
    element('rect', { x: left, y: columnTop, width: room, height, rx: 6, class: 'frame' }),
  ]
}

/** The call with which the first process tries to read the memory of the second. */
function drawRight(story: Story): string[] {
  const found = story.steps.find(
    ({ event }) => event.event === 'evidence' && typeof recordIn(event.data).after === 'string',
  )?.event
  if (found?.event !== 'evidence') return []
  const [from, to, y] = [firstLeft + width, secondLeft, box.top + 14]
  const words = `process_vm_readv(2): ${recordIn(found.data).after}`
  return [
    element(
      'g',
      when(story, found.t),
      element('path', { d: `M${from} ${y}H${to - 22}`, class: 'lost', 'stroke-dasharray': '6 4' }) +
        element('path', { d: `M${to - 16} ${y - 6}l12 12m0 -12l-12 12`, class: 'lost' }) +
        textAt(middle, y - 7, words, 'small bad', 'middle'),
    ),
  ]
}

/** The page that only the first process has mapped, and what the second finds at its address. */
function drawMapping(story: Story, first: Lane, second: Lane): string[] {
  return story.steps.flatMap(({ event, about }) => {
    if (event.event !== 'evidence' || (about !== first && about !== second)) return []
    const { address, permissions } = recordIn(event.data)
    if (typeof address !== 'string' || permissions === undefined) return []
    const left = (about === first ? firstLeft : secondLeft) + inset
    const size = { x: left, y: pageTop, width: width - 2 * inset, height: boxHeight + 22, rx: 4 }
    const mapped = typeof permissions === 'string'
    const boxes = mapped
      ? element('rect', { ...size, class: 'paper' }) + element('rect', { ...size, class: 'one-line' })
      : element('rect', { ...size, class: 'new' })
    const texts = [
      textAt(left + 12, pageTop + 26, mapped ? 'mapped page' : 'no mapping', mapped ? 'name' : 'name dim'),
      textAt(left + 12, pageTop + 48, `0x${address}`, 'mono dim'),
      mapped ? textAt(left + size.width - 12, pageTop + 26, permissions, 'mono', 'end') : '',
    ]
    const { end } = about
    const last = mapped
      ? contentOf(story, first, left + 12)
      : end?.signal
        ? element('g', when(story, end.t), textAt(left + 12, pageTop + 72, `✘ write: ${end.signal}`, 'bad'))
        : ''
    return [
      element('g', { 'data-mapping': about.pid, ...when(story, event.t) }, boxes + texts.join('')) + last,
    ]
  })
}

/** What the page of the first process contains, when the second has been killed. */
function contentOf(story: Story, first: Lane, x: number): string {
  for (const { event, about } of story.steps) {
    const page = event.event === 'evidence' && about === first ? numberIn(event.data, 'page') : undefined
    if (page === undefined) continue
    return element('g', when(story, event.t), textAt(x, pageTop + 72, `contains ${page} at the end`, ''))
  }
  return ''
}

/** A part of both address spaces: its address is the same, its content is not. */
function drawPart(
  story: Story,
  top: number,
  name: string,
  { address, first, second, t }: Both,
  content: (value: number) => string,
): string[] {
  const side = (column: number, value: number, kind: string) => {
    const x = column + inset
    const size = { x, y: top, width: width - 2 * inset, height: boxHeight, rx: 4 }
    return [
      element('rect', { ...size, class: 'paper' }),
      element('rect', { ...size, class: `${kind}-line` }),
      textAt(x + 12, top + 26, name, 'name'),
      textAt(x + 12, top + 48, `0x${address}`, 'mono'),
      textAt(x + size.width - 14, top + 38, content(value), 'large', 'end'),
    ].join('')
  }
  return [
    element('g', when(story, t), side(firstLeft, first, 'one')),
    element('g', when(story, t), side(secondLeft, second, 'two')),
  ]
}

/** The pages that an address leads to: two, or one for both. */
function drawPages(story: Story, top: number, { first, second, t }: Both): string[] {
  const same = first === second
  const height = 34
  const center = top + boxHeight / 2
  const [high, low] = same ? [center, center] : [center - 24, center + 24]
  const [left, right] = [middle - frameWidth / 2, middle + frameWidth / 2]
  const link = linkHorizontal<{ source: [number, number]; target: [number, number] }, [number, number]>()
  const arrow = (from: number, to: number, y: number, kind: string) => {
    const turn = Math.sign(to - from)
    const d = link({ source: [from, center], target: [to - turn * 12, y] }) ?? ''
    const head = `M${to} ${y}l${-turn * 13} -6v12z`
    return element('path', { d, class: `${kind}-line` }) + element('path', { d: head, class: kind })
  }
  const page = (y: number, number: number) =>
    element('rect', { x: left, y: y - height / 2, width: frameWidth, height, rx: 3, class: 'held' }) +
    textAt(middle, y + 5, fitted(`page ${number}`, frameWidth, 14), 'small', 'middle')
  return [
    element(
      'g',
      { 'data-pages': same ? 1 : 2, ...when(story, t) },
      [
        page(high, first),
        same ? '' : page(low, second),
        arrow(firstLeft + width - inset, left, high, 'one'),
        arrow(secondLeft + inset, right, low, 'two'),
      ].join(''),
    ),
  ]
}

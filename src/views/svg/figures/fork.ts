/** What fork(2) copies: the address spaces of parent and child side by side, and the pages of each variable between them. */
import { scaleLinear } from 'd3-scale'
import { type Event, type EvidenceFact, numberIn } from '../../../events.js'
import { counted, duration } from '../../../text.js'
import type { Story } from '../../story/index.js'
import { box, type Draw, when } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { claimsBeside } from './beside.js'
import { type Family, familiesOf } from './families.js'

/** Pixels: the boxes of parent and child, the pages between them, and the claims. */
const boxWidth = 172
const childLeft = 736
const pagesLeft = box.left + boxWidth + 12
const pagesRight = childLeft - 12
const claimsLeft = 926
const row = 56

/** Bytes of a page. */
const page = 4096

/** At most so many variables have room. */
const mostVariables = 6

interface Pages {
  own: number
  parentOwn: number
  common: number
}

/** A variable: its address, its value in both processes, and its pages before and after the child has written to it. */
interface Variable {
  name: string
  address: string
  parent: number
  child: number
  t: number
  before: Pages
  after: Pages
}

export const drawFork: Draw = (story) => {
  const [family] = familiesOf(story)
  const all = variablesIn(story)
  if (!family || all.length === 0) return undefined
  const separate = all.filter(({ parent, child }) => parent !== child)
  const common = all.filter(({ parent, child }) => parent === child)
  const top = box.top + 128
  const commonTop = top + separate.length * row + 8
  const offset = offsetsIn(story, family)
  const offsetTop = commonTop + common.length * row + (common.length > 0 ? 8 : 0)
  const pixel = widthOfPage(all)
  const beside = claimsBeside(
    story,
    [
      { y: box.top + 20, ids: ['fork/addresses-are-the-same'] },
      { y: top + 14, ids: ['fork/private-memory-is-separate', 'fork/copies-page-on-write'] },
      { y: commonTop + 14, ids: ['fork/shared-memory-is-shared', 'fork/shared-memory-is-not-copied'] },
      { y: offsetTop + 14, ids: ['fork/file-offset-is-shared'] },
    ],
    claimsLeft,
  )
  const parts = [
    ...drawLives(story, family, all[0]),
    ...drawHeads(family, top - 8),
    ...separate.flatMap((one, at) => drawVariable(story, family, one, top + at * row, pixel)),
    ...common.flatMap((one, at) => drawVariable(story, family, one, commonTop + at * row, pixel)),
    ...(offset ? drawOffset(story, offset, offsetTop) : []),
    ...beside.parts,
    ...drawLegend(box.bottom - 4),
  ]
  return {
    see: 'After fork(2) both use the same addresses. See which pages are copied when the child writes.',
    parts,
    claims: beside.claims,
  }
}

/** The evidence of one variable, also of those that are a detail. */
function variablesIn({ steps, details }: Story): Variable[] {
  const found = new Map<string, Partial<Variable>>()
  const about = (name: string) => {
    const known = found.get(name) ?? { name }
    found.set(name, known)
    return known
  }
  for (const event of [...steps.map((step) => step.event), ...details]) {
    if (event.event !== 'evidence') continue
    const values = valuesIn(event)
    if (values) Object.assign(about(values.name), values)
    const pages = pagesIn(event)
    if (pages) Object.assign(about(pages.name), { before: pages.before, after: pages.after })
  }
  return [...found.values()]
    .filter((one): one is Variable => one.address !== undefined && one.after !== undefined)
    .sort((one, other) => (BigInt(`0x${one.address}`) > BigInt(`0x${other.address}`) ? -1 : 1))
    .slice(0, mostVariables)
}

function valuesIn({ data, t }: Event & EvidenceFact) {
  if (typeof data !== 'object' || Array.isArray(data)) return undefined
  const { variable: name, address } = data
  const [parent, child] = [numberIn(data, 'parent'), numberIn(data, 'child')]
  if (typeof name !== 'string' || typeof address !== 'string' || !/^[0-9a-f]{1,16}$/.test(address))
    return undefined
  return parent === undefined || child === undefined ? undefined : { name, address, parent, child, t }
}

/** A table of two rows: before and after the write. */
function pagesIn({ data }: Event & EvidenceFact) {
  if (!Array.isArray(data) || data.length !== 2) return undefined
  const rows = data.flatMap((one) => {
    if (typeof one !== 'object' || one === null) return []
    const { variable, own, parentOwn, common } = one
    if (typeof variable !== 'string') return []
    if (typeof own !== 'number' || typeof parentOwn !== 'number' || typeof common !== 'number') return []
    return [{ name: variable, own, parentOwn, common }]
  })
  const [before, after] = rows
  return before && after ? { name: before.name, before, after } : undefined
}

/** The pages of each kind, as whole numbers from 0 to a thousand. */
function inPages(bytes: number): number {
  return Math.max(0, Math.min(1000, Math.round(bytes / page)))
}

/** Pixels of a page: so that those of every variable have room, with the common ones in the middle. */
function widthOfPage(variables: readonly Variable[]): number {
  const most = Math.max(
    ...variables.flatMap(({ before, after }) =>
      [before, after].map(
        ({ own, parentOwn, common }) => 2 * Math.max(inPages(own), inPages(parentOwn)) + inPages(common),
      ),
    ),
    1,
  )
  return Math.min(11, (pagesRight - pagesLeft - 30) / most)
}

/** Parent and child in time: the edge at which there are two, and what happens then. */
function drawLives(story: Story, { parent, child }: Family, written: Variable | undefined): string[] {
  const [left, right] = [box.left + 130, childLeft + boxWidth]
  const until = Math.max(parent.end?.t ?? story.end, child.born)
  const x = scaleLinear([parent.born, Math.max(until, parent.born + 1)], [left, right]).clamp(true)
  const [high, low] = [box.top + 18, box.top + 64]
  const fork = x(child.born)
  const over = x(child.end?.t ?? until)
  const life = (d: string, kind: string, from: number) =>
    element('path', { d, class: `${kind}-line`, ...when(story, from) })
  const name = (lane: Family['parent'], y: number, kind: string) => [
    textAt(box.left, y + 5, fitted(lane.name, 120, 16), `name ${kind}`),
  ]
  const mark = (at: number, y: number, words: string, t: number, anchor?: 'middle' | 'end') =>
    element(
      'g',
      when(story, t),
      element('circle', { cx: at, cy: y, r: 5, class: 'ink' }) +
        textAt(at + (anchor === 'end' ? -10 : 10), y - 9, words, 'small halo', anchor),
    )
  const exit = child.end
  return [
    ...name(parent, high, 'one'),
    ...name(child, low, 'two'),
    life(`M${left} ${high}H${right}`, 'one', parent.born),
    life(
      `M${fork} ${high}C${fork + 12} ${high} ${fork} ${low} ${fork + 24} ${low}H${Math.max(over - 24, fork + 24)}`,
      'two',
      child.born,
    ),
    mark(fork, high, 'fork(2)', child.born),
    ...(written ? [mark(x(written.t), low, `has written ${written.child}`, written.t, 'middle')] : []),
    ...(exit
      ? [
          life(
            `M${Math.max(over - 24, fork + 24)} ${low}C${over} ${low} ${over - 12} ${high} ${over} ${high}`,
            'two',
            exit.t,
          ),
          mark(over, high, `wait(2) returns, ${duration(exit.t - child.born)} later`, exit.t, 'end'),
        ]
      : []),
  ]
}

function drawHeads({ parent, child }: Family, y: number): string[] {
  const middle = (pagesLeft + pagesRight) / 2
  return [
    textAt(box.left, y, fitted(`${parent.name}, pid ${parent.pid}`, boxWidth, 16), 'name'),
    textAt(middle, y, 'pages of physical memory', 'name', 'middle'),
    textAt(childLeft, y, fitted(`${child.name}, pid ${child.pid}`, boxWidth, 16), 'name'),
  ]
}

function drawVariable(story: Story, family: Family, one: Variable, y: number, pixel: number): string[] {
  const { name, address, parent, child, before, after, t } = one
  const height = row - 10
  const side = (left: number, value: number, kind: string) => [
    element('rect', { x: left, y, width: boxWidth, height, rx: 4, class: 'paper' }),
    element('rect', { x: left, y, width: boxWidth, height, rx: 4, class: `${kind}-line` }),
    textAt(left + 10, y + 20, fitted(name, boxWidth - 50, 16), 'name'),
    textAt(left + 10, y + 38, `0x${address}`, 'mono dim'),
    element('g', when(story, t), textAt(left + boxWidth - 12, y + 28, `${value}`, 'large', 'end')),
  ]
  // After fork(2) the child has shared memory, but no page of it until it uses one.
  const hasPages = before.own + before.common > 0
  const first = hasPages ? drawPages(before, y, 9, pixel) : ''
  return [
    ...side(box.left, parent, 'one'),
    ...side(childLeft, child, 'two'),
    element('g', when(story, family.child.born), first),
    element(
      'g',
      { 'data-variable': name, ...when(story, t) },
      drawPages(after, y + 13, 16, pixel) + labels(after, y + 44),
    ),
  ]
}

/** The pages of the parent alone to the left, those of both in the middle, those of the child alone to the right. */
function drawPages({ own, parentOwn, common }: Pages, y: number, height: number, pixel: number): string {
  const width = Math.max(pixel - 1.5, 0.5)
  const cells = (left: number, number: number, draw: (x: number) => string) =>
    Array.from({ length: number }, (_, at) => draw(left + at * pixel)).join('')
  const one =
    (kind: string, part = 1) =>
    (x: number) =>
      element('rect', { x, y, width: width * part, height, class: kind })
  const [left, middle, right] = [inPages(parentOwn), inPages(common), inPages(own)]
  const both = (x: number) =>
    element('path', {
      d: `M${x.toFixed(1)} ${y}h${width.toFixed(1)}l${(-width).toFixed(1)} ${height}z`,
      class: 'one',
    }) +
    element('path', { d: `M${(x + width).toFixed(1)} ${y}v${height}h${(-width).toFixed(1)}z`, class: 'two' })
  return [
    cells(pagesLeft, left, one('one')),
    cells((pagesLeft + pagesRight - middle * pixel) / 2, middle, both),
    cells(pagesRight - right * pixel, right, one('two')),
  ].join('')
}

/** The numbers of pages, below them. */
function labels({ own, parentOwn, common }: Pages, y: number): string {
  const [left, middle, right] = [inPages(parentOwn), inPages(common), inPages(own)]
  return [
    left > 0 ? textAt(pagesLeft, y, `${counted(left, 'page')} of the parent`, 'small') : '',
    middle > 0 ? textAt((pagesLeft + pagesRight) / 2, y, `${middle} common`, 'small', 'middle') : '',
    right > 0 ? textAt(pagesRight, y, `${right} of the child`, 'small', 'end') : '',
  ].join('')
}

interface Offsets {
  parent: number
  child: number
  t: number
}

/** Where the two are in the file that both have open. */
function offsetsIn({ steps }: Story, { parent, child }: Family): Offsets | undefined {
  const found: Partial<Offsets> = {}
  for (const { event, about } of steps) {
    if (event.event !== 'evidence' || !/\/fdinfo\/\d+$/.test(event.source)) continue
    const position = numberIn(event.data)
    if (position === undefined) continue
    if (about === parent) found.parent = position
    if (about === child) Object.assign(found, { child: position, t: event.t })
  }
  const { parent: one, child: other, t } = found
  return one === undefined || other === undefined || t === undefined
    ? undefined
    : { parent: one, child: other, t }
}

/** Both have a descriptor; the open file description, with the offset, is one. */
function drawOffset(story: Story, { parent, child, t }: Offsets, y: number): string[] {
  const middle = (pagesLeft + pagesRight) / 2
  const side = (left: number, value: number, kind: string) => [
    element('rect', { x: left, y, width: boxWidth, height: 30, rx: 4, class: `${kind}-line` }),
    textAt(left + 10, y + 20, 'file offset', 'name'),
    element('g', when(story, t), textAt(left + boxWidth - 12, y + 22, `${value}`, 'large', 'end')),
  ]
  return [
    ...side(box.left, parent, 'one'),
    ...side(childLeft, child, 'two'),
    element('path', { d: `M${pagesLeft} ${y + 15}H${middle - 125}`, class: 'one-line' }),
    element('path', { d: `M${pagesRight} ${y + 15}H${middle + 125}`, class: 'two-line' }),
    element('rect', { x: middle - 125, y, width: 250, height: 30, rx: 4, class: 'held' }),
    textAt(middle, y + 20, 'one open file description', '', 'middle'),
  ]
}

function drawLegend(y: number): string[] {
  return [
    textAt(
      box.left,
      y,
      'A square is a page. Small: just after fork(2). Large: when the child has written. Two colours: common to both.',
      'small dim',
    ),
  ]
}

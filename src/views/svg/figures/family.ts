/** Draws a family of processes as a tree: a box for each process, below the box of its parent. */
import { type HierarchyPointNode, hierarchy, tree } from 'd3-hierarchy'
import { linkVertical } from 'd3-shape'
import type { ProcessState } from '../../../events.js'
import type { Claim, Story } from '../../story/index.js'
import { when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'

export interface Member {
  pid: number
  /** The pid of the member above it. Missing for the root. */
  parent?: number
  name: string
  /** Its state in words. */
  about: string
  state?: ProcessState
  /** It has exited, so its box is crossed out. */
  over?: boolean
  /** There are processes between it and the member above it that are not drawn. */
  far?: boolean
  /** It stands for members that are not drawn. */
  folded?: boolean
  /** The process that the picture is about. */
  hero?: boolean
  /** Lines beside its box. */
  notes?: string[]
  /** When it is first seen; missing where the whole tree appears at once. */
  t?: number
}

export const boxSize = { width: 168, height: 44 }

/** Where a member is: the middle of its box. */
export interface Place {
  x: number
  y: number
}

/**
 * Draws the members that descend from the first one.
 *
 * @param top the place of the root; `step`: pixels from a generation to the next
 */
export function drawFamily(
  story: Story,
  members: readonly [Member, ...Member[]],
  top: Place & { step: number },
): { parts: string[]; places: Map<number, Place> } {
  const layOut = tree<Member>().nodeSize([boxSize.width + 8, top.step])
  const root = layOut(hierarchy(members[0], childrenIn(members)))
  const nodes = root.descendants()
  // The tree may be wider on one side of its root. It is placed with its middle at `top.x`.
  const xs = nodes.map(({ x }) => x)
  const shift = top.x - (Math.min(...xs) + Math.max(...xs)) / 2
  const place = ({ x, y }: Place) => ({ x: x + shift, y: y + top.y })
  const places = new Map(nodes.map((node) => [node.data.pid, place(node)]))
  const edges = root
    .links()
    .map(({ source, target }) => drawEdge(story, target, place(source), place(target)))
  const boxes = nodes.map((node) =>
    element(
      'g',
      { 'data-pid': node.data.pid, ...appears(story, node.data) },
      drawMember(node.data, place(node)),
    ),
  )
  return { parts: [...edges, ...boxes], places }
}

/** A recording may contain a circle, so no member is the child of two. */
function childrenIn(members: readonly Member[]) {
  const placed = new Set<Member>(members.slice(0, 1))
  const of = new Map<number | undefined, Member[]>()
  for (const member of members) {
    const list = of.get(member.parent)
    if (list) list.push(member)
    else of.set(member.parent, [member])
  }
  return ({ pid }: Member) => {
    const children = (of.get(pid) ?? []).filter((child) => !placed.has(child))
    for (const child of children) placed.add(child)
    return children
  }
}

function appears(story: Story, { t }: Member) {
  return t === undefined ? {} : when(story, t)
}

function drawEdge(
  story: Story,
  { data, parent }: HierarchyPointNode<Member>,
  from: Place,
  to: Place,
): string {
  const half = boxSize.height / 2
  const link = linkVertical<{ source: Place; target: Place }, Place>()
    .x(({ x }) => Math.round(x))
    .y(({ y }) => Math.round(y))
  const d = link({ source: { ...from, y: from.y + half }, target: { ...to, y: to.y - half } }) ?? ''
  // A dotted line passes processes that are not drawn; the line from a dead parent is broken.
  const dashes = data.folded || data.far ? '2 5' : parent?.data.over ? '4 6' : undefined
  return element('path', { d, class: 'life', 'stroke-dasharray': dashes, ...appears(story, data) })
}

function drawMember(member: Member, { x, y }: Place): string {
  const { width, height } = boxSize
  const [left, top] = [x - width / 2, y - height / 2]
  if (member.folded) return textAt(x, y + 5, member.name, 'small dim', 'middle')
  const isZombie = member.state === 'zombie' && !member.over
  const kind = isZombie ? 'on' : member.over ? 'dim' : ''
  const shape = { x: left, y: top, width, height, rx: 6 }
  const body = member.over
    ? element('rect', { ...shape, class: 'new' })
    : element('rect', { ...shape, class: isZombie ? 'zombie' : 'paper' }) +
      element('rect', { ...shape, class: member.hero ? 'one-line' : 'frame' })
  const strip = member.state && !member.over && !isZombie
  return [
    body,
    strip ? element('rect', { x: left, y: top, width: 10, height, rx: 4, class: member.state }) : '',
    textAt(x + 3, y - 4, fitted(member.name, width - 12, 16), `name ${kind}`.trimEnd(), 'middle'),
    textAt(x + 3, y + 15, fitted(member.about, width, 14), `small ${kind}`.trimEnd(), 'middle'),
    member.over ? drawCross(left + 12, top + 12) : '',
    ...(member.notes ?? []).map((note, at, { length }) =>
      textAt(x + width / 2 + 10, y + 5 + (at - (length - 1) / 2) * 19, note, 'small'),
    ),
  ].join('')
}

function drawCross(x: number, y: number): string {
  return element('path', { d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10`, class: 'lost' })
}

/** A child is adopted. */
export interface Move {
  child: number
  old: number
  adopter: number
  t: number
}

/** The edge from the dead parent is crossed out, and one from the new parent bends around the others. */
function drawMove(places: Map<number, Place>, { child, old, adopter }: Move): string {
  const [at, above, top] = [child, old, adopter].map((pid) => places.get(pid))
  if (!at || !above || !top) return ''
  const side = boxSize.width / 2
  const out = Math.max(top.x, at.x) + side + 40
  const turn = Math.min(40, (at.y - top.y) / 2)
  const down = `C${out} ${top.y} ${out} ${top.y} ${out} ${top.y + turn}V${at.y - turn}`
  const d = `M${top.x + side} ${top.y}${down}C${out} ${at.y} ${out} ${at.y} ${at.x + side + 12} ${at.y}`
  const words = [
    ['adopts it', 'name'],
    [`PPid ${old}`, 'mono'],
    [`→ PPid ${adopter}`, 'mono'],
  ] as const
  return [
    drawCross(at.x, (above.y + at.y) / 2),
    element('path', { d, class: 'arrow', 'stroke-width': 4 }),
    element('path', { d: `M${at.x + side} ${at.y}l14 -7v14z`, class: 'head' }),
    ...words.map(([text, kind], line) => textAt(out + 10, (top.y + at.y) / 2 - 10 + line * 20, text, kind)),
  ].join('')
}

/** A family at one moment. */
export interface Panel {
  title: string
  t: number
  members: readonly [Member, ...Member[]]
  move?: Move
  claims: readonly Claim[]
}

/**
 * Draws a small tree with its title above and its claims below.
 *
 * @param place `step`: pixels between two generations; `claims`: the y coordinate of the first claim
 */
export function drawPanel(
  story: Story,
  { title, t, members, move, claims }: Panel,
  place: { x: number; y: number; width: number; step: number; claims: number },
): string[] {
  const { x, y, width, step } = place
  const { parts, places } = drawFamily(story, members, { x: x + boxSize.width / 2, y: y + 42, step })
  return [
    element('g', when(story, t), [textAt(x, y, fitted(title, width, 20), 'large'), ...parts].join('')),
    ...(move
      ? [element('g', { 'data-adopted': move.child, ...when(story, move.t) }, drawMove(places, move))]
      : []),
    ...writeClaims(story, claims, { x, y: place.claims, width: width - 24 }).parts,
  ]
}

/** The wait-for graph of a process: which thread waits for which, in which call and for what, and the circle of a deadlock. */
import { Graph, layout } from '@dagrejs/dagre'
import { curveMonotoneX, line } from 'd3-shape'
import type { Data } from '../../../events.js'
import type { Story } from '../../story/index.js'
import { box, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt, widthOf } from '../parts.js'
import { arrowHead } from './arrow.js'

/** More threads are not drawn. */
const mostNodes = 10

/**
 * Sizes of boxes, of what is between them, and of the label of an arrow, from large to small. Texts keep their size; where arrows
 * have no room for a label, the boxes contain the words.
 */
const layouts = [
  { width: 190, height: 62, apart: 50, ranks: 50, label: 330 },
  { width: 160, height: 62, apart: 40, ranks: 40, label: 200 },
  { width: 166, height: 104, apart: 24, ranks: 40, label: 0 },
  { width: 166, height: 104, apart: 12, ranks: 24, label: 0 },
]

/** A thread that waits, as the report shows it. */
interface Waiting {
  t: number
  pid: number
  tid: number
  /** The call that it waits in, in words. */
  call: string
  /** The kind of object that it waits for, and its file where it has one. */
  object: string
  file?: string
  /** The threads and processes that could let it continue. */
  wakers: number[]
}

interface WaitFor {
  waiting: Waiting[]
  /** The last part of the path of each program. */
  names: Map<number, string>
  /** The members of a deadlock, each of which waits for the next. */
  circle: { t: number; ids: number[]; certain: boolean } | undefined
}

export const drawWaitFor: Draw = (story) => {
  const graph = waitForIn(story)
  const { circle } = graph
  const edges = edgesOf(graph)
  if (edges.length === 0) return undefined
  const claims = claimsOf(story, ['why/deadlock-stands-still', 'why/still-blocked'])
  const command = commandIn(story)
  const top = 560
  return {
    title: circle
      ? `${circle.certain ? 'A deadlock' : 'Probably a deadlock'}: each waits for the next`
      : 'What waits for what',
    see: circle
      ? 'Follow the arrows: they lead back to where you began. None of them continues by itself.'
      : 'An arrow leads from a process that waits to the process that lets it continue.',
    claims,
    parts: [
      ...drawGraph(story, graph, edges, box.top + 10, top - 40),
      ...writeClaims(story, claims, { x: box.left, y: top, width: box.right - box.left, lines: 2 }).parts,
      ...(command
        ? [textAt(box.left, box.bottom - 6, `What lets it continue: ${fitted(command, 900, 16)}`, 'name')]
        : []),
    ],
  }
}

type RecordData = Extract<Data, { [name: string]: unknown }>

function waitForIn(story: Story): WaitFor {
  const waiting: Waiting[] = []
  const names = new Map<number, string>()
  let circle: WaitFor['circle']
  for (const { event } of story.steps) {
    if (event.event !== 'evidence' || typeof event.data !== 'object') continue
    const { data, source, t } = event
    if (Array.isArray(data)) {
      const [program] = data
      const pid = /^\/proc\/(\d+)\/cmdline$/.exec(source)?.[1]
      if (pid && typeof program === 'string') names.set(Number(pid), program.split('/').at(-1) ?? program)
      continue
    }
    if (data.kind === 'deadlock')
      circle = { t, ids: numbersIn(data.threads ?? data.members), certain: data.certain !== false }
    const one = waitingIn(data, t)
    if (one && waiting.length < mostNodes && !waiting.some(({ tid }) => tid === one.tid)) waiting.push(one)
  }
  return { waiting, names, circle }
}

/** A blocked thread: `kind`, `pid`, `tid` and `wakers` are in the data of its evidence. */
function waitingIn(data: RecordData, t: number): Waiting | undefined {
  const { kind, pid, tid, call, wakers, wakerThread, file, path } = data
  if (
    typeof kind !== 'string' ||
    typeof pid !== 'number' ||
    typeof tid !== 'number' ||
    !Array.isArray(wakers)
  )
    return undefined
  const name = [file, path].find((text) => typeof text === 'string')
  return {
    t,
    pid,
    tid,
    call: typeof call === 'string' ? `blocks in ${call}(2)` : 'waits',
    object: kind.replaceAll('-', ' '),
    ...(name !== undefined && { file: name }),
    wakers: typeof wakerThread === 'number' ? [wakerThread] : numbersIn(wakers),
  }
}

function numbersIn(list: unknown): number[] {
  return Array.isArray(list) ? list.filter((each) => typeof each === 'number').slice(0, mostNodes) : []
}

interface Edge {
  from: Waiting
  /** A thread of the graph, or a process of which the report shows no wait. */
  to: number
}

/**
 * A waker is a process: its first thread in the graph stands for it. Between members of a deadlock only its circle is drawn: what
 * else they wait for is in the report.
 */
function edgesOf(graph: WaitFor): Edge[] {
  const { waiting, circle } = graph
  const isMember = (tid: number) => circle?.ids.some((id) => isOne(id, tid, waiting)) ?? false
  const edges = waiting.flatMap((from) =>
    [...new Set(from.wakers)].slice(0, 3).map((waker) => ({
      from,
      to:
        waiting.find(({ tid }) => tid === waker)?.tid ??
        waiting.find(({ pid }) => pid === waker)?.tid ??
        waker,
    })),
  )
  return edges.filter(
    ({ from: { tid }, to }) =>
      !isMember(tid) || !isMember(to) || tid === to || stepIn(graph, tid, to) !== undefined,
  )
}

function drawGraph(story: Story, graph: WaitFor, edges: Edge[], top: number, bottom: number): string[] {
  const { waiting, names, circle } = graph
  const room = { width: box.right - box.left, height: bottom - top }
  const { drawn, sizes, kept } = placed(graph, edges, room)
  const { width = 1, height = 1 } = drawn.graph()
  const shift = [box.left + (room.width - width) / 2, top + (room.height - height) / 2]
  const curve = line<{ x: number; y: number }>(
    ({ x }) => x,
    ({ y }) => y,
  ).curve(curveMonotoneX)
  const wordsOf = (one: Waiting, width: number) => [one.call, objectIn(one, width)]
  const arrows = kept.map(({ from, to }) => {
    const place = stepIn(graph, from.tid, to)
    const { points = [], x = 0, y = 0 } = drawn.edge(...endsOf(graph, { from, to }))
    const way = isBack(circle, place) ? points.toReversed() : points
    const isMember = place !== undefined
    const words = sizes.label ? wordsOf(from, sizes.label) : []
    const parts = [
      element('path', { d: curve(way) ?? '', class: isMember ? 'lost' : 'arrow' }),
      arrowHead(way, isMember ? 'bad' : 'head'),
      ...words.map((word, at) =>
        textAt(
          x,
          y + (y < height / 2 ? -30 : 24) + 20 * at,
          word,
          at === 0 ? 'name halo' : 'small halo',
          'middle',
        ),
      ),
    ]
    return element(
      'g',
      {
        'data-edge': `${from.tid}-${to}`,
        'data-circle': isMember ? 'yes' : undefined,
        ...when(story, from.t),
      },
      parts.join(''),
    )
  })
  const boxes = drawn.nodes().map((id: string) => {
    const { x = 0, y = 0 } = drawn.node(id)
    const own = waiting.find(({ tid }) => `${tid}` === id)
    const pid = own?.pid ?? Number(id)
    const name = names.get(pid) ?? 'process'
    const number = own && own.tid !== own.pid ? `thread ${id}` : `process ${id}`
    const rect = {
      x: x - sizes.width / 2,
      y: y - sizes.height / 2,
      width: sizes.width,
      height: sizes.height,
      rx: 8,
      class: own ? 'region three' : 'new',
    }
    const room = sizes.width - 12
    const words = [number, ...(own && !sizes.label ? wordsOf(own, room) : [])]
    const first = y - 10 * words.length + 6
    return element(
      'g',
      { 'data-node': id, ...when(story, own?.t ?? story.start) },
      element('rect', rect) +
        textAt(x, first, fitted(name, room, 16), 'name', 'middle') +
        words.map((word, at) => textAt(x, first + 21 + 20 * at, word, 'small', 'middle')).join(''),
    )
  })
  const transform = `translate(${shift.map((number) => number.toFixed(1)).join(' ')})`
  const ids = new Set([...edges.map(({ to }) => to), ...waiting.map(({ tid }) => tid)])
  const more = ids.size - boxes.length
  return [
    element('g', { transform }, [...arrows, ...boxes].join('')),
    ...(more > 0 ? [textAt(box.left, bottom + 14, `${more} more not drawn`, 'small dim')] : []),
  ]
}

/** The object and its file, of which the end is kept where there is little room: it tells more than the beginning. */
function objectIn({ object, file }: Waiting, width: number): string {
  if (file === undefined) return fitted(object, width, 14)
  const whole = `${object}: ${file}`
  if (fitted(whole, width, 14) === whole) return whole
  const left = Math.floor(width / widthOf('x', 14)) - object.length - 3
  return left < 4 ? fitted(object, width, 14) : `${object}: …${file.slice(-left)}`
}

/** The layout with the most room for words that fits the slide. Where none does, the last threads are left out. */
function placed(graph: WaitFor, edges: readonly Edge[], room: { width: number; height: number }) {
  for (let most = graph.waiting.length; ; most--) {
    const waiting = graph.waiting.slice(0, most)
    const kept = edges.filter(({ from }) => waiting.includes(from))
    for (const sizes of layouts) {
      const drawn = new Graph({ directed: true, multigraph: true })
      drawn.setGraph({ rankdir: 'LR', nodesep: sizes.apart, ranksep: sizes.ranks, edgesep: sizes.apart })
      drawn.setDefaultEdgeLabel(() => ({}))
      for (const id of new Set([...waiting.map(({ tid }) => tid), ...kept.map(({ to }) => to)]))
        drawn.setNode(`${id}`, { width: sizes.width, height: sizes.height })
      const label = sizes.label ? { width: sizes.label, height: 100, labelpos: 'c' } : {}
      for (const edge of kept) {
        const [from, to, name] = endsOf(graph, edge)
        drawn.setEdge(from, to, { ...label }, name)
      }
      layout(drawn)
      const { width = 1, height = 1 } = drawn.graph()
      if (most <= 1 || (width <= room.width && height <= room.height)) return { drawn, sizes, kept }
    }
  }
}

/** The ends of an edge in the layout, and its name. The second half of a circle leads back, so that it is drawn as a ring. */
function endsOf(graph: WaitFor, { from, to }: Edge): [string, string, string] {
  const name = `${from.tid}-${to}`
  return isBack(graph.circle, stepIn(graph, from.tid, to))
    ? [`${to}`, `${from.tid}`, name]
    : [`${from.tid}`, `${to}`, name]
}

function isBack(circle: WaitFor['circle'], place: number | undefined): boolean {
  const members = circle?.ids.length ?? 0
  return place !== undefined && members > 2 && place >= members / 2
}

/** Which step of the circle leads from a thread to another one, or undefined. */
function stepIn({ circle, waiting }: WaitFor, from: number, to: number): number | undefined {
  const ids = circle?.ids ?? []
  const at = ids.findIndex(
    (id, at) => isOne(id, from, waiting) && isOne(ids[(at + 1) % ids.length], to, waiting),
  )
  return at < 0 ? undefined : at
}

/** Whether a number of the circle, a thread or a process, is this thread. */
function isOne(id: number | undefined, tid: number, waiting: Waiting[]): boolean {
  return id === tid || waiting.some((one) => one.tid === tid && one.pid === id)
}

/** The first command that the report names. */
function commandIn({ steps }: Story): string | undefined {
  for (const { event } of steps) {
    if (
      event.event !== 'note' ||
      event.role !== 'next' ||
      typeof event.data !== 'object' ||
      Array.isArray(event.data)
    )
      continue
    if (typeof event.data.command === 'string') return event.data.command
  }
  return undefined
}

/** The wait-for graph of a process: which thread waits for which, in which call and for what, and the circle of a deadlock. */
import { Graph, layout } from '@dagrejs/dagre'
import { curveMonotoneX, line } from 'd3-shape'
import type { Data } from '../../../events.js'
import type { Story } from '../../story/index.js'
import { box, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'

/** More threads are not drawn. */
const mostNodes = 10

const node = { width: 190, height: 62 }
const label = { width: 330, height: 110 }

/** A thread that waits, as the report shows it. */
interface Waiting {
  t: number
  pid: number
  tid: number
  /** The call that it waits in, in words. */
  call: string
  /** The kind of object that it waits for, and its file. */
  object: string
  /** The threads and processes that could let it continue. */
  wakers: number[]
}

interface WaitFor {
  waiting: Waiting[]
  /** The last part of the path of each program. */
  names: Map<number, string>
  /** The members of a deadlock, each of which waits for the next. */
  circle: { t: number; ids: number[] } | undefined
}

export const drawWaitFor: Draw = (story) => {
  const graph = waitForIn(story)
  const edges = edgesOf(graph)
  if (edges.length === 0) return undefined
  const claims = claimsOf(story, ['why/deadlock-stands-still', 'why/still-blocked'])
  const isDeadlock = graph.circle !== undefined
  const command = commandIn(story)
  const top = 560
  return {
    title: isDeadlock ? 'A deadlock: each waits for the next' : 'What waits for what',
    see: isDeadlock
      ? 'Follow the arrows: they lead back to where you began. None of them can continue.'
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
    if (data.kind === 'deadlock') circle = { t, ids: numbersIn(data.threads ?? data.members) }
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
  const words = kind.replaceAll('-', ' ')
  return {
    t,
    pid,
    tid,
    call: typeof call === 'string' ? `blocks in ${call}(2)` : 'waits',
    object: name === undefined ? words : `${words}: ${name}`,
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

/** A waker is a process: its first thread in the graph stands for it. */
function edgesOf({ waiting }: WaitFor): Edge[] {
  return waiting.flatMap((from) =>
    [...new Set(from.wakers)].slice(0, 3).map((waker) => ({
      from,
      to:
        waiting.find(({ tid }) => tid === waker)?.tid ??
        waiting.find(({ pid }) => pid === waker)?.tid ??
        waker,
    })),
  )
}

function drawGraph(story: Story, graph: WaitFor, edges: Edge[], top: number, bottom: number): string[] {
  const { waiting, names, circle } = graph
  const drawn = new Graph({ directed: true })
  drawn.setGraph({ rankdir: 'LR', nodesep: 60, ranksep: 50, edgesep: 40 })
  drawn.setDefaultEdgeLabel(() => ({}))
  for (const id of new Set([...waiting.map(({ tid }) => tid), ...edges.map(({ to }) => to)]))
    drawn.setNode(`${id}`, { ...node })
  for (const { from, to } of edges) drawn.setEdge(`${from.tid}`, `${to}`, { ...label, labelpos: 'c' })
  layout(drawn)
  const { width = 1, height = 1 } = drawn.graph()
  // A large graph is drawn smaller. Two or three members of a deadlock are drawn in full size.
  const scale = Math.min(1, (box.right - box.left) / width, (bottom - top) / height)
  const shift = [
    box.left + (box.right - box.left - width * scale) / 2,
    top + (bottom - top - height * scale) / 2,
  ]
  const inCircle = (from: number, to: number) => {
    const ids = circle?.ids ?? []
    return ids.some((id, at) => isOne(id, from, waiting) && isOne(ids[(at + 1) % ids.length], to, waiting))
  }
  const curve = line<{ x: number; y: number }>(
    ({ x }) => x,
    ({ y }) => y,
  ).curve(curveMonotoneX)
  const arrows = edges.map(({ from, to }) => {
    const { points = [], x = 0, y = 0 } = drawn.edge(`${from.tid}`, `${to}`)
    const isMember = inCircle(from.tid, to)
    const words = [from.call, fitted(from.object, label.width, 14)]
    const parts = [
      element('path', { d: curve(points) ?? '', class: isMember ? 'lost' : 'arrow' }),
      headOf(points, isMember ? 'bad' : 'head'),
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
      x: x - node.width / 2,
      y: y - node.height / 2,
      ...node,
      rx: 8,
      class: own ? 'region three' : 'new',
    }
    return element(
      'g',
      { 'data-node': id, ...when(story, own?.t ?? story.start) },
      element('rect', rect) +
        textAt(x, y - 4, fitted(name, node.width - 12, 16), 'name', 'middle') +
        textAt(x, y + 18, number, 'small', 'middle'),
    )
  })
  const transform = `translate(${shift.map((number) => number.toFixed(1)).join(' ')}) scale(${scale.toFixed(3)})`
  return [element('g', { transform }, [...arrows, ...boxes].join(''))]
}

/** Whether a number of the circle, a thread or a process, is this thread. */
function isOne(id: number | undefined, tid: number, waiting: Waiting[]): boolean {
  return id === tid || waiting.some((one) => one.tid === tid && one.pid === id)
}

/** The head of an arrow, in the direction of its last part. */
function headOf(points: { x: number; y: number }[], kind: string): string {
  const [before, end] = points.slice(-2)
  if (!before || !end) return ''
  const angle = (Math.atan2(end.y - before.y, end.x - before.x) * 180) / Math.PI
  return element('path', {
    d: 'M-11 -6L0 0L-11 6Z',
    class: kind,
    transform: `translate(${end.x.toFixed(1)} ${end.y.toFixed(1)}) rotate(${angle.toFixed(1)})`,
  })
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

/** Pipes between a parent and its children: which process has which end open, at each moment in which the run looked. */
import { Graph, layout } from '@dagrejs/dagre'
import { curveBasis, line } from 'd3-shape'
import type { Story } from '../../story/index.js'
import { box, claimsOf, type Draw, mostClaims, when } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { arrowHead } from './arrow.js'
import { claimsBeside } from './beside.js'

/** The most moments, and descriptors at one of them, that are drawn. */
const mostMoments = 3
const mostDescriptors = 24

/** Claims stand to the right of it. */
const graphRight = 830

const node = { width: 84, height: 40 }

/** A descriptor of a pipe, as the data of the evidence has it. */
interface Descriptor {
  process: string
  fd: number
  pipe: string
  access: string
  t: number
}

type Moment = [name: string, descriptors: Descriptor[]]

export const drawEnds: Draw = (story) => {
  const moments = momentsOf(story)
  if (moments.length === 0) return undefined
  const height = (box.bottom - box.top) / moments.length
  // The processes that had an end at a moment or before it.
  const seen = moments.map((_, at) => [
    ...new Set(moments.slice(0, at + 1).flatMap(([, all]) => all.map(({ process }) => process))),
  ])
  const ids = story.claims.flatMap(({ id }) => (/^(?:anonymous|pipeline)\//.test(id ?? '') ? (id ?? []) : []))
  const claims = claimsOf(story, [...new Set(ids)])
  const perMoment = Math.ceil(Math.min(claims.length, mostClaims) / moments.length)
  const groups = moments.map((_, at) => ({
    y: box.top + 20 + at * height,
    ids: claims.slice(at * perMoment, (at + 1) * perMoment).flatMap(({ id }) => id ?? []),
  }))
  const beside = claimsBeside(story, groups, graphRight + 40)
  return {
    see: 'An arrow into a pipe is an open write end. An arrow out of it is an open read end.',
    claims: beside.claims,
    parts: [
      ...moments.flatMap((moment, at) =>
        drawMoment(story, moment, seen[at] ?? [], box.top + at * height, height),
      ),
      ...beside.parts,
    ],
  }
}

function momentsOf({ steps }: Story): Moment[] {
  const moments = new Map<string, Descriptor[]>()
  for (const { event } of steps) {
    if (event.event !== 'evidence' || !Array.isArray(event.data)) continue
    for (const row of event.data) {
      if (typeof row !== 'object' || row === null) continue
      const { process, moment, fd, target, access } = row
      if (
        typeof process !== 'string' ||
        typeof moment !== 'string' ||
        typeof fd !== 'number' ||
        typeof target !== 'string' ||
        typeof access !== 'string' ||
        !target.startsWith('pipe:')
      )
        continue
      const found = moments.get(moment) ?? []
      moments.set(moment, found)
      if (found.length < mostDescriptors) found.push({ process, fd, pipe: target, access, t: event.t })
    }
  }
  return [...moments].slice(0, mostMoments)
}

function graphOf(descriptors: readonly Descriptor[]) {
  const graph = new Graph({ directed: true, multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 50, edgesep: 20 })
  for (const { process, pipe } of descriptors) {
    graph.setNode(process, { ...node })
    graph.setNode(pipe, { ...node })
  }
  for (const { process, fd, pipe, access } of descriptors) {
    const [from, to] = access === 'O_RDONLY' ? [pipe, process] : [process, pipe]
    graph.setEdge(from, to, { width: 36, height: 16, labelpos: 'c' }, `${process} ${fd}`)
  }
  layout(graph)
  const { width = 1, height = 1 } = graph.graph()
  return { graph, width, height }
}

/** @param processes the names of those that have an end, or had one before */
function drawMoment(
  story: Story,
  [name, all]: Moment,
  processes: readonly string[],
  top: number,
  height: number,
): string[] {
  const room = { width: graphRight - box.left, height: height - 56 }
  let descriptors = all
  let { graph, ...size } = graphOf(descriptors)
  // Texts are never drawn smaller: the last processes are left out.
  while (descriptors.length > 1 && (size.width > room.width || size.height > room.height)) {
    const last = descriptors.at(-1)?.process
    descriptors = descriptors.filter(({ process }) => process !== last)
    ;({ graph, ...size } = graphOf(descriptors))
  }
  const { width } = size
  const scale = Math.max(1, Math.min(1.4, room.width / width, room.height / size.height))
  const there = new Set(all.map(({ process }) => process))
  const left = new Set(descriptors.map(({ process }) => process))
  const asides = [
    { what: 'no end open', names: processes.filter((one) => !there.has(one)) },
    { what: 'not drawn', names: processes.filter((one) => there.has(one) && !left.has(one)) },
  ].flatMap(({ what, names }) => (names.length > 0 ? `${what}: ${names.join(', ')}` : []))
  const t = descriptors[0]?.t ?? story.start
  const curve = line<{ x: number; y: number }>(
    ({ x }) => x,
    ({ y }) => y,
  ).curve(curveBasis)
  const arrows = descriptors.map(({ process, fd, pipe, access }) => {
    const isRead = access === 'O_RDONLY'
    const [from, to] = isRead ? [pipe, process] : [process, pipe]
    const { points = [], x = 0, y = 0 } = graph.edge(from, to, `${process} ${fd}`)
    // An arrow that bends down has its label below.
    const isBelow = y > graph.node(pipe).y + 2
    return (
      element('path', { d: curve(points) ?? '', class: isRead ? 'one-line' : 'two-line' }) +
      arrowHead(points, isRead ? 'one' : 'two') +
      textAt(x, isBelow ? y + 17 : y - 7, `fd ${fd}`, 'small halo', 'middle')
    )
  })
  const boxes = graph.nodes().map((id: string) => {
    const { x = 0, y = 0 } = graph.node(id)
    const isPipe = id.startsWith('pipe:')
    const rect = {
      x: x - node.width / 2,
      y: y - node.height / 2,
      ...node,
      rx: isPipe ? 20 : 6,
      class: isPipe ? 'held' : 'region one',
    }
    const text = textAt(x, y + 5, fitted(isPipe ? 'pipe' : id, node.width - 12, 16), 'name', 'middle')
    return element('g', { 'data-node': id }, element('rect', rect) + text)
  })
  const x = box.left + Math.max(0, (room.width - width * scale) / 2)
  const transform = `translate(${x.toFixed(1)} ${(top + 42).toFixed(1)}) scale(${scale.toFixed(3)})`
  return [
    element(
      'g',
      when(story, t),
      textAt(box.left, top + 20, fitted(name, room.width, 16), 'name') +
        textAt(graphRight, top + 20, fitted(asides.join('; '), room.width / 2, 14), 'small dim', 'end') +
        element('g', { transform }, [...arrows, ...boxes].join('')),
    ),
  ]
}

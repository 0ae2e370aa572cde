/** Pipes between a parent and its children: which process has which end open, at each moment in which the run looked. */
import { Graph, layout } from '@dagrejs/dagre'
import { curveBasis, line } from 'd3-shape'
import type { Story } from '../../story/index.js'
import { box, claimsOf, type Draw, mostClaims, when } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { claimsBeside } from './beside.js'

/** The most moments, and descriptors at one of them, that are drawn. */
const mostMoments = 3
const mostDescriptors = 24

/** Claims stand to the right of it. */
const graphRight = 830

const node = { width: 96, height: 40 }

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
      ...moments.flatMap((moment, at) => drawMoment(story, moment, box.top + at * height, height)),
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

function drawMoment(story: Story, [name, descriptors]: Moment, top: number, height: number): string[] {
  const graph = new Graph({ directed: true, multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 14, ranksep: 56, edgesep: 20 })
  for (const { process, pipe } of descriptors) {
    graph.setNode(process, { ...node })
    graph.setNode(pipe, { ...node, width: 130 })
  }
  descriptors.forEach(({ process, fd, pipe, access }) => {
    const [from, to] = access === 'O_RDONLY' ? [pipe, process] : [process, pipe]
    graph.setEdge(from, to, { width: 36, height: 16, labelpos: 'c' }, `${process} ${fd}`)
  })
  layout(graph)
  const { width = 1, height: needed = 1 } = graph.graph()
  const room = { width: graphRight - box.left, height: height - 50 }
  const scale = Math.min(1.4, room.width / width, room.height / needed)
  const t = descriptors[0]?.t ?? story.start
  const curve = line<{ x: number; y: number }>(
    ({ x }) => x,
    ({ y }) => y,
  ).curve(curveBasis)
  const arrows = descriptors.map(({ process, fd, pipe, access }) => {
    const isRead = access === 'O_RDONLY'
    const [from, to] = isRead ? [pipe, process] : [process, pipe]
    const { points = [], x = 0, y = 0 } = graph.edge(from, to, `${process} ${fd}`)
    const [before, end] = points.slice(-2)
    const angle = before && end ? (Math.atan2(end.y - before.y, end.x - before.x) * 180) / Math.PI : 0
    const head = {
      d: 'M-10 -5L0 0L-10 5Z',
      class: 'ink',
      transform: `translate(${(end?.x ?? 0).toFixed(1)} ${(end?.y ?? 0).toFixed(1)}) rotate(${angle.toFixed(1)})`,
    }
    return (
      element('path', { d: curve(points) ?? '', class: isRead ? 'one-line' : 'two-line' }) +
      element('path', head) +
      textAt(x, y + 5, `fd ${fd}`, 'small halo', 'middle')
    )
  })
  const boxes = graph.nodes().map((id: string) => {
    const { x = 0, y = 0, width: wide = node.width } = graph.node(id)
    const isPipe = id.startsWith('pipe:')
    const rect = {
      x: x - wide / 2,
      y: y - node.height / 2,
      width: wide,
      height: node.height,
      rx: isPipe ? 20 : 6,
      class: isPipe ? 'held' : 'new',
    }
    const text = textAt(x, y + 5, fitted(isPipe ? 'pipe' : id, wide - 12, 16), 'name', 'middle')
    return element('g', { 'data-node': id }, element('rect', rect) + text)
  })
  const left = box.left + Math.max(0, (room.width - width * scale) / 2)
  const transform = `translate(${left.toFixed(1)} ${(top + 36).toFixed(1)}) scale(${scale.toFixed(3)})`
  return [
    element(
      'g',
      when(story, t),
      textAt(box.left, top + 20, fitted(name, room.width, 16), 'name') +
        element('g', { transform }, [...arrows, ...boxes].join('')),
    ),
  ]
}

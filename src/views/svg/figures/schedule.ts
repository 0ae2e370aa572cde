/** Which process was running on a CPU and when, as a Gantt chart, and its share of the CPU beside the share that its weight predicts. */
import { type ScaleLinear, scaleLinear } from 'd3-scale'
import { type Data, numberIn } from '../../../events.js'
import { duration } from '../../../text.js'
import type { Claim, Lane, Stay, Story } from '../../story/index.js'
import { box, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { participant } from './participants.js'

/** Where the chart begins and ends, and where the bars of the shares do. */
const chart = { left: 236, right: 790 }
const shares = { left: 840, right: 1110 }
const top = box.top + 34

/** More children are not drawn: their names would not fit. */
const mostChildren = 16

interface Child {
  lane: Lane
  nice: number
  weight: number
  /** The part of the CPU time of all that it received, and the part that its weight predicts. */
  received: number
  predicted: number
  stays: Stay[]
  /** Says whether its share is as predicted, where the run compares them. */
  claim?: Claim
}

export const drawSchedule: Draw = (story) => {
  const children = childrenOf(story)
  const stays = children.flatMap((child) => child.stays)
  if (stays.length === 0) return undefined
  const from = Math.min(...stays.map((stay) => stay.from))
  const to = Math.max(...stays.map((stay) => stay.to), from + 1)
  const x = scaleLinear([from, to], [chart.left, chart.right])
  const busy = stays.reduce((sum, stay) => sum + (stay.state === 'running' ? stay.to - stay.from : 0), 0)
  const height = Math.min(110, 360 / children.length)
  const y = (at: number) => top + 16 + height * at
  const foot = y(children.length)
  const claims = claimsOf(story, ['scheduler/turns-do-not-overlap', 'scheduler/one-cpu-runs-one-at-a-time'])
  return {
    title: 'Scheduling: the processes take turns on one CPU',
    see: `${busy < 0.9 * (to - from) ? 'At most one of them runs at a time; other programs use the CPU too.' : 'At any time, one process is running and the others are ready.'} A larger weight gives a larger share.`,
    claims: [...claims, ...children.flatMap(({ claim }) => claim ?? [])],
    parts: [
      textAt(chart.left, top, `When each process was running, during ${duration(to - from)}`, 'name'),
      ...drawAxis(x, to - from, foot),
      ...children.flatMap((child, at) => drawTurns(story, child, at, x, y(at), height)),
      ...drawShares(story, children, y, height),
      ...drawLegend(foot + 52),
      ...writeClaims(story, claims, { x: box.left, y: foot + 100, width: 1180, lines: 2 }).parts,
    ],
  }
}

/** The children of which the run reports the weight, the CPU time and the turns; empty where one of them is missing. */
function childrenOf(story: Story): Child[] {
  const weights: { nice: number; weight: number }[] = []
  const times: { lane: Lane; run: number }[] = []
  for (const { event, about } of story.steps) {
    if (event.event !== 'evidence') continue
    const run = numberIn(event.data, 'runNs')
    if (run !== undefined && about) times.push({ lane: about, run: within(run) })
    weights.push(...weightsIn(event.data))
  }
  if (times.length > mostChildren || times.length !== weights.length) return []
  const allTime = times.reduce((sum, { run }) => sum + run, 0)
  const allWeights = weights.reduce((sum, { weight }) => sum + weight, 0)
  return times.map(({ lane, run }, at) => {
    const claim = story.claims.find(
      ({ id, row }) => id === 'scheduler/weights-predict-shares' && row?.cells.child === lane.name,
    )
    const { nice, weight } = weights[at]! // Both lists have the same length.
    return {
      lane,
      nice,
      weight,
      received: run / allTime,
      predicted: weight / allWeights,
      stays: story.stays.filter((stay) => stay.lane === lane),
      ...(claim && { claim }),
    }
  })
}

/** A table of nice values and weights. */
function weightsIn(data: Data | undefined): { nice: number; weight: number }[] {
  if (!Array.isArray(data)) return []
  return data.flatMap((row) => {
    if (typeof row !== 'object' || row === null) return []
    const [nice, weight] = [numberIn(row, 'nice'), numberIn(row, 'weight')]
    return nice === undefined || weight === undefined ? [] : [{ nice, weight: within(weight) }]
  })
}

/** A recording may contain any number, and a sum of numbers must be finite and not zero. */
function within(number: number): number {
  return Math.max(1, Math.min(number, Number.MAX_SAFE_INTEGER))
}

function drawAxis(x: ScaleLinear<number, number>, time: number, foot: number): string[] {
  const [start = 0] = x.domain()
  return x
    .copy()
    .domain([0, time])
    .ticks(6)
    .flatMap((tick) => {
      const at = x(start + tick)
      return [
        element('path', { d: `M${at.toFixed(1)} ${top + 12}V${foot + 6}`, class: 'grid' }),
        textAt(at, foot + 24, tick === 0 ? '0' : duration(tick), 'small dim', 'middle'),
      ]
    })
}

function drawTurns(
  story: Story,
  { lane, nice, weight, stays }: Child,
  at: number,
  x: ScaleLinear<number, number>,
  y: number,
  height: number,
): string[] {
  const bar = Math.min(44, height - 8)
  const middle = y + height / 2
  const room = chart.left - box.left - 16
  const label = `nice ${nice}, weight ${weight}`
  const names =
    height < 44
      ? [textAt(box.left, middle + 5, fitted(`${lane.name}, ${label}`, room, 14), 'small')]
      : [
          textAt(box.left, middle - 4, fitted(lane.name, room, 16), 'name'),
          textAt(box.left, middle + 16, fitted(label, room, 15), ''),
        ]
  const bars = stays.map(({ state, from, to }) => {
    const isRunning = state === 'running'
    return element('rect', {
      x: x(from),
      y: isRunning ? middle - bar / 2 : middle - 2,
      // A turn stays visible however short it was.
      width: Math.max(x(to) - x(from), isRunning ? 1 : 0.1),
      height: isRunning ? bar : 4,
      class: isRunning ? participant(at) : 'waiting',
      'data-state': state,
      ...when(story, from),
    })
  })
  return [...names, ...bars]
}

function drawShares(story: Story, children: Child[], y: (at: number) => number, height: number): string[] {
  const length = scaleLinear(
    [0, Math.max(...children.map((child) => Math.max(child.received, child.predicted)))],
    [0, shares.right - shares.left],
  )
  const bar = Math.min(22, (height - 10) / 2)
  const parts = children.flatMap(({ received, predicted, claim, lane }, at) => {
    const middle = y(at) + height / 2
    const sign = claim ? (claim.holds ? ' ✔' : ' ✘') : ''
    const kind = claim?.holds === false ? 'bad' : ''
    const time = when(story, claim?.t ?? story.end)
    const value = element('rect', {
      x: shares.left,
      y: middle - bar,
      width: length(received),
      height: bar,
      class: participant(at),
    })
    const due = element('rect', {
      x: shares.left,
      y: middle,
      width: length(predicted),
      height: bar,
      class: 'frame',
      'stroke-dasharray': '4 3',
    })
    const words = [
      textAt(
        shares.left + length(received) + 8,
        middle - bar / 2 + 5,
        `${percent(received)}${sign}`,
        `small ${kind}`,
      ),
      textAt(shares.left + length(predicted) + 8, middle + bar / 2 + 5, percent(predicted), 'small dim'),
    ]
    const attributes = { 'data-share': lane.name, 'data-claims': claim?.id, ...time }
    return element('g', attributes, [value, due, ...words].join(''))
  })
  return [textAt(shares.left, top, 'Share of the CPU', 'name'), ...parts]
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}

function drawLegend(y: number): string[] {
  return [
    element('rect', { x: chart.left, y: y - 13, width: 24, height: 16, class: 'one' }),
    textAt(chart.left + 32, y, 'running', 'small'),
    element('rect', { x: chart.left + 116, y: y - 7, width: 24, height: 4, class: 'waiting' }),
    textAt(chart.left + 148, y, 'ready: it could run, but another process is running', 'small'),
    element('rect', { x: shares.left, y: y - 13, width: 24, height: 16, class: 'one' }),
    textAt(shares.left + 32, y, 'received', 'small'),
    element('rect', {
      x: shares.left + 116,
      y: y - 13,
      width: 24,
      height: 16,
      class: 'frame',
      'stroke-dasharray': '4 3',
    }),
    textAt(shares.left + 148, y, 'weight / sum of weights', 'small'),
  ]
}

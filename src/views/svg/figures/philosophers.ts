/** Philosophers and forks around a table: which process has which fork and waits for which, and how often each ate at last. */
import type { Claim, Story } from '../../story/index.js'
import { box, claimsOf, type Draw, when } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { arrow } from './arrow.js'
import { claimsBeside } from './beside.js'

/** More places are not drawn. */
const most = 8

const center = { x: 320, y: 356 }
const radius = 186
const half = { process: 34, fork: 26 }
const claimsLeft = 660

const groups = [
  {
    y: 180,
    ids: [
      'philosophers/mutual-exclusion',
      'philosophers/hold-and-wait',
      'philosophers/no-preemption',
      'philosophers/circular-wait',
    ],
  },
  { y: 440, ids: ['philosophers/preemption-ends-the-deadlock'] },
  { y: 620, ids: ['philosophers/order-prevents-the-circle'] },
]

interface Fork {
  t: number
  fork: number
  holder: number | undefined
}

interface Seat {
  t: number
  philosopher: number
  pid: number
  waitsFor: number | undefined
}

interface Dinner {
  forks: Fork[]
  seats: Seat[]
  meals: { t: number; philosopher: number; meals: number }[]
}

export const drawPhilosophers: Draw = (story) => {
  const dinner = dinnerIn(story)
  const { forks, seats, meals } = dinner
  if (forks.length < 2) return undefined
  const beside = claimsBeside(story, groups, claimsLeft)
  const isStuck = seats.length > 0 && seats.every(({ waitsFor }) => waitsFor !== undefined)
  return {
    title: isStuck ? 'Philosophers in a deadlock' : 'Philosophers and their forks',
    see: 'Follow the arrows: a process waits for a fork, and the fork belongs to another process.',
    claims: claimsOf(
      story,
      beside.claims.flatMap(({ id }) => id ?? []),
    ),
    parts: [
      ...seats.flatMap((seat) => waiting(story, dinner, seat)),
      ...forks.flatMap((fork) => holding(story, dinner, fork)),
      ...forks.map((fork) => drawFork(story, dinner, fork)),
      ...forks.map((fork) => drawProcess(story, dinner, fork.fork, fork.t)),
      ...legend(),
      ...drawMeals(story, meals),
      ...headings(beside.claims),
      ...beside.parts,
    ],
  }
}

function headings(claims: readonly Claim[]): string[] {
  const [conditions, end] = groups.map(({ ids }) => claims.some(({ id }) => ids.includes(id ?? '')))
  return [
    ...(conditions ? [textAt(claimsLeft, 150, 'The four conditions of a deadlock', 'large')] : []),
    ...(end ? [textAt(claimsLeft, 410, 'Without one of them', 'large')] : []),
  ]
}

/** A place at the table: a whole number below `most`. */
function placeIn(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < most
    ? value
    : undefined
}

function dinnerIn({ steps }: Story): Dinner {
  const dinner: Dinner = { forks: [], seats: [], meals: [] }
  for (const { event } of steps) {
    if (event.event !== 'evidence' || !Array.isArray(event.data)) continue
    for (const row of event.data) {
      if (typeof row !== 'object' || row === null) continue
      const [fork, philosopher] = [placeIn(row.fork), placeIn(row.philosopher)]
      const { t } = event
      if (fork !== undefined && row.moment === 'deadlock' && !dinner.forks.some((one) => one.fork === fork))
        dinner.forks.push({ t, fork, holder: placeIn(row.holder) })
      if (philosopher === undefined) continue
      if (row.moment === 'deadlock' && typeof row.pid === 'number')
        dinner.seats.push({ t, philosopher, pid: row.pid, waitsFor: placeIn(row.waitsFor) })
      if (row.moment === 'ordered' && typeof row.meals === 'number' && dinner.meals.length < most)
        dinner.meals.push({ t, philosopher, meals: row.meals })
    }
  }
  return dinner
}

/** Each process has its left fork beside it: fork 1 is between P0 and P1. */
function pointOf({ forks }: Dinner, kind: 'process' | 'fork', place: number): { x: number; y: number } {
  const share = (place - (kind === 'fork' ? 0.5 : 0)) / forks.length
  const angle = 2 * Math.PI * share - Math.PI / 2
  return { x: center.x + radius * Math.cos(angle), y: center.y + radius * Math.sin(angle) }
}

const around = 8

function waiting(story: Story, dinner: Dinner, { philosopher, waitsFor, t }: Seat): string[] {
  if (waitsFor === undefined || !dinner.forks.some(({ fork }) => fork === waitsFor)) return []
  const from = pointOf(dinner, 'process', philosopher)
  const drawn = arrow(from, pointOf(dinner, 'fork', waitsFor), [half.process + 2, half.fork + around], true)
  return [element('g', { 'data-waits': `P${philosopher} ${waitsFor}`, ...when(story, t) }, drawn)]
}

function holding(story: Story, dinner: Dinner, { fork, holder, t }: Fork): string[] {
  if (holder === undefined) return []
  const from = pointOf(dinner, 'fork', fork)
  const drawn = arrow(from, pointOf(dinner, 'process', holder), [half.fork + 2, half.process + around], false)
  return [element('g', { 'data-has': `P${holder} ${fork}`, ...when(story, t) }, drawn)]
}

function drawFork(story: Story, dinner: Dinner, { fork, t }: Fork): string {
  const { x, y } = pointOf(dinner, 'fork', fork)
  const size = { width: 2 * half.fork, height: 34 }
  const rect = { x: x - half.fork, y: y - 17, ...size, rx: 3, class: 'held' }
  return element(
    'g',
    { 'data-fork': fork, ...when(story, t) },
    element('rect', rect) + textAt(x, y + 5, `fork ${fork}`, 'small', 'middle'),
  )
}

function drawProcess(story: Story, dinner: Dinner, place: number, t: number): string {
  const { x, y } = pointOf(dinner, 'process', place)
  const pid = dinner.seats.find(({ philosopher }) => philosopher === place)?.pid
  return element(
    'g',
    { 'data-node': `P${place}`, ...when(story, t) },
    element('circle', { cx: x, cy: y, r: half.process, class: 'region three' }) +
      textAt(x, y + (pid === undefined ? 6 : 0), `P${place}`, 'name', 'middle') +
      (pid === undefined ? '' : textAt(x, y + 18, `${pid}`, 'small', 'middle')),
  )
}

function legend(): string[] {
  const y = center.y
  return [
    arrow({ x: center.x - 78, y: y - 12 }, { x: center.x - 22, y: y - 12 }, [0, 0], true),
    textAt(center.x - 12, y - 7, 'waits for', ''),
    arrow({ x: center.x - 78, y: y + 18 }, { x: center.x - 22, y: y + 18 }, [0, 0], false),
    textAt(center.x - 12, y + 23, 'belongs to', ''),
  ]
}

/** How often each ate when all take their locks in one order. */
function drawMeals(story: Story, meals: Dinner['meals']): string[] {
  const [first] = meals
  if (!first) return []
  const y = box.bottom - 44
  const width = 64
  const parts = meals.map(({ philosopher, meals: times }, at) => {
    const x = box.left + 150 + at * (width + 10)
    return (
      element('rect', { x, y: y - 22, width, height: 34, rx: 4, class: times > 0 ? 'filling' : 'band' }) +
      textAt(x + width / 2, y, fitted(`${times}`, width, 14), 'name', 'middle') +
      textAt(x + width / 2, y + 30, `P${philosopher}`, 'small dim', 'middle')
    )
  })
  const heads = [
    textAt(box.left, y - 8, 'In one order,', 'name'),
    textAt(box.left, y + 12, 'meals of each', 'name'),
  ]
  return [
    element('g', { 'data-meals': meals.length, ...when(story, first.t) }, [...heads, ...parts].join('')),
  ]
}

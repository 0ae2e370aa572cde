/** A bounded buffer: its places and semaphores after each step, the deadlock of the wrong order, and what `if` and `while` took. */
import type { Claim, Story } from '../../story/index.js'
import { box, claimOf, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt, wrapped } from '../parts.js'
import { arrow } from './arrow.js'

const names = ['free', 'filled', 'mutex'] as const

/** More steps or places are not drawn. */
const mostSteps = 11
const mostPlaces = 6

const columnsLeft = box.left + 70
const [slotTop, slotHeight, valueTop] = [158, 20, 268]
const panels = { top: 426, width: 380, gap: 30 }

/** The values of the semaphores at a moment, and how many wait for each. */
interface Step {
  t: number
  moment: string
  values: { name: string; value: number; waiting: number }[]
}

interface Count {
  t: number
  moment: string
  put: number
  taken: number
}

export const drawBuffer: Draw = (story) => {
  const { steps, counts } = bufferIn(story)
  const stuck = steps.find(({ moment }) => moment === 'deadlock')
  const shown = steps.slice(0, stuck ? steps.indexOf(stuck) : mostSteps).slice(0, mostSteps)
  const [first] = shown
  if (!first) return undefined
  const places = Math.min(mostPlaces, Math.max(0, valueIn(first, 'free') + valueIn(first, 'filled')))
  const width = (box.right - columnsLeft) / shown.length
  const above = [
    ...claimsOf(story, ['buffer/full-buffer-blocks-producer']),
    ...claimsOf(story, ['buffer/order-is-kept']),
  ]
  const below: [string, Claim[]][] = [
    ['Mistake 1: the mutex first', claimsOf(story, ['buffer/mutex-first-deadlocks'])],
    ['Mistake 2: tested with if', claimsOf(story, ['buffer/if-takes-from-empty-buffer'])],
    ['Correct: tested with while', claimsOf(story, ['buffer/while-tests-again'])],
  ]
  const drawings = [
    stuck ? drawDeadlock(story, stuck) : [],
    ...['if', 'while'].map((moment, at) => drawCount(story, moment, counts, panelLeft(at + 1))),
  ]
  return {
    see: 'Each column is a moment: the places of the buffer, and the values of its three semaphores.',
    claims: [...above, ...below.flatMap(([, claims]) => claims)],
    parts: [
      ...names.map((name, at) => textAt(box.left, valueTop + at * 24, name, 'name')),
      ...shown.map((step, at) => drawStep(story, step, columnsLeft + at * width, width, places)),
      ...above.flatMap(
        (claim, at) =>
          writeClaims(story, [claim], { x: box.left + at * 620, y: 362, width: 580, lines: 2 }).parts,
      ),
      ...below.flatMap(([title, claims], at) => [
        ...(claims.length > 0 ? [textAt(panelLeft(at), panels.top, title, 'large')] : []),
        ...(drawings[at] ?? []),
        ...writeClaims(story, claims, { x: panelLeft(at), y: 606, width: panels.width, lines: 4 }).parts,
      ]),
    ],
  }
}

const panelLeft = (at: number) => box.left + at * (panels.width + panels.gap)

function valueIn({ values }: Step, name: string): number {
  return values.find((one) => one.name === name)?.value ?? 0
}

function bufferIn({ steps }: Story): { steps: Step[]; counts: Count[] } {
  const found: { steps: Step[]; counts: Count[] } = { steps: [], counts: [] }
  for (const { event } of steps) {
    if (event.event !== 'evidence' || !Array.isArray(event.data)) continue
    const { t } = event
    for (const row of event.data) {
      if (typeof row !== 'object' || row === null || typeof row.moment !== 'string') continue
      const { moment, put, taken } = row
      const values = names.flatMap((name) => {
        const [value, waiting] = [row[name], row[`${name}Waiting`]]
        return typeof value === 'number' && typeof waiting === 'number' ? [{ name, value, waiting }] : []
      })
      if (values.length === names.length && found.steps.length < 2 * mostSteps)
        found.steps.push({ t, moment, values })
      if (typeof put === 'number' && typeof taken === 'number') found.counts.push({ t, moment, put, taken })
    }
  }
  return found
}

function drawStep(story: Story, step: Step, x: number, width: number, places: number): string {
  const middle = x + width / 2
  const filled = valueIn(step, 'filled')
  const heads = wrapped(step.moment, width - 6, 14, 2).map((line, at) =>
    textAt(middle, 128 + at * 17, line, 'small', 'middle'),
  )
  // The bottom one is filled first.
  const slots = Array.from({ length: places }, (_, at) =>
    element('rect', {
      x: middle - 24,
      y: slotTop + (places - 1 - at) * slotHeight,
      width: 48,
      height: slotHeight - 4,
      class: at < filled ? 'held' : 'new',
    }),
  )
  const values = step.values.flatMap(({ value, waiting }, at) => {
    const y = valueTop + at * 24
    return [
      textAt(middle, y, fitted(`${value}`, width / 2, 16), 'name', 'middle'),
      ...(waiting > 0
        ? [textAt(middle + 12, y, fitted(`${waiting} waits`, width - 24, 14), 'small bad')]
        : []),
    ]
  })
  return element(
    'g',
    { 'data-step': step.moment, ...when(story, step.t) },
    [...heads, ...slots, ...values].join(''),
  )
}

/** P1 has the mutex and waits for a free place; the others wait for the mutex, or for a free place. */
function drawDeadlock(story: Story, step: Step): string[] {
  if (!claimOf(story, 'buffer/mutex-first-deadlocks')?.holds) return []
  const left = panelLeft(0)
  const at = {
    C1: { x: left + 26, y: 470 },
    C2: { x: left + 26, y: 536 },
    mutex: { x: left + 128, y: 503 },
    P1: { x: left + 222, y: 503 },
    free: { x: left + 326, y: 503 },
    P2: { x: left + 326, y: 568 },
  }
  const process = (name: 'C1' | 'C2' | 'P1' | 'P2') =>
    element('circle', { cx: at[name].x, cy: at[name].y, r: 22, class: 'region three' }) +
    textAt(at[name].x, at[name].y + 6, name, 'name', 'middle')
  const semaphore = (name: 'mutex' | 'free') => {
    const { x, y } = at[name]
    const rect = { x: x - 34, y: y - 17, width: 68, height: 34, rx: 3, class: 'held' }
    const text = fitted(`${name} ${valueIn(step, name)}`, 66, 14)
    return element('rect', rect) + textAt(x, y + 5, text, 'small', 'middle')
  }
  const parts = [
    arrow(at.C1, at.mutex, [24, 42], true),
    arrow(at.C2, at.mutex, [24, 42], true),
    arrow(at.mutex, at.P1, [36, 25], false),
    arrow(at.P1, at.free, [24, 37], true),
    arrow(at.P2, at.free, [24, 20], true),
    ...(['C1', 'C2', 'P1', 'P2'] as const).map(process),
    ...(['mutex', 'free'] as const).map(semaphore),
    textAt(left + 58, 574, 'dashed: waits for', 'small dim'),
  ]
  return [element('g', { 'data-stuck': 'yes', ...when(story, step.t) }, parts.join(''))]
}

/** A box for each number that was put, and for each that was taken. */
function drawCount(story: Story, moment: string, counts: readonly Count[], left: number): string[] {
  // After the last change, `while` has taken what was put in between.
  const count = counts.findLast((one) => one.moment.startsWith(moment))
  if (!count) return []
  const row = (name: string, number: number, y: number) => [
    textAt(left, y + 20, name, 'name'),
    ...Array.from({ length: Math.max(0, Math.min(4, number)) }, (_, at) =>
      element('rect', {
        x: left + 76 + at * 58,
        y,
        width: 48,
        height: 30,
        rx: 3,
        class: at < count.put ? 'held' : 'new failed',
      }),
    ),
  ]
  const rest = count.put - count.taken
  return [
    element(
      'g',
      { 'data-count': `${count.put} ${count.taken}`, ...when(story, count.t) },
      [
        ...row('put', count.put, 446),
        ...row('taken', count.taken, 490),
        textAt(left, 554, 'left', 'name'),
        textAt(left + 76, 554, fitted(`${rest}`, 120, 20), rest < 0 ? 'large bad' : 'large'),
      ].join(''),
    ),
  ]
}

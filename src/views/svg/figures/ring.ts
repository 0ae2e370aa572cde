/** A ring buffer that two processes share: where the messages are in it, and when a process had to sleep. */
import { scaleLinear } from 'd3-scale'
import { arc, curveStepAfter, line } from 'd3-shape'
import { numberIn } from '../../../events.js'
import { counted, largest, size } from '../../../text.js'
import type { Lane, Story } from '../../story/index.js'
import { box, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'
import { createSteps } from './steps.js'

const center = { x: 260, y: box.top + 250 }
const [inner, outer] = [100, 160]
const [left, right] = [520, box.right]

/** More messages are not drawn one by one. */
const mostSlots = 40
const mostMoves = 60

interface Ring {
  t: number
  /** Bytes of it, bytes ever written, and how many messages they were. */
  capacity: number
  tail: number
  messages: number
}

export const drawRing: Draw = (story) => {
  const ring = ringIn(story)
  if (!ring) return undefined
  const claims = claimsOf(story, [
    'shm/ring-consumer-sleeps-when-empty',
    'shm/several-processes-attach-one-segment',
    'shm/ring-keeps-messages-in-order',
  ])
  return {
    title: 'A ring buffer in shared memory',
    see: 'Messages pass through memory, without a system call for each. A process calls futex(2) only to sleep.',
    claims,
    parts: [
      ...drawDisk(story, ring),
      ...drawMoves(story),
      ...writeClaims(story, claims, { x: left, y: box.top + 420, width: right - left, lines: 2 }).parts,
    ],
  }
}

function ringIn({ steps }: Story): Ring | undefined {
  for (const { event } of steps) {
    if (event.event !== 'evidence') continue
    const [capacity, tail, messages] = ['capacity', 'tail', 'messages'].map((name) =>
      numberIn(event.data, name),
    )
    if (capacity === undefined || tail === undefined || messages === undefined) continue
    if (capacity > 0 && tail > 0 && messages > 0 && Math.max(capacity, tail, messages) < 2 ** 32)
      return { t: event.t, capacity, tail, messages }
  }
  return undefined
}

/** The ring, with the messages that were written last. Messages of one size take up the same number of bytes. */
function drawDisk(story: Story, { t, capacity, tail, messages }: Ring): string[] {
  const each = tail / messages
  const angle = scaleLinear([0, capacity], [0, 2 * Math.PI])
  const draw = arc<{ from: number; to: number }>()
    .innerRadius(inner)
    .outerRadius(outer)
    .startAngle(({ from }) => from)
    .endAngle(({ to }) => to)
  const part = (from: number, to: number, kind: string) =>
    element('path', {
      d: draw({ from, to }) ?? '',
      class: kind,
      transform: `translate(${center.x} ${center.y})`,
    })
  const count = Math.floor(Math.min(messages, capacity / each))
  const slots = Array.from({ length: count <= mostSlots ? count : 0 }, (_, index) => {
    const number = messages - count + index
    const begin = angle((number * each) % capacity)
    const end = begin + angle(each)
    const [x, y] = place((begin + end) / 2, (inner + outer) / 2)
    const hasRoom = angle(each) * outer > 26
    const text = hasRoom ? textAt(x, y + 5, fitted(`${number}`, 40, 14), 'small', 'middle') : ''
    return element('g', { 'data-slot': number, ...when(story, t) }, part(begin, end, 'held') + text)
  })
  const [x, y] = place(angle(tail % capacity), outer + 14)
  const [x2, y2] = place(angle(tail % capacity), inner - 14)
  const mark = element('path', {
    d: `M${x.toFixed(1)} ${y.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}`,
    class: 'lost',
  })
  return [
    textAt(box.left, box.top + 24, 'Where the messages were', 'name'),
    part(0, 2 * Math.PI, 'region one'),
    ...slots,
    mark,
    textAt(center.x, center.y - 8, size(capacity), 'large', 'middle'),
    textAt(center.x, center.y + 16, counted(messages, 'message'), '', 'middle'),
    textAt(center.x, center.y + outer + 44, 'The next message begins at the line.', '', 'middle'),
    textAt(
      center.x,
      center.y + outer + 66,
      'Behind the last byte follows the first one.',
      'small dim',
      'middle',
    ),
  ]
}

/** A place at an angle, clockwise from the top. */
function place(angle: number, radius: number): [number, number] {
  return [center.x + Math.sin(angle) * radius, center.y - Math.cos(angle) * radius]
}

/** Who wrote and read when, how many messages were in the ring, and when a side slept. */
function drawMoves(story: Story): string[] {
  const moves = story.steps.flatMap(({ event, lane }) =>
    event.event === 'sent' || event.event === 'received'
      ? [{ t: event.t, lane, more: event.event === 'sent' ? 1 : -1 }]
      : [],
  )
  const sleeps = story.holds
    .filter(({ first }) => first.call === 'futex' || first.call === 'Atomics.wait')
    .slice(0, mostMoves)
  const few = moves.slice(0, mostMoves)
  const end = few.at(-1)?.t ?? story.end
  const shown = sleeps.filter(({ begin }) => begin <= end)
  const lanes = [...new Set([...few, ...shown].map(({ lane }) => lane))].slice(0, 2)
  const x = createSteps(
    [...few.map(({ t }) => t), ...shown.flatMap(({ begin, end }) => [begin, end])],
    left + 110,
    right - 8,
  )
  const top = box.top + 24
  const y = (lane: Lane) => top + 60 + 84 * lanes.indexOf(lane)
  let count = 0
  const counts = few.map(({ t, more }) => {
    count = Math.max(0, count + more)
    return { t, count }
  })
  const most = largest(
    counts.map((one) => one.count),
    1,
  )
  const floor = top + 330
  const height = scaleLinear([0, most], [floor, floor - 80])
  const steps = line<{ t: number; count: number }>(
    ({ t }) => x(t),
    (one) => height(one.count),
  ).curve(curveStepAfter)
  return [
    textAt(left, top, 'Messages in and out', 'name'),
    ...lanes.flatMap((lane) => [
      textAt(left, y(lane) + 5, fitted(lane.name, 104, 16), 'name'),
      element('path', { d: `M${left + 110} ${y(lane)}H${right}`, class: 'life' }),
    ]),
    ...shown.flatMap(({ lane, begin, end: wake }) => {
      if (!lanes.includes(lane)) return []
      const width = Math.max(x(wake) - x(begin), 2)
      const rect = element('rect', { x: x(begin), y: y(lane) - 14, width, height: 28, class: 'waiting' })
      const text = textAt(x(begin) + width / 2, y(lane) + 5, fitted('sleeps', width, 14), 'small', 'middle')
      return [element('g', { 'data-sleep': lane.name, ...when(story, begin) }, rect + text)]
    }),
    ...few.flatMap(({ t, lane, more }) =>
      lanes.includes(lane)
        ? [
            element('circle', {
              cx: x(t),
              cy: y(lane),
              r: 6,
              class: more > 0 ? 'one' : 'two',
              'data-move': more > 0 ? 'in' : 'out',
              ...when(story, t),
            }),
          ]
        : [],
    ),
    textAt(left, floor - 34, 'messages', 'name'),
    textAt(left, floor - 14, `in the ring, 0 to ${most}`, 'small'),
    element('path', { d: steps(counts) ?? '', class: 'one-line' }),
    textAt(
      left,
      floor + 32,
      `Each message is marked as it was reported. ${counted(story.holds.filter(({ first }) => first.call === 'futex').length, 'sleep')} in futex(2). The steps are not to scale.`,
      'small dim',
    ),
  ]
}

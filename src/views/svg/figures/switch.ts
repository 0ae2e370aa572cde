/** Where the time of a round trip goes: system calls and switches, on one CPU and on two. And which kind of switch a process makes. */
import { scaleLinear } from 'd3-scale'
import { type Data, numberIn } from '../../../events.js'
import { largest, micro } from '../../../text.js'
import type { Story } from '../../story/index.js'
import { box, claimsOf, type Draw, when, writeClaims } from '../figure.js'
import { element, fitted, textAt } from '../parts.js'

/** Where the bars begin and end, and where the claims begin. */
const [left, right, claimsLeft] = [170, 1130, 640]
const top = box.top + 22

/** The median time of a round trip, in microseconds, and the CPU of each process. */
interface Trip {
  t: number
  time: number
  isOneCpu: boolean
}

export const drawSwitch: Draw = (story) => {
  const { alone, trips } = timesIn(story)
  if (trips.length === 0) return undefined
  const claims = claimsOf(story, [
    'scheduler/round-trip-takes-a-switch-each',
    'scheduler/waiting-switches-voluntarily',
    'scheduler/computing-is-preempted',
    'scheduler/kernel-keeps-program-counter',
    'scheduler/kernel-keeps-registers',
    'scheduler/switch-restores-registers',
  ])
  const half = top + 260
  return {
    title: 'What a context switch costs',
    see: 'A byte goes to another process and back. The system calls take a part of the time, the switches the rest.',
    claims,
    parts: [
      textAt(box.left, top, 'The time of one round trip (median)', 'name'),
      ...drawTrips(story, alone, trips),
      ...drawKinds(story, half),
      ...writeClaims(story, claims, { x: claimsLeft, y: half + 4, width: box.right - claimsLeft, lines: 2 })
        .parts,
    ],
  }
}

/** `alone` is the time of a write(2) and a read(2) without a switch, in microseconds. */
function timesIn({ steps }: Story): { alone?: number; trips: Trip[] } {
  const trips: Trip[] = []
  let alone: number | undefined
  for (const { event } of steps) {
    if (event.event !== 'evidence') continue
    const time = numberIn(event.data, 'microseconds')
    if (time === undefined || !(time > 0) || time > 1e9) continue
    const cpus = cpusIn(event.data)
    if (cpus) trips.push({ t: event.t, time, isOneCpu: cpus[0] === cpus[1] })
    else alone ??= time
  }
  return { trips, ...(alone !== undefined && { alone }) }
}

function cpusIn(data: Data | undefined) {
  const cpus = typeof data === 'object' && !Array.isArray(data) ? data.cpus : undefined
  return Array.isArray(cpus) && cpus.length === 2 ? cpus : undefined
}

/** A row for one CPU and one for two, also where the run has no such round trip. */
function drawTrips(story: Story, alone: number | undefined, trips: Trip[]): string[] {
  const x = scaleLinear(
    [
      0,
      largest(
        trips.map(({ time }) => time),
        1,
      ),
    ],
    [left, right],
  )
  const rows = [
    { isOneCpu: true, label: 'on one CPU', rest: '2 switches, each wakes a process' },
    { isOneCpu: false, label: 'on two CPUs', rest: '2 processes wake up on another CPU' },
  ]
  return rows.flatMap(({ isOneCpu, label, rest }, at) => {
    const y = top + 44 + 100 * at
    const name = textAt(box.left, y + 28, label, 'name')
    const trip = trips.findLast((one) => one.isOneCpu === isOneCpu)
    if (!trip) return [name, textAt(left, y + 28, 'Not observed.', 'dim')]
    const { t, time } = trip
    const total = textAt(x(time) + 10, y + 28, micro(time), 'name')
    const calls = alone === undefined ? 0 : Math.min(2 * alone, time)
    const parts =
      calls === 0 || calls >= time
        ? [drawPart(x(0), x(time), y, `the whole round trip: ${micro(time)}`, false, 'three')]
        : [
            drawPart(x(0), x(calls), y, `2 write(2), 2 read(2): ${micro(calls)}`, false, 'one'),
            drawPart(x(calls), x(time), y, `${rest}: ${micro(time - calls)}`, true, 'two'),
          ]
    return [
      name,
      element('g', { 'data-trip': isOneCpu ? 'one' : 'two', ...when(story, t) }, parts.join('') + total),
    ]
  })
}

/** A part of a round trip, with its name above or below it: two names beside each other would overlap. */
function drawPart(
  from: number,
  to: number,
  y: number,
  words: string,
  isBelow: boolean,
  kind: string,
): string {
  const rect = element('rect', { x: from, y, width: Math.max(to - from, 1), height: 42, class: kind })
  return rect + textAt(Math.min(from, box.right - 360), isBelow ? y + 60 : y - 8, words, 'small')
}

/** The voluntary and the involuntary switches of a process that sleeps, and of one that computes. */
function drawKinds(story: Story, y: number): string[] {
  const rows = ['sleep', 'compute'].flatMap((call) => {
    for (const { event, about } of story.steps) {
      if (event.event !== 'evidence' || !about) continue
      const [voluntary, involuntary] = [
        numberIn(event.data, 'voluntary'),
        numberIn(event.data, 'involuntary'),
      ]
      const makesCall = story.holds.some(({ lane, first }) => lane === about && first.call === call)
      if (voluntary === undefined || involuntary === undefined || !makesCall) continue
      return [
        {
          t: event.t,
          name: about.name,
          call,
          voluntary: within(voluntary),
          involuntary: within(involuntary),
        },
      ]
    }
    return []
  })
  const parts = rows.map(({ t, name, call, voluntary, involuntary }, at) => {
    const top = y + 24 + 92 * at
    const length = scaleLinear([0, Math.max(1, voluntary + involuntary)], [0, claimsLeft - 60 - left])
    const does = call === 'sleep' ? 'sleeps' : 'computes'
    const own = element('rect', { x: left, y: top, width: length(voluntary), height: 34, class: 'three' })
    const forced = element('rect', {
      x: left + length(voluntary),
      y: top,
      width: length(involuntary),
      height: 34,
      class: 'frame',
      'stroke-dasharray': '4 3',
    })
    const words = `${voluntary} voluntary, ${involuntary} involuntary switches`
    const label =
      textAt(box.left, top + 15, fitted(name, 120, 16), 'name') + textAt(box.left, top + 34, does, '')
    return element(
      'g',
      { 'data-kind': call, ...when(story, t) },
      label + own + forced + textAt(left, top + 54, words, 'small'),
    )
  })
  return rows.length === 0
    ? []
    : [textAt(box.left, y, 'Voluntary and involuntary switches', 'name'), ...parts]
}

/** A recording may contain any number. */
function within(number: number): number {
  return Math.max(0, Math.min(number, Number.MAX_SAFE_INTEGER))
}

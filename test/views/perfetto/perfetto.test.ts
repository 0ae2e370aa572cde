/** Checks the trace against the rules of its format. */
import { expect, test } from 'vitest'
import type { Event } from '../../../src/events.js'
import type { TraceEvent } from '../../../src/views/perfetto/tracks.js'
import { pictures } from '../../../src/views/pictures.js'
import {
  createTeller,
  harmful,
  longStory,
  received,
  run,
  sent,
  started,
  storyOf,
} from '../../support/stories.js'

function trace(events: Event[]): TraceEvent[] {
  const view = pictures.perfetto()
  const text = events.map((event) => view.event(event)).join('') + view.end()
  return JSON.parse(text).traceEvents
}

/** The rules of the format that a trace breaks. */
function broken(events: TraceEvent[]): string[] {
  const timed = events.filter(({ ph }) => ph !== 'M')
  const wrong = timed.flatMap((event, at) => {
    const { ph, ts, dur, tid } = event
    const problems = []
    if (!['X', 'i', 'C', 's', 'f', 'T'].includes(ph)) problems.push(`unknown phase ${ph}`)
    if (typeof ts !== 'number' || ts < (timed[at - 1]?.ts ?? 0)) problems.push('time goes back')
    if ((ph === 'X' || ph === 'T') && !(dur! >= 0)) problems.push('no duration')
    if (ph !== 'C' && typeof tid !== 'number') problems.push('no thread')
    return problems.map((problem) => `${problem}: ${JSON.stringify(event)}`)
  })
  const slices = events.filter(({ ph }) => ph === 'X')
  for (const [index, one] of slices.entries()) {
    for (let at = index + 1; at < slices.length; at++) {
      const other = slices[at]!
      if (other.ts! >= one.ts! + one.dur!) break
      const nests = other.ts! + other.dur! <= one.ts! + one.dur! || other.ts === one.ts
      if (one.tid === other.tid && !nests) wrong.push(`overlap: ${JSON.stringify([one, other])}`)
    }
  }
  const flows = new Map<number, TraceEvent[]>()
  for (const flow of events.filter(({ ph }) => ph === 's' || ph === 'f')) {
    flows.set(flow.id!, [...(flows.get(flow.id!) ?? []), flow])
    const inside = slices.some(
      ({ tid, ts, dur }) => tid === flow.tid && flow.ts! >= ts! && flow.ts! <= ts! + dur!,
    )
    if (!inside) wrong.push(`a flow outside of every slice: ${JSON.stringify(flow)}`)
  }
  for (const [id, ends] of flows) {
    const [from, to] = ends
    const good =
      ends.length === 2 && from!.ph === 's' && to!.ph === 'f' && to!.bp === 'e' && from!.ts! <= to!.ts!
    if (!good || from!.cat !== to!.cat || from!.name !== to!.name) wrong.push(`a broken flow ${id}`)
  }
  return wrong
}

test('a call is a slice, a message an arrow between two, the level of a channel a counter', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, 'reader'))
  say('reader', 2, { event: 'call', phase: 'begin', call: 'open', object: 'FIFO p' })
  say('reader', 2, { event: 'call', phase: 'end', call: 'open', object: 'FIFO p', result: 3 }, 5000)
  say('writer', 3, sent('p', 0, 'hello'))
  say('reader', 2, received('p', 0, 'hello'))
  const traced = trace(events)
  expect(traced).toContainEqual({ ph: 'M', name: 'process_name', pid: 2, args: { name: 'reader' } })
  expect(traced).toContainEqual(
    expect.objectContaining({ ph: 'X', name: 'open', tid: 2, ts: 1_003_000, dur: 5000 }),
  )
  expect(traced).toContainEqual(expect.objectContaining({ ph: 's', id: 0, tid: 3, ts: 1_009_000 }))
  expect(traced).toContainEqual(expect.objectContaining({ ph: 'f', id: 0, tid: 2, ts: 1_010_000, bp: 'e' }))
  expect(traced.filter(({ ph }) => ph === 'C').map(({ args }) => args)).toEqual([
    { messages: 1 },
    { messages: 0 },
  ])
  expect(broken(traced)).toEqual([])
})

test('a state is a thread state, and a slice on an extra track for viewers without these', () => {
  const traced = trace(storyOf('x'))
  expect(traced).toContainEqual(expect.objectContaining({ ph: 'T', name: 'Running', tid: 4, dur: 1000 }))
  expect(traced).toContainEqual(
    expect.objectContaining({ ph: 'X', name: 'running', tid: 5_000_004, dur: 1000 }),
  )
})

test('calls of one thread that overlap lie on two tracks', () => {
  const { events, say } = createTeller()
  for (const [phase, call] of [
    ['begin', 'read'],
    ['begin', 'write'],
    ['end', 'read'],
    ['end', 'write'],
  ] as const) {
    say('server', 2, { event: 'call', phase, call, object: 'it' })
  }
  const traced = trace(events)
  expect(new Set(traced.filter(({ ph }) => ph === 'X').map(({ tid }) => tid)).size).toBe(2)
  expect(broken(traced)).toEqual([])
})

test('messages of the same microsecond have slices of their own', () => {
  const { events, say } = createTeller()
  for (let seq = 0; seq < 5; seq++) say('a', 1, sent('c', seq, 'x'), 0)
  for (let seq = 0; seq < 5; seq++) say('b', 2, received('c', seq, 'x'), 0)
  expect(broken(trace(events))).toEqual([])
})

test('context switches and the depth of a queue are counters', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, started(2, 'busy'))
  say('osdemo', 1, {
    event: 'evidence',
    source: '/proc/2/status',
    value: 'in any words',
    about: 'switches',
    data: { voluntary: 1, involuntary: 10 },
  })
  const depth = { before: 0, after: 3, capacity: 4, unit: 'messages', source: 'mq_getattr' } as const
  say('busy', 2, { event: 'sent', channel: '/q', seq: 0, bytes: 1, depth })
  const counters = trace(events).filter(({ ph }) => ph === 'C')
  expect(counters).toMatchObject([
    { name: 'context switches', pid: 2, args: { voluntary: 1, involuntary: 10 } },
    { name: 'in /q', args: { messages: 3 } },
  ])
})

test('a long run and odd texts keep the rules', () => {
  expect(broken(trace(longStory()))).toEqual([])
  for (const text of harmful) expect(broken(trace(storyOf(text)))).toEqual([])
  expect(trace([])).toEqual([])
})

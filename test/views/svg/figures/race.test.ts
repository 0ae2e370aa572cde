/** The figures of a race between processes and between threads: a lost update, the totals, the lock, the threads. */
import { expect, test } from 'vitest'
import type { Data, Event, Fact } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, exited, received, run, sent, started } from '../../../support/stories.js'

const evidence = (source: string, data: Data): Fact => ({
  event: 'evidence',
  source,
  value: 'x',
  about: '',
  data,
})
const addition = (name: string, begin: number, seen = 41) => ({
  name,
  id: 1,
  seen,
  written: seen + 1,
  begin,
  read: begin + 10,
  added: begin + 70,
  end: begin + 80,
})
const lock = (phase: 'begin' | 'end', more = {}): Fact => ({
  event: 'call',
  phase,
  call: 'pthread_mutex_lock',
  object: 'the lock',
  ...more,
})

function race(seen = 41, later = 5): Event[] {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  for (const child of [2, 3]) say('osdemo', 1, started(child, `counter-${child}`))
  say('osdemo', 1, evidence('cell[0]', 25))
  say('osdemo', 1, { event: 'claim', id: 'shm/plain-add-loses-updates', text: 'x', holds: true })
  say(
    'osdemo',
    1,
    evidence('CLOCK_MONOTONIC', [addition('counter-2', 0, seen), addition('counter-3', later, seen)]),
  )
  say('osdemo', 1, evidence('cell[0]', 100))
  say('counter-2', 2, lock('begin'))
  say('counter-2', 2, lock('end', { result: 0 }))
  say('counter-3', 3, lock('begin'))
  say('osdemo', 1, { event: 'signal', signal: 'SIGKILL', from: 1, to: 2, name: 'counter-2' })
  say('counter-3', 3, lock('end', { errno: 'EOWNERDEAD' }))
  say('counter-3', 3, { event: 'call', phase: 'end', call: 'pthread_mutex_unlock', object: 'the lock' })
  say('osdemo', 1, exited(2, 'counter-2', 'SIGKILL'))
  return events
}

test('both read the value, both write the same sum, and the counter grows by 1', () => {
  const slide = slideOf(race())
  expect(slide.match(/>reads 41</g)).toHaveLength(2)
  expect(slide.match(/>writes 42</g)).toHaveLength(2)
  expect(slide).toContain('Together they took 0.1 µs.')
  expect(valuesOf(slide, 'data-total')).toEqual(['25', '100'])
  expect(slide).toContain('✔ plain additions: 25, and 75 lost')
})

test('a process waits only while another one holds the lock, which it holds until it is killed or unlocks it', () => {
  const slide = slideOf(race())
  const spans = [
    ...slide.matchAll(/<g data-lock="(\w+)" data-t="(\d+)"><rect x="([\d.]+)"[^>]*width="([\d.]+)"/g),
  ]
  const [waits, first, second, ...more] = spans.map(([, kind, t, x, width]) => ({
    kind,
    t: Number(t),
    from: Number(x),
    to: Number(x) + Number(width),
  }))
  expect(more).toEqual([])
  expect([waits, first, second].map((span) => span?.kind)).toEqual(['waiting', 'held', 'held'])
  // The signal ends the hold, and the return of the call ends the wait: each is one of five steps between six moments.
  expect(first!.t).toBe(8000)
  expect(first!.to).toBeLessThan(waits!.to)
  expect(waits!.to).toBeCloseTo(second!.from, 0)
  for (const label of ['SIGKILL', 'EOWNERDEAD'])
    expect(slide.match(new RegExp(`>${label}<`, 'g'))).toHaveLength(1)
})

test('without the steps, the figure says that they were not observed', () => {
  const events = race().filter((event) => event.event !== 'evidence' || event.source === 'cell[0]')
  expect(slideOf(events)).toContain('Not observed in this run: the steps of two additions.')
})

test('threads are inside their process, above the memory that they share', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  say('osdemo', 1, { event: 'created', kind: 'buffer', id: 'ring' })
  for (const [child, name] of [
    [2, 'producer'],
    [3, 'consumer'],
    [4, 'counter-1'],
  ] as const)
    say('osdemo', 1, { ...started(child, name), kind: 'thread' } as Fact)
  say('producer', 2, sent('ring', 0, 'x'))
  say('consumer', 3, received('ring', 0, 'x'))
  say('osdemo', 1, evidence('cell[0]', 5))
  const slide = slideOf(events)
  expect(valuesOf(slide, 'data-thread')).toEqual(['2', '3', '4'])
  expect(slide).toContain('process 1: one address space')
  // The producer writes, the consumer reads, and a counter does both.
  expect(slide.match(/class="head"/g)).toHaveLength(4)
})

test('the values of a large counter are in full, below the words where one line is too long', () => {
  const slide = slideOf(race(123_456, 20))
  expect(slide.match(/>writes<\/text><text[^>]*>123,457</g)).toHaveLength(2)
  expect(slide.match(/class="name"[^>]*>123,457</g)).toHaveLength(2)
  expect(slide).not.toContain('…<')
})

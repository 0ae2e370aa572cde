import { MessageChannel } from 'node:worker_threads'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Event, now } from '../../src/events.js'
import { createSequencer, type Sequencer } from '../../src/run/event-order.js'
import { until } from '../support/until.js'

function note(t: number, text: string): Event {
  return { v: 1, t, pid: 1, tid: 1, actor: 'a', event: 'note', text }
}

/** Starts a second actor: only then are events sorted. */
function severalSpeak(sequencer: Sequencer): void {
  for (let i = 0; i < 2; i++) sequencer.actorStarted()
}

test('events that arrive within the delay are sorted by time; equal times keep their order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000)), (offsets) => {
      const start = now()
      const out: Event[] = []
      const sequencer = createSequencer((event) => out.push(event))
      severalSpeak(sequencer)
      const events = offsets.map((offset, index) => note(start + offset, String(index)))
      for (const event of events) sequencer.push(event)
      sequencer.close()
      expect(out).toEqual(events.toSorted((a, b) => a.t - b.t))
    }),
  )
})

test('events are released without a later one', async () => {
  const out: Event[] = []
  const sequencer = createSequencer((event) => out.push(event))
  severalSpeak(sequencer)
  sequencer.push(note(now() + 1000, 'second'))
  sequencer.push(note(now(), 'first'))
  await until(() => out.length === 2)
  expect(out.map((event) => event.event === 'note' && event.text)).toEqual(['first', 'second'])
  sequencer.close()
})

test('an event that arrived while this process did not run is sorted, however late it is read', async () => {
  const out: Event[] = []
  const sequencer = createSequencer((event) => out.push(event))
  severalSpeak(sequencer)
  const start = now()
  const { port1, port2 } = new MessageChannel()
  port2.on('message', (event: Event) => sequencer.push(event))
  sequencer.push(note(start + 1, 'second'))
  port1.postMessage(note(start, 'first'))
  // The process does not run, for far longer than events are held back.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  await until(() => out.length === 2)
  port1.close()
  expect(out.map(({ t }) => t - start)).toEqual([0, 1])
})

test('with one actor, an event is released at once', () => {
  const out: Event[] = []
  const sequencer = createSequencer((event) => out.push(event))
  sequencer.push(note(now(), 'only'))
  expect(out).toHaveLength(1)
})

test('after the end no event is released', () => {
  const out: Event[] = []
  const sequencer = createSequencer((event) => out.push(event))
  sequencer.close()
  sequencer.push(note(now(), 'late'))
  sequencer.close()
  expect(out).toEqual([])
})

test('a hold delays the events that happen during it, and no earlier ones; then they are sorted by time', async () => {
  const out: string[] = []
  const sequencer = createSequencer((event) => out.push((event as { text: string }).text))
  severalSpeak(sequencer)
  sequencer.push(note(now() - 1, 'before'))
  const letOut = sequencer.hold()
  const start = now()
  sequencer.push(note(start + 2, 'third'))
  await until(() => now() > start + 100_000)
  expect(out).toEqual(['before'])
  sequencer.push(note(start + 1, 'second'))
  letOut()
  await until(() => out.length === 3)
  expect(out).toEqual(['before', 'second', 'third'])
})

test('when two holds overlap, releasing one keeps the events of the other', async () => {
  const out: string[] = []
  const sequencer = createSequencer((event) => out.push((event as { text: string }).text))
  severalSpeak(sequencer)
  const releaseOuter = sequencer.hold()
  const start = now()
  sequencer.push(note(start, 'outer'))
  const releaseInner = sequencer.hold()
  releaseInner()
  releaseInner()
  await until(() => now() > start + 100_000)
  expect(out).toEqual([])
  releaseOuter()
  await until(() => out.length === 1)
  sequencer.close()
})

test('the end releases held events', () => {
  const out: Event[] = []
  const sequencer = createSequencer((event) => out.push(event))
  sequencer.hold()
  sequencer.push(note(now(), 'held'))
  expect(out).toEqual([])
  sequencer.close()
  expect(out).toHaveLength(1)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Event, now } from '../../src/events.js'
import { createSequencer } from '../../src/run/order.js'
import { until } from '../until.js'

function note(t: number, text: string): Event {
  return { v: 1, t, pid: 1, tid: 1, actor: 'a', event: 'note', text }
}

test('events that arrive within the hold-back come out by their clock; equal times keep their order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000)), (offsets) => {
      const start = now()
      const out: Event[] = []
      const sequencer = createSequencer((event) => out.push(event))
      sequencer.severalSpeak()
      const events = offsets.map((offset, index) => note(start + offset, String(index)))
      for (const event of events) sequencer.push(event)
      sequencer.close()
      expect(out).toEqual(events.toSorted((a, b) => a.t - b.t))
    }),
  )
})

test('events come out by themselves, without a later one pushing them', async () => {
  const out: Event[] = []
  const sequencer = createSequencer((event) => out.push(event))
  sequencer.severalSpeak()
  sequencer.push(note(now() + 1000, 'second'))
  sequencer.push(note(now(), 'first'))
  await until(() => out.length === 2)
  expect(out.map((event) => event.event === 'note' && event.text)).toEqual(['first', 'second'])
  sequencer.close()
})

test('while only one speaks, an event comes out at once', () => {
  const out: Event[] = []
  const sequencer = createSequencer((event) => out.push(event))
  sequencer.push(note(now(), 'only'))
  expect(out).toHaveLength(1)
})

test('after the end nothing comes out any more', () => {
  const out: Event[] = []
  const sequencer = createSequencer((event) => out.push(event))
  sequencer.close()
  sequencer.push(note(now(), 'late'))
  sequencer.close()
  expect(out).toEqual([])
})

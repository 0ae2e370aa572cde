/** The picture of messages in a queue or a pipe: a box for each, between the lanes of the two processes. */
import { expect, test } from 'vitest'
import type { Depth, Event, Fact } from '../../../../src/events.js'
import { tellStory } from '../../../../src/views/story/index.js'
import { drawChannel } from '../../../../src/views/svg/figures/channel.js'
import { createTeller, received, sent, started } from '../../../support/stories.js'

const figureOf = (events: Event[]) => drawChannel(tellStory(events, false))

/** The corners of each box, in pixels. */
function boxesOf(events: Event[]): { from: number; to: number; top: number; foot: number }[] {
  const paths = figureOf(events)!
    .parts.join('')
    .matchAll(/<path d="(\S+)" class="one one-line"/g)
  return [...paths].map(([, d]) => {
    const points = d!.match(/-?[\d.]+,-?[\d.]+/g)!.map((pair) => pair.split(',').map(Number))
    const [xs, ys] = [points.map(([x]) => x!), points.map(([, y]) => y!)]
    return { from: Math.min(...xs), to: Math.max(...xs), top: Math.min(...ys), foot: Math.max(...ys) }
  })
}

function queue(...facts: [actor: string, fact: Fact][]): Event[] {
  const { events, say } = createTeller()
  say('osdemo', 1, { event: 'created', kind: 'queue', id: '/q' })
  say('osdemo', 1, started(2, 'sender'))
  say('osdemo', 1, started(3, 'receiver'))
  for (const [actor, fact] of facts) say(actor, actor === 'sender' ? 2 : 3, fact)
  return events
}

const depth = (before: number, after: number, capacity: number): { depth: Depth } => ({
  depth: { before, after, capacity, unit: 'messages', source: 'mq_getattr' },
})

test('a message is a box from when it was sent until it was received, and moves down when the one before it leaves', () => {
  const events = queue(
    ['sender', sent('/q', 0, 'first')],
    ['sender', sent('/q', 1, 'second')],
    ['receiver', received('/q', 0, 'first')],
    ['receiver', received('/q', 1, 'second')],
  )
  const [first, second] = boxesOf(events)
  expect(first!.to).toBeGreaterThan(second!.from)
  expect(second!.to).toBeGreaterThan(first!.to)
  // The second begins above the first, and ends on its place.
  expect(second!.top).toBeLessThan(first!.top)
  expect(second!.foot).toBe(first!.foot)
  const times = [
    ...figureOf(events)!
      .parts.join('')
      .matchAll(/<g data-t="(\d+)"><path[^>]*class="arrow"/g),
  ]
  expect(times.map(([, t]) => t)).toEqual(['3000', '4000'])
})

test('a full queue has let a message go before the next one enters, although the receiver reports later', () => {
  const events = queue(
    ['sender', { ...sent('/q', 0, 'first'), ...depth(0, 1, 1) } as Fact],
    ['sender', { ...sent('/q', 1, 'second'), ...depth(1, 1, 1) } as Fact],
    ['receiver', received('/q', 0, 'first')],
    ['receiver', received('/q', 1, 'second')],
  )
  const [first, second] = boxesOf(events)
  expect(first!.to).toBe(second!.from)
  expect(second!.top).toBe(first!.top)
})

test('a message enters when the call that blocked returns, although it is sent when the call begins', () => {
  const { events, say } = createTeller()
  const call = { event: 'call', call: 'mq_send', object: 'q', waits: true } as const
  say('osdemo', 1, { event: 'created', kind: 'queue', id: '/q' })
  say('sender', 2, { ...sent('/q', 0, 'first'), ...depth(0, 1, 1) } as Fact)
  say('sender', 2, { ...call, phase: 'begin' })
  say('sender', 2, { ...sent('/q', 1, 'second'), ...depth(1, 1, 1) } as Fact, 0)
  say('receiver', 3, received('/q', 0, 'first'), 5000)
  say('sender', 2, { ...call, phase: 'end', result: 0 })
  say('receiver', 3, received('/q', 1, 'second'))
  const times = [
    ...figureOf(events)!
      .parts.join('')
      .matchAll(/<g data-t="(\d+)"><path[^>]*class="arrow"/g),
  ]
  expect(times.map(([, t]) => Number(t))).toEqual([1000, 8000])
  const [first, second] = boxesOf(events)
  expect(second!.from).toBeGreaterThanOrEqual(first!.to)
})

test('a rendezvous stores nothing: its messages are arrows without a box', () => {
  const events = queue(
    ['sender', { ...sent('/q', 0, 'first'), ...depth(0, 0, 0) } as Fact],
    ['receiver', received('/q', 0, 'first')],
  )
  expect(boxesOf(events)).toEqual([])
  expect(figureOf(events)!.parts.join('')).toContain('class="arrow"')
})

test('a call that failed and end of file are marks at their time', () => {
  const call = { event: 'call', call: 'mq_send', object: 'q' } as const
  const events = queue(
    ['sender', sent('/q', 0, 'first')],
    ['sender', { ...call, phase: 'begin' }],
    ['sender', { ...call, phase: 'end', errno: 'EAGAIN' }],
    ['receiver', received('/q', 0, 'first')],
    ['receiver', { event: 'call', phase: 'end', call: 'read', object: 'q', result: 0 }],
  )
  const text = figureOf(events)!.parts.join('')
  expect(text).toMatch(/<g data-t="4000"><path [^>]*class="lost"\/><text[^>]*>EAGAIN</)
  expect(text).toMatch(/<g data-t="7000"><text[^>]*>read returns 0: end of file</)
})

test.each([
  ['two senders', [sent('/q', 0, 'x'), sent('/q', 0, 'y')]],
  [
    'messages that were only counted',
    [{ event: 'tally', channel: '/q', direction: 'sent', messages: 2, bytes: 2, since: 0 }],
  ],
  ['no message', []],
] as [string, Fact[]][])('%s: the timeline shows it', (_, facts) => {
  const { events, say } = createTeller()
  say('osdemo', 1, { event: 'created', kind: 'fifo', id: '/q' })
  facts.forEach((fact, at) => {
    say(`sender ${at}`, at + 5, fact)
  })
  say('receiver', 3, received('/q', 0, 'x'))
  say('receiver', 3, received('/q', 1, 'y'))
  expect(figureOf(events)).toBeUndefined()
})

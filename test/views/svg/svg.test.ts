/** The content of a picture. `pictures.test.ts` shows that browsers draw it. */
import { expect, test } from 'vitest'
import type { Event } from '../../../src/events.js'
import { pictures } from '../../../src/views/pictures.js'
import { createTeller, exited, run, sent, started } from '../../support/stories.js'

function draw(events: Event[]): string {
  const view = pictures.svg()
  return events.map((event) => view.event(event)).join('') + view.end()
}

test('calls too short to be drawn one by one are drawn together, and the picture counts them', () => {
  const { events, say } = createTeller()
  for (let number = 0; number < 2000; number++) {
    say('writer', 2, { event: 'call', phase: 'begin', call: 'write', object: 'p' })
    say('writer', 2, { event: 'call', phase: 'end', call: 'write', object: 'p', result: 1 })
  }
  const text = draw(events)
  expect(text).toMatch(/Too close together to draw: 2,000 calls/)
  expect(text.match(/class="held"/g)!.length).toBeLessThan(400)
})

test('a call without a recorded end lasts no longer than its caller', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, started(2, 'child'))
  say('child', 2, { event: 'call', phase: 'begin', call: 'compute', object: 'x' })
  say('osdemo', 1, exited(2, 'child', 'SIGKILL'), 100_000)
  for (let later = 0; later < 9; later++) say('osdemo', 1, { event: 'note', text: 'x' }, 100_000)
  const text = draw(events)
  const [, width] = /<rect [^>]*width="([\d.]+)"[^>]*class="held"/.exec(text)!
  expect(Number(width)).toBeGreaterThan(50)
  expect(Number(width)).toBeLessThan(150)
  expect(text).toContain('compute · not seen to return')
})

test('claims have their ids beside their words', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, { event: 'claim', id: 'fifo/one', text: 'x', holds: true })
  say('osdemo', 1, { event: 'claim', id: 'fifo/two', text: 'y', holds: false }, 0)
  say('osdemo', 1, { event: 'claim', text: 'of an earlier version', holds: true })
  const ids = [...draw(events).matchAll(/ data-claims="([^"]*)"/g)].map(([, id]) => id)
  // Badges that would overlap are merged.
  expect(ids).toEqual(['fifo/one fifo/two', 'fifo/one', 'fifo/two'])
})

test('the numbers of claims do not overlap', () => {
  const { events, say } = createTeller()
  for (let number = 0; number < 60; number++) {
    say('osdemo', 1, { event: 'claim', text: `${number}`, holds: true }, 1000 + (number % 7) * 900)
  }
  const badges = [
    ...draw(events).matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="20" rx="10"/g),
  ]
  const places = badges.map(([, x, width]) => ({ left: Number(x), right: Number(x) + Number(width) }))
  expect(places.length).toBeGreaterThan(3)
  for (const [at, { left }] of places.entries()) {
    if (at > 0) expect(left).toBeGreaterThanOrEqual(places[at - 1]!.right)
  }
})

test.each(['svg', 'html', 'mermaid', 'perfetto'] as const)(
  'texts of a megabyte hold up no picture: %s',
  (name) => {
    const { events, say } = createTeller()
    for (const text of ['x', 'a word ', '<'].map((part) => part.repeat(1e6 / part.length))) {
      say('a', 1, sent('c', 0, text))
      say('a', 1, { event: 'note', text })
      say('a', 1, { event: 'claim', text, holds: true })
      say('a', 1, { event: 'call', phase: 'begin', call: text, object: text })
      say('osdemo', 2, exited(3, 'x', text))
    }
    const view = pictures[name]()
    expect(events.map((event) => view.event(event)).join('') + view.end()).toMatch(/\n$/)
  },
)

test('a slide is 16:9, has the title and opening of its run, and no lane for a supervisor that only reports', () => {
  const { events, say } = createTeller()
  say('osdemo', 1, { ...run, title: 'named pipes' })
  say('osdemo', 1, { event: 'note', role: 'opening', text: 'Watch the reader.' })
  say('osdemo', 1, started(2, 'reader'))
  say('reader', 2, { event: 'call', phase: 'begin', call: 'open', object: 'p' })
  say('osdemo', 1, { event: 'claim', id: 'fifo/one', text: 'It blocks.', holds: true })
  const text = draw(events)
  expect(text).toContain('viewBox="0 0 1280 720"')
  expect(text).toMatch(/class="title">Named pipes</)
  expect(text).toMatch(/class="see dim">Watch the reader\.</)
  expect([...text.matchAll(/class="name">([^<]*)</g)].map(([, name]) => name)).toEqual(['reader'])
})

test('a slide writes six claims, and those that failed before the others', () => {
  const { events, say } = createTeller()
  for (let number = 0; number < 9; number++) {
    say('a', 1, { event: 'claim', id: `fifo/n${number}`, text: 'x', holds: number !== 8 }, 100_000)
  }
  const written = [...draw(events).matchAll(/<g data-claims="(\S+)" data-t="\d+"><text/g)]
  expect(written.map(([, id]) => id)).toEqual([0, 1, 2, 3, 4, 8].map((number) => `fifo/n${number}`))
})

test('what happened carries its time for a player', () => {
  const { events, say } = createTeller()
  say('a', 1, started(2, 'b'))
  say('b', 2, { event: 'call', phase: 'begin', call: 'read', object: 'p' }, 500)
  say('b', 2, { event: 'call', phase: 'end', call: 'read', object: 'p', result: 1 }, 9000)
  expect(draw(events)).toMatch(/class="held" data-t="500" data-end="9500"/)
})

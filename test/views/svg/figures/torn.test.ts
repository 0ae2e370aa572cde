/** The picture of torn messages: which writer wrote which byte, and a torn message enlarged. */
import { expect, test } from 'vitest'
import type { Event } from '../../../../src/events.js'
import { tellStory } from '../../../../src/views/story/index.js'
import { drawTorn } from '../../../../src/views/svg/figures/torn.js'
import { createTeller } from '../../../support/stories.js'

/** Two bursts: whole messages of 10 bytes, and messages of 20 bytes of which two are torn. */
function bursts(): Event[] {
  const { events, say } = createTeller()
  const burst = (size: number, torn: number, by: string[], runs: number[]) => {
    const data = { torn, changes: runs.length - 1, foreign: 0, size, by, runs }
    say('reader', 2, { event: 'evidence', source: 'read(2)', value: 'x', about: 'x', data })
  }
  const buf = { event: 'evidence', source: 'linux/limits.h', value: 'x', about: 'x', data: 15 } as const
  say('osdemo', 1, buf)
  burst(10, 0, ['w1', 'w2'], [20, 10])
  say('osdemo', 1, { event: 'claim', id: 'pipe/short-writes-are-atomic', text: 'x', holds: true })
  burst(20, 0, ['w1', 'w2'], [20, 20])
  burst(20, 2, ['w1', 'w2', 'w1', 'w2'], [12, 15, 8, 5])
  say('osdemo', 1, { event: 'claim', id: 'pipe/long-writes-may-be-torn', text: 'y', holds: true })
  return events
}

test('each size has a strip of who wrote what, and a torn message is enlarged with the bytes before the change', () => {
  const figure = drawTorn(tellStory(bursts(), false))!
  const text = figure.parts.join('\n')
  expect(figure.claims.map(({ id }) => id)).toEqual([
    'pipe/short-writes-are-atomic',
    'pipe/long-writes-may-be-torn',
  ])
  const titles = [...text.matchAll(/<title>(\d+) bytes of (w\d)</g)].map(([, bytes, by]) => `${by} ${bytes}`)
  // A burst that was repeated is drawn once: the last time.
  expect(titles).toEqual(['w1 20', 'w2 10', 'w1 12', 'w2 15', 'w1 8', 'w2 5'])
  const pieces = [...text.matchAll(/<title>(\d+) bytes of a message of (w\d)</g)]
  expect(pieces.map(([, bytes, by]) => `${by} ${bytes}`)).toEqual([
    ...['w1 10', 'w1 10', 'w2 10'],
    ...['w1 12', 'w2 15', 'w1 8', 'w2 5'],
  ])
  expect(text).toMatch(/>torn: 12 of 20 bytes of A, then bytes of B</)
  expect(text).toContain('>PIPE_BUF: 15 bytes<')
  expect([...text.matchAll(/<g data-t="(\d+)"><text/g)].map(([, t]) => t)).toEqual(['1000', '4000'])
})

test('a burst without its runs, as in earlier recordings, makes no such picture', () => {
  const events = bursts().map((event) =>
    event.event === 'evidence' ? { ...event, data: { torn: 0, changes: 3, foreign: 0 } } : event,
  )
  expect(drawTorn(tellStory(events, false))).toBeUndefined()
})

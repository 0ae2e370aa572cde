/** The picture of all combinations of capacity, send and receive: a panel for each, with what its calls did. */
import { expect, test } from 'vitest'
import type { Event, Fact } from '../../../../src/events.js'
import { tellStory } from '../../../../src/views/story/index.js'
import { drawMatrix } from '../../../../src/views/svg/figures/matrix.js'
import { createTeller, received, sent } from '../../../support/stories.js'

const ways = ['blocking', 'nonblocking']
const call = (phase: 'begin' | 'end', more: object) =>
  ({ event: 'call', call: 'mq_send', object: 'q', phase, ...more }) as Fact

/** Eight rounds of one queue, with a claim about each. In the first one the sender blocks, in the others it fails. */
function matrix(): Event[] {
  const { events, say } = createTeller()
  const rounds = ['sender', 'receiver'].flatMap((first) =>
    ways.flatMap((send) => ways.map((receive) => ({ first, send, receive }))),
  )
  rounds.forEach((round, at) => {
    const outcome = at === 0 ? { result: 0, waits: true } : { errno: 'EAGAIN' }
    say('sender', 2, call('begin', { waits: at === 0 }))
    say('sender', 2, call('end', outcome), 7000)
    say('sender', 2, sent('/q', 0, 'x'))
    say('receiver', 3, received('/q', 0, 'x'))
    const data = { ...round, capacity: 4, sender: 2, receiver: 3, lasted: 10_000 }
    say('osdemo', 1, { event: 'note', text: 'Played.', data }, 0)
  })
  for (const { first, send, receive } of rounds) {
    const row = { table: first, cells: { capacity: '4', send, receive } }
    say('osdemo', 1, { event: 'claim', id: 'queue/x', text: 'x', holds: send === 'blocking', row })
  }
  return events
}

test('each panel shows the calls of its own round, and the outcome for the faster side', () => {
  const text = drawMatrix(tellStory(matrix(), false))!.parts.join('')
  expect(text.match(/class="held" data-t=/g)).toHaveLength(1)
  expect(text.match(/class="lost" data-t=/g)).toHaveLength(7)
  const outcomes = [...text.matchAll(/<g data-claims="queue\/x" data-t="\d+">.*?<text[^>]*>([^<]*)</g)]
  expect(outcomes.map(([, words]) => words)).toEqual([
    '✔ blocks 7.0 ms',
    '✔ EAGAIN 1 time',
    ...Array(2).fill('✘ EAGAIN 1 time'),
    ...Array(2).fill('✔ never waits'),
    ...Array(2).fill('✘ never waits'),
  ])
})

test('details of the story are drawn too', () => {
  const events = matrix().map((event) =>
    event.event === 'claim' ? event : { ...event, detail: true as const },
  )
  expect(
    drawMatrix(tellStory(events, false))!
      .parts.join('')
      .match(/class="lost" data-t=/g),
  ).toHaveLength(7)
})

test('without its rounds there is no matrix', () => {
  const events = matrix().filter(({ event }) => event !== 'note')
  expect(drawMatrix(tellStory(events, false))).toBeUndefined()
})

/** The picture of dialogues over pipes: a row for each, with the messages in the pipes. */
import { expect, test } from 'vitest'
import type { Event } from '../../../../src/events.js'
import { tellStory } from '../../../../src/views/story/index.js'
import { drawDialogue } from '../../../../src/views/svg/figures/dialogue.js'
import { createTeller, received, sent } from '../../../support/stories.js'

/** First alice and bob take turns over one pipe. Then another alice reads her own message. */
function dialogues(asked = 'question'): Event[] {
  const { events, say } = createTeller()
  say('osdemo', 1, { event: 'created', kind: 'fifo', id: '/one' })
  const turn = (from: [string, number], to: [string, number], text: string) => {
    const data = { access: 'O_WRONLY' }
    say(...from, { event: 'evidence', source: 'fd', value: 'x', about: 'x', data })
    say(...from, sent('/one', 0, text))
    say(...from, { event: 'call', phase: 'end', call: 'close', object: 'x', result: 0 })
    say(...to, received('/one', 0, text))
  }
  turn(['alice', 2], ['bob', 3], asked)
  turn(['bob', 3], ['alice', 2], '42')
  say('osdemo', 1, { event: 'claim', id: 'pipe/turns-carry-both-directions', text: 'x', holds: true })
  say('alice', 4, sent('/one', 0, 'own'))
  say('alice', 4, received('/one', 0, 'own'))
  say('alice', 4, sent('/one', 1, 'next'))
  say('bob', 5, received('/one', 0, 'next'))
  say('osdemo', 1, { event: 'claim', id: 'pipe/writer-may-read-its-own-message', text: 'y', holds: true })
  return events
}

const draw = (events: Event[]) => drawDialogue(tellStory(events, false))

test('each pair of processes has a row, with its claims and with who had the write end', () => {
  const figure = draw(dialogues())!
  expect(figure.parts.filter((part) => part.includes('class="name"'))).toHaveLength(2)
  expect(figure.claims.map(({ id }) => id)).toEqual([
    'pipe/turns-carry-both-directions',
    'pipe/writer-may-read-its-own-message',
  ])
  const text = figure.parts.join('\n')
  const ends = [...text.matchAll(/data-t="(\d+)" data-end="(\d+)"><title>write end: (\w+)</g)]
  expect(ends.map(([, from, to, name]) => `${name} ${from}-${to}`)).toEqual([
    'alice 1000-3000',
    'bob 5000-7000',
  ])
})

test('a process that reads its own message is marked', () => {
  const text = draw(dialogues())!.parts.join('\n')
  expect(text.match(/>reads its own message</g)).toHaveLength(1)
  expect(text).toMatch(/<g data-t="10000"><title>own: read by the process that wrote it</)
})

test('one dialogue alone is drawn as a pipe between two processes', () => {
  expect(draw(dialogues().slice(0, 9))).toBeUndefined()
})

test('a message that does not fit its box is not cut', () => {
  const words = 'what is six times seven and eight times nine and ten times eleven and twelve times two'
  const text = draw(dialogues(words))!.parts.join('\n')
  expect(text).not.toContain('…')
  const inside = [...text.matchAll(/class="small" text-anchor="middle">([^<]*)</g)].map(([, line]) => line)
  expect(['', words]).toContain(inside.filter((line) => words.includes(line ?? '')).join(' '))
  expect(draw(dialogues('hi'))!.parts.join('')).toContain('>hi<')
})

import { expect, test } from 'vitest'
import type { Event } from '../../../src/events.js'
import { tellStory } from '../../../src/views/story/index.js'
import { createTeller, received, run, sent, started } from '../../support/stories.js'

/** The messages of a story, as `from > to: text`, or what happened to them. */
function ways(events: Event[]): string[] {
  return tellStory(events, true).arrows.map(({ from, to, fate, message }) => {
    const end = to?.lane.name ?? `(${fate})`
    return `${from?.lane.name ?? '(untold)'} > ${end}: ${message.text}`
  })
}

test('messages are matched by their number', () => {
  const { events, say } = createTeller()
  for (const seq of [0, 1]) say('a', 1, sent('c', seq, 'same'))
  for (const seq of [0, 1]) say('b', 2, received('c', seq, 'same'))
  const { arrows } = tellStory(events, true)
  expect(arrows.map(({ from, to }) => to!.t - from!.t)).toEqual([2000, 2000])
})

test('each of several senders numbers its own messages, and the text identifies the sender', () => {
  const { events, say } = createTeller()
  say('a', 1, sent('c', 0, 'from a'))
  say('b', 2, sent('c', 0, 'from b'))
  say('r', 3, received('c', 0, 'from b'))
  say('r', 3, received('c', 1, 'from a'))
  expect(ways(events)).toEqual(['b > r: from b', 'a > r: from a'])
})

test('one that did not arrive is lost if others did, and untold if no arrivals are recorded', () => {
  const { events, say } = createTeller()
  say('a', 1, sent('c', 0, 'x'))
  say('a', 1, sent('c', 1, 'y'))
  say('b', 2, received('c', 0, 'x'))
  say('a', 1, sent('other', 0, 'z'))
  say('b', 2, received('third', 0, 'w'))
  expect(ways(events)).toEqual(['a > b: x', 'a > (lost): y', 'a > (untold): z', '(untold) > b: w'])
})

test('if some were only counted, none is lost', () => {
  const { events, say } = createTeller()
  for (const seq of [0, 1]) say('a', 1, sent('c', seq, 'x'))
  say('b', 2, received('c', 0, 'x'))
  say('b', 2, { event: 'tally', channel: 'c', direction: 'received', messages: 1, bytes: 1, since: 1 })
  expect(ways(events)).toEqual(['a > b: x', 'a > (untold): x'])
})

test('a message was sent before it was received, even if its sender reports it later', () => {
  const { events, say } = createTeller()
  say('b', 2, received('c', 0, 'x'))
  say('a', 1, sent('c', 0, 'x'))
  const { from, to } = tellStory(events, true).arrows[0]!
  expect(from!.t).toBeLessThanOrEqual(to!.t)
})

test('channels of two chapters are unrelated', () => {
  const { events, say } = createTeller()
  say('osdemo', 9, run)
  say('a', 1, sent('ring', 0, 'x'))
  say('osdemo', 9, run)
  say('b', 2, received('ring', 0, 'x'))
  expect(ways(events)).toEqual(['a > (untold): x', '(untold) > b: x'])
})

test('a state lasts until the next one, and the last one until the last state event', () => {
  const { events, say } = createTeller()
  const state = (child: number, state: 'ready' | 'running') =>
    say('osdemo', 1, { event: 'state', child, state, kernel: 'R', source: 'x' })
  state(2, 'running')
  state(3, 'ready')
  state(2, 'ready')
  state(3, 'running')
  say('osdemo', 1, { event: 'exited', child: 3, name: 'x', kind: 'process', code: 0, signal: null }, 50_000)
  const stays = tellStory(events, true).stays.map(({ lane, state, from, to }) => [lane.tid, state, to - from])
  expect(stays).toEqual([
    [2, 'running', 2000],
    [3, 'ready', 2000],
    [2, 'ready', 1000],
    [3, 'running', 0],
  ])
})

test('a pid that is used again is another process', () => {
  const { events, say } = createTeller()
  for (const name of ['one', 'two']) {
    say('osdemo', 9, started(5, name))
    say(name, 5, { event: 'note', text: 'here' })
    say('osdemo', 9, { event: 'exited', child: 5, name, kind: 'process', code: 0, signal: null })
  }
  expect(tellStory(events, true).lanes.map(({ name }) => name)).toEqual(['osdemo', 'one', 'two'])
})

test('events of another boot follow, with the same distances in time', () => {
  const first: Event = { v: 1, t: 9_000_000, pid: 1, tid: 1, actor: 'd', ...run }
  const later: Event = { ...first, t: 1000, boot: 'two' } as Event
  const note: Event = { v: 1, t: 3000, pid: 1, tid: 1, actor: 'd', event: 'note', text: 'x' }
  expect(tellStory([first, later, note], true).steps.map(({ event }) => event.t)).toEqual([
    9_000_000, 9_000_000, 9_002_000,
  ])
})

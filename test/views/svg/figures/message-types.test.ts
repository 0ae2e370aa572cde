/** The figure of message types. The test of `queue demo --kind sysv` draws the one of a real run. */
import { expect, test } from 'vitest'
import type { Data, Fact } from '../../../../src/events.js'
import { tellStory } from '../../../../src/views/story/index.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, received, sent } from '../../../support/stories.js'

test('a row for each receive has the messages that are left, also where a message came that was not sent', () => {
  const { events, say } = createTeller()
  for (const [seq, [text, type]] of [
    ['A', 2],
    ['B', 1],
  ].entries())
    say('sender', 2, { ...sent('id 1', seq, `${text}`), type } as Fact)
  const receive = (asked: number, text: string) =>
    say('osdemo', 1, { event: 'evidence', source: 'msgrcv(2)', value: '', about: '', data: { asked, text } })
  receive(1, 'B')
  receive(0, 'Z')
  const claim = (id: string, ...evidence: Data[]) => {
    for (const data of evidence)
      say('osdemo', 1, { event: 'evidence', source: 'x', value: '', about: '', data })
    say('osdemo', 1, { event: 'claim', id, text: id, holds: false })
  }
  claim('queue/type-takes-first-of-type')
  claim('queue/bytes-are-bounded', { capacity: 64 }, { messages: 4, bytes: Number.POSITIVE_INFINITY })
  claim('queue/receiver-waits-for-its-type', { types: [3, 4], wanted: 9 })
  const slide = slideOf(events)
  expect(valuesOf(slide, 'data-receive')).toEqual(['1 B', '0 Z'])
  expect([valuesOf(slide, 'data-bound'), valuesOf(slide, 'data-wait')]).toEqual([[], ['9: 3 4']])
})

test('a message that was chosen by its type is matched with the one that was sent, not by its number', () => {
  const { events, say } = createTeller()
  say('sender', 2, { ...sent('id 1', 0, 'A'), type: 2 } as Fact)
  say('sender', 2, { ...sent('id 1', 1, 'B'), type: 1 } as Fact)
  say('receiver', 3, { ...received('id 1', 0, 'B'), type: 1 } as Fact)
  const { arrows } = tellStory(events, true)
  expect(arrows.map(({ message, fate, from }) => [message.text, fate, from?.t])).toEqual([
    ['B', 'arrived', events[1]!.t],
    ['A', 'lost', events[0]!.t],
  ])
})

/** The picture of frames: the stream as cells, and how two readers cut it with their reads. */
import { expect, test } from 'vitest'
import type { Event } from '../../../../src/events.js'
import { tellStory } from '../../../../src/views/story/index.js'
import { drawFrames } from '../../../../src/views/svg/figures/frames.js'
import { createTeller, received } from '../../../support/stories.js'

/** Reads of a stream with the frames `abcdef` and `xy`. The first body arrives in two pieces. */
function twoReaders(): Event[] {
  const { events, say } = createTeller()
  const read = (actor: string, tid: number, asked: number, result: number) =>
    say(actor, tid, { event: 'call', phase: 'end', call: 'read', object: 'x', asked, result })
  read('trusting', 2, 4, 4)
  read('trusting', 2, 6, 2)
  say('trusting', 2, received('frames', 0, 'ab\0\0\0\0'))
  read('trusting', 2, 4, 4)
  const data = { bytes: 'cdef', length: 1667523942 }
  say('trusting', 2, { event: 'evidence', source: 'read(2)', value: 'x', about: 'x', data })
  read('careful', 3, 4, 4)
  read('careful', 3, 6, 2)
  read('careful', 3, 4, 4)
  say('careful', 3, received('frames', 0, 'abcdef'))
  read('careful', 3, 4, 4)
  read('careful', 3, 2, 2)
  say('careful', 3, received('frames', 1, 'xy'))
  return events
}

const draw = (events: Event[]) => drawFrames(tellStory(events, false))

test('a body has a cell for each byte, and each read of both readers is drawn at its time', () => {
  const text = draw(twoReaders())!.parts.join('\n')
  const cells = [...text.matchAll(/class="mono" text-anchor="middle">(.)</g)]
    .map(([, letter]) => letter)
    .join('')
  // The stream, and what arrived of the frame that the trusting reader took.
  expect(cells).toBe('abcdefxyab')
  const reads = [...text.matchAll(/<g data-t="(\d+)"><title>(read: [^<]*)<\/title>/g)]
  expect(reads.map(([, t]) => Number(t))).toEqual([5000, 6000, 7000, 9000, 10_000, 0, 1000, 3000])
  expect(reads.map(([, , title]) => title).filter((title) => /for 6, returned 2/.test(title!))).toHaveLength(
    2,
  )
  expect(text.match(/class="held"/g)).toHaveLength(2)
})

test('the mistake of the trusting reader is drawn: bytes that no read has filled, and a body that is taken for a header', () => {
  const text = draw(twoReaders())!.parts.join('\n')
  expect(text.match(/class="mono bad" text-anchor="middle">0</g)).toHaveLength(4)
  expect(text).toMatch(/<g data-t="4000"><text[^>]*>[^<]*1,667,523,942 bytes</)
})

test('one reader alone makes no such picture', () => {
  const careful = twoReaders().filter(({ actor }) => actor === 'careful')
  expect(draw(careful)).toBeUndefined()
})

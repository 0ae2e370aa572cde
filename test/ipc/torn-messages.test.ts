/** Torn messages in streams that the test writes by hand. */
import { expect, test } from 'vitest'
import { createTornFinder } from '../../src/ipc/torn-messages.js'

/** What is found in a stream of two writers with messages of three bytes. It must be the same wherever the stream is cut in two. */
function findIn(stream: string) {
  const results = Array.from({ length: stream.length + 1 }, (_, cut) => {
    const finder = createTornFinder(2, 3)
    for (const part of [stream.slice(0, cut), stream.slice(cut)]) finder.take(Buffer.from(part))
    const { bytes, changes, torn, first } = finder
    return { bytes, changes, torn, first }
  })
  for (const result of results) expect(result).toEqual(results[0])
  return results[0]!
}

test('messages one after the other are whole, from whichever writer', () => {
  expect(findIn('AAABBBBBBAAA')).toEqual({ bytes: 12, changes: 2, torn: 0, first: undefined })
})

test('a message with a byte of another writer inside is torn, and the position is reported', () => {
  expect(findIn('AAAAABBBA')).toEqual({
    bytes: 9,
    changes: 2,
    torn: 1,
    first: { at: 5, writer: 0, message: 1, bytes: 2, by: 1 },
  })
})

test('a message in three pieces counts once, and a message inside it that is cut counts too', () => {
  expect(findIn('ABABAB')).toMatchObject({ torn: 2, changes: 5, first: { at: 1, writer: 0, by: 1 } })
})

test('a byte that belongs to no writer is an error', () => {
  expect(() => createTornFinder(2, 3).take(Buffer.from('AAAC'))).toThrow('byte 3 belongs to no writer')
  // @ is the byte before A, and would be the one of writer -1, which stands for `no writer yet`.
  expect(() => createTornFinder(2, 3).take(Buffer.from('@@A'))).toThrow('byte 0 belongs to no writer')
})

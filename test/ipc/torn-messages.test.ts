/** Torn messages in streams that the test writes by hand. */
import { expect, test } from 'vitest'
import { createTornFinder } from '../../src/ipc/torn-messages.js'

/** What is found in a stream of two writers with messages of three bytes. It must be the same wherever the stream is cut in two. */
function findIn(stream: string) {
  const results = Array.from({ length: stream.length + 1 }, (_, cut) => {
    const finder = createTornFinder(2, 3)
    for (const part of [stream.slice(0, cut), stream.slice(cut)]) finder.take(Buffer.from(part))
    const { bytes, changes, torn, first, runs } = finder
    // The runs are the stream in short, as long as there are no more than it keeps.
    const written = runs.map((run) => 'AB'.charAt(run.writer).repeat(run.bytes)).join('')
    expect(written).toBe(stream)
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

test('a byte that belongs to no writer is counted, and tears a message like the byte of another writer', () => {
  // @ is the byte before A, and C the one after those of two writers.
  const stream = Buffer.from('@AACA@')
  const finder = createTornFinder(2, 3)
  finder.take(stream)
  expect(finder.arrived).toEqual({ writers: [3, 0], others: 3 })
  expect(finder.torn).toBe(1)
  expect(finder.first).toMatchObject({ at: 3, writer: 0, bytes: 2, by: 2 })
})

test('only the first 128 runs are kept', () => {
  const finder = createTornFinder(2, 3)
  finder.take(Buffer.from('AAABBB'.repeat(100)))
  expect(finder.changes).toBe(199)
  expect(finder.runs).toEqual(Array.from({ length: 128 }, (_, at) => ({ writer: at % 2, bytes: 3 })))
})

/** Who tore whose message, in streams made by hand. */
import { expect, test } from 'vitest'
import { createTornFinder } from '../../src/ipc/torn-messages.js'

/** A stream of two writers whose messages have three bytes, cut into chunks in every possible way of one cut. */
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

test('messages one behind the other are whole, whoever they are from', () => {
  expect(findIn('AAABBBBBBAAA')).toEqual({ bytes: 12, changes: 2, torn: 0, first: undefined })
})

test('a byte of another inside a message has torn it, and is named with its place', () => {
  expect(findIn('AAAAABBBA')).toEqual({
    bytes: 9,
    changes: 2,
    torn: 1,
    first: { at: 5, writer: 0, message: 1, bytes: 2, by: 1 },
  })
})

test('a message in three pieces is one torn message; the one inside is torn as well when it is cut', () => {
  expect(findIn('ABABAB')).toMatchObject({ torn: 2, changes: 5, first: { at: 1, writer: 0, by: 1 } })
})

test('a byte that no writer writes is an error', () => {
  expect(() => createTornFinder(2, 3).take(Buffer.from('AAAC'))).toThrow('byte 3 belongs to no writer')
  // The byte before A: no writer is current at the start.
  expect(() => createTornFinder(2, 3).take(Buffer.from('@@A'))).toThrow('byte 0 belongs to no writer')
})

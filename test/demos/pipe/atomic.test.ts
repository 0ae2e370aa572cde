/** Torn messages: the claims of the demo are compared with its own data. */
import { expect, test } from 'vitest'
import { numberIn } from '../../../src/events.js'
import { tellStory } from '../../../src/views/story/index.js'
import { drawTorn } from '../../../src/views/svg/figures/torn.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { playDemo } from '../../support/osdemo.js'

test('messages up to PIPE_BUF are whole, and the first torn message of a longer size is reported', async () => {
  const events = await playDemo(['pipe', 'atomic'])
  const ids = claimIdsOf(events)
  expect(ids.slice(0, 2)).toEqual(['pipe/short-writes-are-atomic', 'pipe/short-writes-are-atomic'])
  // Longer messages may stay whole by luck, which an aside reports.
  expect(new Set(ids.slice(2))).toEqual(new Set(ids.length > 2 ? ['pipe/long-writes-may-be-torn'] : []))
  const luck = only(events, 'note').filter(({ role }) => role === 'aside')
  expect(ids.length + luck.length).toBe(4)

  const bursts = dataFrom(events, 'read(2)').filter((data) => 'torn' in Object(data))
  // A burst in which the writers did not meet is played again.
  const short = bursts.filter((data) => numberIn(data, 'size')! <= 4096)
  expect(new Set(short.map((data) => numberIn(data, 'size')))).toEqual(new Set([512, 4096]))
  for (const burst of short) expect(burst).toMatchObject({ torn: 0, foreign: 0 })
  for (const { changes, by, runs } of bursts as { changes: number; by: string[]; runs: number[] }[]) {
    expect([by.length, runs.length]).toEqual(Array(2).fill(Math.min(changes + 1, 128)))
    expect(Math.min(...runs)).toBeGreaterThan(0)
    expect(by.every((writer, at) => at === 0 || writer !== by[at - 1])).toBe(true)
  }
  expect(drawTorn(tellStory(events, false))!.claims).toHaveLength(ids.length)
  expect(bursts.filter((data) => numberIn(data, 'torn')! > 0).length).toBe(ids.length - 2)

  const tallies = only(events, 'tally')
  const sent = tallies.filter(({ direction }) => direction === 'sent')
  const received = tallies.filter(({ direction }) => direction === 'received')
  expect(new Set(sent.map(({ actor }) => actor)).size).toBe(4)
  const sum = (some: typeof tallies) => some.reduce((sum, { bytes }) => sum + bytes, 0)
  expect(sum(received)).toBe(sum(sent))
  // A burst in which the writers did not interleave is repeated.
  const sizes = new Set(received.map(({ messages, bytes }) => bytes / messages))
  expect([...sizes].slice(0, 2)).toEqual([512, 4096])

  const torn = dataFrom(events, 'read(2)').filter((data) => 'writer' in Object(data))
  for (const first of torn as { at: number; bytes: number; size: number; writer: string; by: string }[]) {
    expect([4097, 100_000]).toContain(first.size)
    expect(first.bytes).toBeLessThan(first.size)
    expect(first.at).toBeGreaterThanOrEqual(first.bytes)
    expect(first.by).not.toBe(first.writer)
  }
})

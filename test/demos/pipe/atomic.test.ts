/** Who was torn: what the demo says is held against what it must have seen. */
import { expect, test } from 'vitest'
import { playDemo } from '../../support/osdemo.js'

test('nobody is torn up to PIPE_BUF, and beyond the first torn message is named', async () => {
  const events = await playDemo(['pipe', 'atomic'])
  const claims = events.flatMap((event) => (event.event === 'claim' ? [event.text] : []))
  expect(claims.slice(0, 2)).toEqual([
    expect.stringMatching(/^none of 2048 messages of 512 bytes is torn, while the writer changed \d+ times$/),
    expect.stringMatching(/^none of 256 messages of 4096 bytes \(PIPE_BUF\) is torn, while/),
  ])
  const luck = events.filter((event) => event.event === 'note' && event.text.endsWith('by luck'))
  expect(claims.length + luck.length).toBe(4)

  const sent = events.filter((event) => event.event === 'tally' && event.direction === 'sent')
  const received = events.filter((event) => event.event === 'tally' && event.direction === 'received')
  expect(new Set(sent.map(({ actor }) => actor)).size).toBe(4)
  const sum = (tallies: typeof events) =>
    tallies.reduce((sum, event) => sum + (event.event === 'tally' ? event.bytes : 0), 0)
  expect(sum(received)).toBe(sum(sent))

  for (const event of events) {
    if (event.event !== 'evidence' || event.about !== 'the first torn message') continue
    const words =
      /^at byte (\d+): message (\d+) of (writer-\d), after (\d+) of its (\d+) bytes, by (writer-\d)$/
    const [, at, , writer, bytes, size, by] = words.exec(event.value)!
    expect([4097, 100_000]).toContain(Number(size))
    expect(Number(bytes)).toBeLessThan(Number(size))
    expect(Number(at)).toBeGreaterThanOrEqual(Number(bytes))
    expect(by).not.toBe(writer)
  }
})

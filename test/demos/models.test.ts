import { describe, expect, test } from 'vitest'
import { type Event, numberIn } from '../../src/events.js'
import { claimIdsOf, dataFrom } from '../support/facts.js'
import { playDemo } from '../support/osdemo.js'
import { slideOf, valuesOf } from '../support/slide.js'

/** The counts that the kernel kept for the process of this name. */
function ioOf(events: Event[], name: string) {
  const started = events.find((event) => event.event === 'started' && event.name === name)
  const pid = started?.event === 'started' ? started.child : 0
  const [io] = dataFrom(events, `/proc/${pid}/task/${pid}/io`)
  const count = (field: string) => numberIn(io, field)
  return {
    calls: [count('reads'), count('writes')],
    bytes: [count('bytesRead')!, count('bytesWritten')!],
  }
}

/** Node itself may write a few bytes, fewer than a message has. */
const isNear = (count: number, bytes: number) => count >= bytes && count < bytes + 64

describe.runIf(process.platform === 'linux')('models', () => {
  test('counts the calls and the copies of both models, for the same messages', async () => {
    const events = await playDemo(['models'])
    expect(claimIdsOf(events)).toEqual([
      'models/passing-needs-calls-for-each-message',
      'models/passing-copies-through-the-kernel',
      'models/sharing-bypasses-the-kernel',
      'models/messages-arrive-as-sent',
      'models/messages-arrive-as-sent',
    ])
    const wanted = { sender: [0, 64_000], receiver: [64_000, 0], producer: [0, 0], consumer: [0, 0] }
    for (const [name, [read, written]] of Object.entries(wanted)) {
      const { bytes } = ioOf(events, name)
      expect([name, isNear(bytes[0]!, read!), isNear(bytes[1]!, written!)]).toEqual([name, true, true])
    }
    expect(ioOf(events, 'sender').calls[1]).toBeGreaterThanOrEqual(1000)
    expect(ioOf(events, 'receiver').calls[0]).toBeGreaterThanOrEqual(1001)
    expect(valuesOf(slideOf(events), 'data-model')).toEqual(['passing', 'sharing'])
    const rows = events.flatMap((event) => (event.event === 'claim' && event.row ? [event.row.cells] : []))
    expect(rows.map(({ model, arrived }) => [model, arrived])).toEqual([
      ['message passing', '1,000'],
      ['shared memory', '1,000'],
    ])
    // Each side reports its messages, as a sum.
    const tallies = events.filter((event) => event.event === 'tally')
    expect(tallies.map(({ messages, bytes }) => [messages, bytes])).toEqual(Array(4).fill([1000, 64_000]))
  })
})

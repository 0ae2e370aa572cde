/** Rounds over channels in memory: what is counted, and that a message which arrives changed is noticed. */
import { expect, test } from 'vitest'
import type { End, OpenChannel } from '../../src/bench/end.js'
import { playRound, type Task } from '../../src/bench/round.js'

/** A channel between two ends of this process. @param spoil changes message N on its way to the second end */
function ends(spoil?: number): [OpenChannel, OpenChannel] {
  const wires: Buffer[][] = [[], []]
  let waiting: (() => void)[] = []
  let passed = 0
  const open = (to: 0 | 1): OpenChannel => ({
    end(size): End {
      const [out, into] = [Buffer.alloc(size), Buffer.alloc(size)]
      return {
        out,
        into,
        send() {
          const copy = Buffer.from(out)
          if (to === 1 && passed++ === spoil) copy[size >> 1]! ^= 1
          wires[to]!.push(copy)
          for (const wake of waiting.splice(0)) wake()
        },
        async receive(arrived) {
          const mine = wires[1 - to]!
          while (mine.length === 0) await new Promise<void>((resolve) => waiting.push(resolve))
          mine.shift()!.copy(into)
          arrived()
          return 1
        },
      }
    },
    calls: () => 7 * passed,
  })
  waiting = []
  return [open(1), open(0)]
}

async function both([one, other]: [OpenChannel, OpenChannel], task: Task) {
  return Promise.all([playRound(one, task, true), playRound(other, task, false)])
}

const latency: Task = { mode: 'latency', size: 9, count: 300, window: 300, peer: 0 }

test('the side that begins measures each round trip, and the other none', async () => {
  const [first, second] = await both(ends(), latency)
  expect(first.histogram.reduce((sum, number) => sum + number, 0)).toBe(300)
  expect(first.p50).toBeGreaterThan(0)
  expect(first.p99).toBeGreaterThanOrEqual(first.p90)
  expect(first.p90).toBeGreaterThanOrEqual(first.p50)
  expect(second).toMatchObject({ p50: 0, histogram: [] })
  expect(first.elapsed).toBeGreaterThan(0)
})

test.each(['latency', 'throughput'] as const)(
  'a message that arrives changed ends a round (%s)',
  async (mode) => {
    for (const at of [0, 255, 256, 299])
      await expect(both(ends(at), { ...latency, mode })).rejects.toThrow('arrived changed')
    await both(ends(300), { ...latency, mode })
  },
)

test.each([1, 7, 300])('in throughput the receiver answers after %i messages', async (window) => {
  const [one, other] = ends()
  let answers = 0
  const counting: OpenChannel = {
    end(size, peer) {
      const end = other.end(size, peer)
      const send = () => {
        answers++
        end.send()
      }
      return { ...end, send }
    },
  }
  await both([one, counting], { mode: 'throughput', size: 1, count: 300, window, peer: 0 })
  expect(answers).toBe(Math.ceil(300 / window))
})

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DemoFailed } from '../../src/errors.js'
import { consumerOf } from '../../src/ipc/shared-ring/consumer.js'
import { layRing, newRing, ringBytes } from '../../src/ipc/shared-ring/layout.js'
import { producerOf } from '../../src/ipc/shared-ring/producer.js'
import { type RingOptions, threadWaiter, type Waiter } from '../../src/ipc/shared-ring/waiting.js'
import { until } from '../support/until.js'
import type { RingSaid, RingTask } from './fixtures/ring-thread.js'
import { DEADLINE_MS, threadsOf } from './fixtures/threads.js'

const start = threadsOf<RingTask, RingSaid>('ring-thread.ts')

type Said<K extends RingSaid['kind']> = Extract<RingSaid, { kind: K }>
const is =
  <K extends RingSaid['kind']>(kind: K) =>
  (said: RingSaid): said is Said<K> =>
    said.kind === kind

/** The waiter of rings that must never wait in a test. */
const nobody: Waiter = {
  wait: () => {
    throw new Error('the ring waits')
  },
  notify: () => {
    throw new Error('the ring wakes')
  },
}

/** Both sides of a new ring, in this thread. */
function ringOf(capacity: number, options: RingOptions & { waiter?: Waiter; startAt?: number } = {}) {
  const { waiter = nobody, startAt = 0 } = options
  const memory = newRing(capacity)
  startRingAt(memory, startAt)
  return {
    memory,
    producer: producerOf(memory, waiter, options),
    consumer: consumerOf(memory, waiter, options),
  }
}

/** Sets both indices, as if `index` bytes had passed through this ring: tail is at byte 0, head at byte 64. */
function startRingAt(memory: ArrayBufferLike, index: number): void {
  const cells = new Uint32Array(memory, 0, 32)
  cells[0] = index
  cells[16] = index
}

const bytesOf = (length: number, first = 1) => Uint8Array.from({ length }, (_, i) => first + i)

function drained(consumer: ReturnType<typeof consumerOf>): number[][] {
  const messages: number[][] = []
  const count = consumer.drain((buffer, from, to) => messages.push([...buffer.subarray(from, to)]))
  expect(count).toBe(messages.length)
  return messages
}

describe('a ring in one thread', () => {
  test('returns messages unchanged and in order', () => {
    const { producer, consumer } = ringOf(256)
    for (const text of ['one', 'two', 'three']) expect(producer.tryWrite(Buffer.from(text))).toBe(true)
    producer.publish()
    expect(Buffer.from(consumer.read()!).toString()).toBe('one')
    expect(drained(consumer)).toEqual([[...Buffer.from('two')], [...Buffer.from('three')]])
  })

  test('makes staged messages visible only when they are published', () => {
    const { producer, consumer } = ringOf(64)
    producer.tryWrite(bytesOf(3))
    expect(drained(consumer)).toEqual([])
    producer.tryWrite(bytesOf(5))
    producer.publish()
    expect(drained(consumer)).toEqual([[...bytesOf(3)], [...bytesOf(5)]])
  })

  test('carries empty messages', () => {
    const { producer, consumer } = ringOf(8)
    for (let i = 0; i < 3; i++) {
      expect(producer.tryWrite(new Uint8Array(0))).toBe(true)
      expect(producer.tryWrite(new Uint8Array(0))).toBe(false)
      producer.publish()
      expect(consumer.read()).toEqual(new Uint8Array(0))
    }
  })

  test.each([8, 64, 4096])('of %i bytes carries messages of its capacity less 4 bytes', (capacity) => {
    const { producer, consumer } = ringOf(capacity)
    expect(producer.largest).toBe(capacity - 4)
    for (let i = 0; i < 3; i++) {
      const bytes = bytesOf(producer.largest, i)
      expect(producer.tryWrite(bytes)).toBe(true)
      producer.publish()
      expect(consumer.read()).toEqual(bytes)
    }
  })

  test('refuses a message that would never fit, and names both sizes', () => {
    const { producer, consumer } = ringOf(64)
    for (const write of [producer.tryWrite, producer.write]) {
      expect(() => write(new Uint8Array(61))).toThrow(RangeError)
      expect(() => write(new Uint8Array(61))).toThrow(/61 bytes.* 60 bytes/)
    }
    producer.publish()
    expect(drained(consumer)).toEqual([])
  })

  test('is full when no room is left, and accepts messages again after a read', () => {
    const { producer, consumer } = ringOf(64)
    for (let i = 0; i < 4; i++) expect(producer.tryWrite(bytesOf(12, i))).toBe(true)
    expect(producer.tryWrite(bytesOf(0))).toBe(false)
    producer.publish()
    expect(producer.tryWrite(bytesOf(0))).toBe(false)
    expect(consumer.read()).toEqual(bytesOf(12, 0))
    expect(producer.tryWrite(bytesOf(13))).toBe(false)
    expect(producer.tryWrite(bytesOf(12, 4))).toBe(true)
    producer.publish()
    expect(drained(consumer)).toEqual([1, 2, 3, 4].map((first) => [...bytesOf(12, first)]))
  })

  test('passes a message in place, except one that wraps round the end of the data area', () => {
    const { memory, producer, consumer } = ringOf(32)
    const buffers: ArrayBufferLike[] = []
    for (let i = 0; i < 4; i++) {
      producer.tryWrite(bytesOf(20, i))
      producer.publish()
      consumer.drain((buffer, from, to) => {
        buffers.push(buffer.buffer)
        expect(buffer.subarray(from, to)).toEqual(bytesOf(20, i))
      })
    }
    // 24 bytes each in a data area of 32: they begin at 0, 24, 16 and 8.
    expect(buffers.map((buffer) => buffer === memory)).toEqual([true, false, false, true])
  })

  test('frees the room of a batch at its end, also when the callback throws', () => {
    const { producer, consumer } = ringOf(32)
    for (let i = 0; i < 4; i++) producer.tryWrite(bytesOf(4, i))
    producer.publish()
    let calls = 0
    const stop = new Error('stop')
    expect(() =>
      consumer.drain(() => {
        expect(producer.tryWrite(bytesOf(4))).toBe(false)
        if (++calls === 2) throw stop
      }),
    ).toThrow(stop)
    expect(producer.tryWrite(bytesOf(12, 9))).toBe(true)
    producer.publish()
    expect(drained(consumer)).toEqual(
      [bytesOf(4, 2), bytesOf(4, 3), bytesOf(12, 9)].map((bytes) => [...bytes]),
    )
  })

  test('returns a copy from read, which later messages do not change', () => {
    const { producer, consumer } = ringOf(16)
    producer.tryWrite(bytesOf(12))
    producer.publish()
    const first = consumer.read()
    producer.tryWrite(bytesOf(12, 100))
    producer.publish()
    expect(first).toEqual(bytesOf(12))
    expect(consumer.read()).toEqual(bytesOf(12, 100))
  })

  test('when closed, returns the remaining messages and then undefined, and refuses to write', () => {
    const { memory, producer, consumer } = ringOf(64)
    producer.tryWrite(bytesOf(3))
    producer.close()
    producer.close()
    expect(consumer.wait()).toBe(true)
    expect(consumer.read()).toEqual(bytesOf(3))
    expect(consumer.wait()).toBe(false)
    expect(consumer.read()).toBeUndefined()
    expect(consumer.drain(() => {})).toBe(0)
    expect(() => producer.tryWrite(bytesOf(1))).toThrow(/closed/)
    expect(() => producerOf(memory, nobody).tryWrite(bytesOf(1))).toThrow(/closed/)
  })

  test('works on plain memory too, and on more memory than it needs', () => {
    const memory = new ArrayBuffer(4096)
    layRing(memory, 1024)
    const producer = producerOf(memory, nobody)
    const consumer = consumerOf(memory, nobody)
    producer.tryWrite(bytesOf(200))
    producer.publish()
    expect(consumer.read()).toEqual(bytesOf(200))
    expect(producer.largest).toBe(1020)
  })

  test('continues where earlier views of the same memory stopped', () => {
    const { memory, producer, consumer } = ringOf(64)
    for (let i = 0; i < 3; i++) producer.tryWrite(bytesOf(9, i))
    producer.publish()
    consumer.read()
    const next = producerOf(memory, nobody)
    expect(next.tryWrite(bytesOf(9, 3))).toBe(true)
    expect(next.tryWrite(bytesOf(17))).toBe(false)
    next.publish()
    expect(drained(consumerOf(memory, nobody))).toEqual([1, 2, 3].map((first) => [...bytesOf(9, first)]))
  })

  test.each([0, 4, 24, 8.5, -8, 2 ** 31, Number.NaN])(
    'is not made with a capacity of %d bytes',
    (capacity) => {
      expect(() => ringBytes(capacity)).toThrow(RangeError)
      expect(() => layRing(new ArrayBuffer(4096), capacity)).toThrow(RangeError)
    },
  )

  test('is not laid into memory that is too small, nor opened in memory without a ring', () => {
    expect(() => layRing(new ArrayBuffer(ringBytes(64) - 1), 64)).toThrow(RangeError)
    for (const bytes of [0, 100, 4096]) {
      expect(() => producerOf(new SharedArrayBuffer(bytes), nobody)).toThrow(RangeError)
    }
    const cut = newRing(64).slice(0, ringBytes(64) - 4)
    expect(() => consumerOf(cut, nobody)).toThrow(RangeError)
  })

  test.each([-1, 13, 2 ** 31 - 1])(
    'with a length of %i is reported as damaged, and no message is returned',
    (length) => {
      const { memory, producer, consumer } = ringOf(64)
      producer.tryWrite(bytesOf(12))
      producer.publish()
      new Int32Array(memory)[196 / 4] = length
      expect(() => consumer.read()).toThrow(DemoFailed)
      expect(() => consumer.drain(() => expect.unreachable())).toThrow(DemoFailed)
    },
  )

  test('carries messages of every length at every position, also across the end of the data area', () => {
    for (const startAt of [0, 8, 16, 24]) {
      for (let length = 0; length <= 28; length++) {
        const { producer, consumer } = ringOf(32, { startAt })
        for (const first of [1, 101]) {
          expect(producer.tryWrite(bytesOf(length, first))).toBe(true)
          producer.publish()
          if (first === 1) expect(consumer.read()).toEqual(bytesOf(length, first))
          else expect(drained(consumer)).toEqual([[...bytesOf(length, first)]])
        }
      }
    }
  })

  // The bytes that passed before. Then many more bytes pass than the ring holds.
  test.each([0, 2 ** 31 - 64, 2 ** 32 - 64])('wraps its indices round, from %d on', (startAt) => {
    const { memory, producer, consumer } = ringOf(64, { startAt })
    let sent = 0
    for (let i = 0; i < 40; i++) {
      const batch = [bytesOf(i % 17, i), bytesOf((i * 5) % 29, i)]
      for (const bytes of batch) {
        expect(producer.tryWrite(bytes)).toBe(true)
        sent += Math.ceil((4 + bytes.length) / 8) * 8
      }
      producer.publish()
      if (i % 2 === 0) expect(consumer.read()).toEqual(batch.shift())
      expect(drained(consumer)).toEqual(batch.map((bytes) => [...bytes]))
    }
    const cells = new Uint32Array(memory, 0, 32)
    expect([cells[0], cells[16]]).toEqual([(startAt + sent) % 2 ** 32, (startAt + sent) % 2 ** 32])
  })

  test('behaves like a queue of the same size', () => {
    const command = fc.oneof(
      fc.record({ do: fc.constant('write' as const), length: fc.integer({ min: 0, max: 70 }) }),
      fc.record({ do: fc.constantFrom('publish' as const, 'drain' as const, 'read' as const) }),
    )
    const setup = fc.record({
      capacity: fc.constantFrom(8, 16, 64, 128),
      startAt: fc.constantFrom(0, 24, 2 ** 31 - 40, 2 ** 32 - 40),
      shared: fc.boolean(),
      commands: fc.array(command, { maxLength: 60 }),
    })
    fc.assert(
      fc.property(setup, ({ capacity, startAt, shared, commands }) => {
        const memory = new (shared ? SharedArrayBuffer : ArrayBuffer)(ringBytes(capacity))
        layRing(memory, capacity)
        startRingAt(memory, startAt)
        const producer = producerOf(memory, nobody)
        const consumer = consumerOf(memory, nobody)
        let staged: Uint8Array[] = []
        let visible: Uint8Array[] = []
        const room = (bytes: Uint8Array) => Math.ceil((4 + bytes.length) / 8) * 8
        commands.forEach((command, n) => {
          if (command.do === 'write') {
            const bytes = bytesOf(Math.min(command.length, producer.largest), n)
            const used = [...staged, ...visible, bytes].reduce((sum, each) => sum + room(each), 0)
            expect(producer.tryWrite(bytes)).toBe(used <= capacity)
            if (used <= capacity) staged.push(bytes)
          } else if (command.do === 'publish') {
            producer.publish()
            visible = [...visible, ...staged]
            staged = []
          } else if (command.do === 'drain') {
            expect(drained(consumer)).toEqual(visible.map((bytes) => [...bytes]))
            visible = []
          } else if (visible.length > 0) {
            expect(consumer.read()).toEqual(visible.shift())
          }
        })
        producer.close()
        expect(drained(consumer)).toEqual([...visible, ...staged].map((bytes) => [...bytes]))
        expect(consumer.read()).toBeUndefined()
      }),
      { numRuns: 500 },
    )
  })
})

/**
 * Looks for a lost wake-up at every point where it could happen: both sides run in one thread, and one is interrupted
 * before each of its atomic operations in turn, while the other side runs.
 */
describe('a wake-up is not lost', () => {
  interface Sides {
    /** Goes to sleep, unless the waker came first. */
    sleeper: () => void
    /** Does what the sleeper waits for. */
    waker: () => void
  }

  const scenes: [string, (waiter: Waiter) => Sides][] = [
    [
      'when the consumer falls asleep while the producer publishes',
      (waiter) => {
        const { producer, consumer } = ringOf(64, { waiter, spins: 0 })
        return {
          sleeper: () => expect(consumer.read()).toEqual(bytesOf(5)),
          waker: () => {
            producer.tryWrite(bytesOf(5))
            producer.publish()
          },
        }
      },
    ],
    [
      'when the consumer falls asleep while the producer closes the ring',
      (waiter) => {
        const { producer, consumer } = ringOf(64, { waiter, spins: 0 })
        return { sleeper: () => expect(consumer.read()).toBeUndefined(), waker: producer.close }
      },
    ],
    [
      'when the consumer falls asleep while the producer closes the ring with a message staged',
      (waiter) => {
        const { producer, consumer } = ringOf(64, { waiter, spins: 0 })
        producer.tryWrite(bytesOf(5))
        return { sleeper: () => expect(consumer.read()).toEqual(bytesOf(5)), waker: producer.close }
      },
    ],
    [
      'when the producer falls asleep while the consumer reads',
      (waiter) => {
        const { producer, consumer } = ringOf(64, { waiter, spins: 0 })
        producer.write(bytesOf(60))
        producer.publish()
        return {
          sleeper: () => producer.write(bytesOf(60, 2)),
          waker: () => expect(consumer.read()).toEqual(bytesOf(60)),
        }
      },
    ],
    [
      'when the producer falls asleep while the consumer drains the ring',
      (waiter) => {
        const { producer, consumer } = ringOf(64, { waiter, spins: 0 })
        producer.write(bytesOf(60))
        producer.publish()
        return {
          sleeper: () => producer.write(bytesOf(60, 2)),
          waker: () => expect(drained(consumer)).toEqual([[...bytesOf(60)]]),
        }
      },
    ],
  ]

  /** Runs `body`, and `intrude` before its `nth` atomic operation. False when it has fewer. */
  function runWith(nth: number, body: () => void, intrude: () => void): boolean {
    const { load, store } = Atomics
    let operations = 0
    let intruded = false
    const count = () => {
      if (!intruded && operations++ === nth) {
        intruded = true
        intrude()
      }
    }
    Atomics.load = ((cells: Int32Array, i: number) => {
      count()
      return load(cells, i)
    }) as typeof Atomics.load
    Atomics.store = ((cells: Int32Array, i: number, value: number) => {
      count()
      return store(cells, i, value)
    }) as typeof Atomics.store
    try {
      body()
    } finally {
      Object.assign(Atomics, { load, store })
    }
    return intruded
  }

  test.each(scenes)('%s, all at once', (_, sceneOf) => {
    let places = 0
    for (let nth = 0; ; nth++) {
      let isDone = false
      let isNotified = false
      const scene = sceneOf({
        notify: () => {
          isNotified = true
        },
        wait: (cell, index, expected) => {
          if (cell[index] !== expected) return
          // It would sleep now, so the waker runs, if it has not run before.
          wakeNow()
          if (!isNotified) throw new Error(`asleep for ever: the waker ran before operation ${nth}`)
          isNotified = false
        },
      })
      const wakeNow = () => {
        if (isDone) return
        isDone = true
        scene.waker()
      }
      if (!runWith(nth, scene.sleeper, wakeNow)) break
      places++
    }
    expect(places).toBeGreaterThan(3)
  })

  test.each(scenes)('%s, one step after the other', (_, sceneOf) => {
    class Asleep extends Error {}
    let places = 0
    for (let nth = 0; ; nth++) {
      let isAsleep = false
      let isNotified = false
      const scene = sceneOf({
        notify: () => {
          if (isAsleep) isNotified = true
        },
        wait: (cell, index, expected) => {
          if (cell[index] === expected) throw new Asleep()
        },
      })
      const fallAsleep = () => {
        try {
          scene.sleeper()
        } catch (error) {
          if (!(error instanceof Asleep)) throw error
          isAsleep = true
        }
      }
      if (!runWith(nth, scene.waker, fallAsleep)) break
      places++
      if (isAsleep) {
        expect(isNotified, `woken after falling asleep before operation ${nth}`).toBe(true)
        scene.sleeper()
      }
    }
    expect(places).toBeGreaterThan(1)
  })

  test('and a needless wake-up, or a second one, does no harm', () => {
    const told: string[] = []
    let naps = 0
    const { producer, consumer } = ringOf(64, {
      spins: 3,
      onSleep: (why) => told.push(why),
      onWake: () => told.push('awake'),
      waiter: {
        notify: () => told.push('notify'),
        wait: () => {
          told.push('wait')
          if (++naps < 3) return
          producer.tryWrite(bytesOf(1))
          producer.publish()
          producer.tryWrite(bytesOf(2))
          producer.publish()
        },
      },
    })
    expect(consumer.read()).toEqual(bytesOf(1))
    expect(consumer.read()).toEqual(bytesOf(2))
    expect(told).toEqual(['empty', 'wait', 'wait', 'wait', 'notify', 'awake'])
  })

  test('and a side that does not sleep is not woken', () => {
    // `nobody` throws when asked to wake.
    const { producer, consumer } = ringOf(64)
    for (let i = 0; i < 10; i++) {
      producer.write(bytesOf(3))
      producer.publish()
      consumer.read()
    }
    producer.close()
  })
})

describe('two threads', () => {
  async function run(options: Omit<RingTask, 'side'>) {
    const consumer = start({ ...options, side: 'consumer' })
    const producer = start({ ...options, side: 'producer' })
    const [sent, received] = await Promise.all([producer.hears(is('done')), consumer.hears(is('done'))])
    expect(received.wrong).toBe(-1)
    expect(received.messages).toBe(options.messages)
    expect(received.checksum).toBe(sent.checksum)
    expect(sent.wakes).toBe(sent.sleeps)
    expect(received.wakes).toBe(received.sleeps)
    return { sent, received }
  }

  test.each([
    ['a tiny ring past 2^31 bytes', 256, 100, 2 ** 31 - 2 ** 20],
    ['a larger ring past 2^32 bytes', 65_536, 400, 2 ** 32 - 2 ** 20],
  ])('pass 200,000 messages on through %s, all in order', async (_, capacity, largest, startAt) => {
    const memory = newRing(capacity)
    startRingAt(memory, startAt)
    await run({ memory, messages: 200_000, smallest: 0, largest })
  })

  test('pass messages of the largest size', async () => {
    await run({ memory: newRing(1024), messages: 20_000, smallest: 1020, largest: 1020 })
  })

  test('put each other to sleep and wake each other up many times', async () => {
    const { sent, received } = await run({
      memory: newRing(256),
      messages: 20_000,
      smallest: 0,
      largest: 200,
      spins: 0,
    })
    expect(sent.sleeps).toBeGreaterThan(0)
    expect(received.sleeps).toBeGreaterThan(0)
  })
})

// SYS_futex in asm/unistd.h of the kernel.
const FUTEX = { x64: 202, arm64: 98 }[process.arch as string]

describe.skipIf(process.platform !== 'linux' || FUTEX === undefined)('as the kernel shows it', () => {
  /** Waits until this thread of our process sleeps in futex(2): see proc(5), /proc/pid/syscall and /proc/pid/stat. */
  const sleepsInFutex = (tid: number) =>
    until(() => {
      const call = readFileSync(`/proc/self/task/${tid}/syscall`, 'latin1')
      const stat = readFileSync(`/proc/self/task/${tid}/stat`, 'latin1')
      return call.startsWith(`${FUTEX} `) && / S /.test(stat.slice(stat.lastIndexOf(')') + 1).slice(0, 3))
    }, DEADLINE_MS)

  const shape = { messages: 3, smallest: 60, largest: 60, tellSleeps: true }

  test('a producer sleeps while the ring is full, and a read wakes it', async () => {
    const memory = newRing(64)
    const producer = start({ ...shape, memory, side: 'producer' })
    const consumer = consumerOf(memory, threadWaiter)
    const { tid } = await producer.hears(is('started'))
    // Each message fills the ring, so the second one waits for the first to be read.
    expect((await producer.hears(is('sleeps'))).why).toBe('full')
    await sleepsInFutex(tid)
    expect(producer.said.filter(is('wakes'))).toEqual([])
    expect(consumer.read()).toHaveLength(60)
    await producer.hears(is('wakes'))
    expect(consumer.read()).toHaveLength(60)
    expect(consumer.read()).toHaveLength(60)
    expect(consumer.read()).toBeUndefined()
    expect((await producer.hears(is('done'))).messages).toBe(3)
  })

  test('a consumer sleeps while the ring is empty, and publish and close wake it', async () => {
    const memory = newRing(64)
    const consumer = start({ ...shape, smallest: 0, largest: 0, memory, side: 'consumer' })
    const producer = producerOf(memory, threadWaiter)
    const { tid } = await consumer.hears(is('started'))
    expect((await consumer.hears(is('sleeps'))).why).toBe('empty')
    await sleepsInFutex(tid)
    // A staged message does not wake the consumer.
    expect(producer.tryWrite(new Uint8Array(0))).toBe(true)
    await sleepsInFutex(tid)
    expect(consumer.said.filter(is('wakes'))).toEqual([])

    producer.publish()
    await consumer.hears(is('wakes'))
    await until(() => consumer.said.filter(is('sleeps')).length === 2, DEADLINE_MS)
    await sleepsInFutex(tid)

    producer.close()
    expect(await consumer.hears(is('done'))).toMatchObject({ messages: 1, sleeps: 2, wakes: 2, wrong: -1 })
  })
})

/** The demo of threads that share memory, as a user runs it. */
import { chownSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../../src/events.js'
import { isAlive } from '../../../src/proc/stat.js'
import { threads } from '../../../src/proc/task.js'
import { start } from '../../support/children.js'
import { claimIdsOf, dataFrom } from '../../support/facts.js'
import {
  asUser,
  eventsSoFar,
  invalidEvents,
  newPlace,
  parseEvents,
  placeOfNobody,
  playDemo,
  processesOf,
} from '../../support/osdemo.js'
import { until } from '../../support/until.js'

const oneCpu = { prefix: ['taskset', '-c', '0'] }

/** The messages of one direction, counted from single events and tallies. */
function messages(events: Event[], direction: 'sent' | 'received'): number {
  return events.reduce((sum, event) => {
    if (event.event === direction) return sum + 1
    return event.event === 'tally' && event.direction === direction ? sum + event.messages : sum
  }, 0)
}

function expectFacts(events: Event[], workers: number, times: number, count: number): void {
  expect([messages(events, 'sent'), messages(events, 'received')]).toEqual([count, count])
  const started = events.flatMap((event) => (event.event === 'started' ? [event] : []))
  expect(started.map(({ name }) => name).sort()).toEqual(
    ['consumer', 'producer', ...Array.from({ length: workers }, (_, index) => `counter-${index + 1}`)].sort(),
  )
  expect(new Set(started.map(({ child }) => child)).size).toBe(workers + 2)
  expect(new Set(events.map(({ pid }) => pid)).size).toBe(1)
  for (const { child, name, kind } of started) {
    expect(kind).toBe('thread')
    expect(events).toContainEqual(expect.objectContaining({ event: 'exited', child, name, code: 0 }))
  }

  const expected = workers * times
  const [plain, atomic] = dataFrom(events, 'cell[0]') as [number, number]
  expect(atomic).toBe(expected)
  expect(plain).toBeGreaterThan(0)
  expect(plain).toBeLessThanOrEqual(expected)
  expect(claimIdsOf(events)).toEqual([
    'shm/ring-consumer-sleeps-when-empty',
    'thread/shares-memory-of-its-process',
    'shm/ring-keeps-messages-in-order',
    ...(plain < expected ? ['shm/plain-add-loses-updates'] : []),
    'shm/atomic-add-loses-no-updates',
  ])
}

describe.runIf(process.platform === 'linux')('shm', () => {
  test('carries ten messages through a ring, and loses updates only without Atomics', async () => {
    const events = await playDemo(['shm'])
    expectFacts(events, 4, 250_000, 10)
    const texts = events.flatMap((event) => (event.event === 'received' ? [event.text] : []))
    expect(texts).toEqual(Array.from({ length: 10 }, (_, number) => `Message ${number}`))

    const consumer = events.find((event) => event.event === 'started' && event.name === 'consumer')
    expect(events).toContainEqual(
      expect.objectContaining({
        event: 'evidence',
        source: `/proc/${consumer?.pid}/task/${(consumer as { child?: number }).child}/syscall`,
        value: 'futex',
      }),
    )
  })

  test('--workers 2 counts with two threads', async () => {
    expectFacts(await playDemo(['shm', '--workers', '2']), 2, 250_000, 10)
  })

  test('--workers 16 --times 1000 --messages 5000 does as asked', async () => {
    const words = ['shm', '--workers', '16', '--times', '1000', '--messages', '5000']
    expectFacts(await playDemo(words), 16, 1000, 5000)
  })

  test('loses none of 200,000 messages', async () => {
    const events = await playDemo(['shm', '--messages', '200000', '--times', '1000'])
    expectFacts(events, 4, 1000, 200_000)
  })

  test('makes no false claim when each thread adds only once', async () => {
    const events = await playDemo(['shm', '--workers', '2', '--times', '1', '--messages', '1'])
    expectFacts(events, 2, 1, 1)
  })

  test('gives the same results on one CPU and for any user, whether an update is lost or not', async (context) => {
    const { place, options } = placeOfNobody(context)
    const prefix = [...oneCpu.prefix, ...options.prefix]
    expectFacts(await playDemo(['shm'], { prefix }, place), 4, 250_000, 10)
  })

  test('makes no false claim on one CPU that other processes keep busy', async () => {
    for (let number = 0; number < 3; number++) {
      start('taskset', ['-c', '0', 'sh', '-c', 'while :; do :; done'])
    }
    for (let round = 0; round < 3; round++) {
      const run = newPlace().osdemo(['shm', '--json', '--workers', '2', '--times', '5000000'], oneCpu)
      const exit = await run.exit
      const wrong = parseEvents(run.stdout()).filter((event) => event.event === 'claim' && !event.holds)
      expect([exit, wrong]).toEqual([0, []])
    }
  })

  test('SIGINT while it counts: exit code 130', async () => {
    const place = newPlace()
    const run = place.osdemo(['shm', '--times', '100000000', '--json'])
    await until(() =>
      eventsSoFar(run).some((event) => event.actor.startsWith('counter') && event.event === 'call'),
    )
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(130)
    expect([isAlive(run.pid), processesOf(place), place.leftovers()]).toEqual([false, [], []])
  })

  test('SIGINT while messages pass: exit code 130', async () => {
    const place = newPlace()
    const run = place.osdemo(['shm', '--messages', '1000000000', '--json'])
    const isThere = (name: string) => eventsSoFar(run).some(({ actor }) => actor === name)
    await until(() => isThere('consumer') && isThere('producer'))
    expect(threads(run.pid).length).toBeGreaterThan(2)
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(130)
    expect([isAlive(run.pid), processesOf(place), place.leftovers()]).toEqual([false, [], []])
  })

  test('--timeout: exit code 124', async () => {
    const run = newPlace().osdemo(['shm', '--messages', '1000000000', '--timeout', '600ms'])
    expect(await run.exit).toBe(124)
    expect(run.stderr()).toContain('600ms')
  })

  test('--quiet prints nothing', async () => {
    const run = newPlace().osdemo(['shm', '--quiet', '--times', '1000'])
    expect([await run.exit, run.stdout(), run.stderr()]).toEqual([0, '', ''])
  })

  test.each([
    ['--workers', '1'],
    ['--workers', '17'],
    ['--workers', 'abc'],
    ['--times', '0'],
    ['--times', '1e3'],
    ['--times', `${2 ** 29}`],
    ['--times', '99999999999999'],
    ['--messages', '-1'],
  ])('%s %s is a usage error: exit code 2', async (option, value) => {
    const run = newPlace().osdemo(['shm', option, value, '--json'])
    expect(await run.exit).toBe(2)
    const events = parseEvents(run.stdout())
    expect(events).toMatchObject([{ event: 'error', exit: 2 }])
    expect(invalidEvents(events)).toEqual([])
    expect(run.stderr()).toContain(option)
    expect(run.stderr()).toContain(value)
  })

  test('accepts as many additions as 32 bits can count', async () => {
    // The whole run would take very long; its beginning is enough.
    const run = newPlace().osdemo(['shm', '--times', `${2 ** 29 - 1}`, '--json'])
    await until(() => eventsSoFar(run).some(({ event }) => event === 'run'))
    expect(readFileSync(`/proc/${run.pid}/cmdline`, 'utf8')).toContain(`${2 ** 29 - 1}`)
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(130)
  })
})

test('a thread that the kernel refuses to create is exit 1, as by ulimit -u', async (context) => {
  // A user of its own: the limit counts all threads of a user.
  const uid = 60_000 + (process.pid % 5000)
  const { prefix } = asUser(uid, context)
  const place = newPlace()
  chownSync(place.folder, uid, uid)
  const run = place.osdemo(['shm', '--json'], { prefix: [...prefix, 'prlimit', '--nproc=8'] })
  expect(await run.exit).toBe(1)
  expect(parseEvents(run.stdout()).at(-1)).toMatchObject({ event: 'error', call: 'clone', errno: 'EAGAIN' })
})

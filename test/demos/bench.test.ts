/** `osdemo bench`: that every mechanism did the work, and that the counts are those of the kernel. Never how long it took. */
import { describe, expect, test } from 'vitest'
import { type Event, numberIn } from '../../src/events.js'
import { allowedCpus } from '../../src/proc/sched.js'
import { noCompiler, pathWithCompiler, whyNoCompiler } from '../support/compiler.js'
import { only } from '../support/facts.js'
import {
  expectNothingLeft,
  invalidEvents,
  newPlace,
  parseEvents,
  placeOfNobody,
  temporaryFolder,
} from '../support/osdemo.js'

type Round = Record<string, string | number | number[]>

/** The data of the rounds that count. */
function roundsIn(events: Event[]): Round[] {
  return only(events, 'evidence')
    .filter(({ source }) => source === 'CLOCK_MONOTONIC')
    .map(({ data }) => data as Round)
    .filter(({ round }) => Number(round) > 0)
}

const blocking = [
  'pipe',
  'fifo',
  'socketpair',
  'unix-stream',
  'unix-datagram',
  'tcp',
  'udp',
  'sysv-queue',
  'posix-queue',
  'eventfd',
  'signal',
  'posix-shm',
  'shm-ring',
  'thread-ring',
  'post-message',
  'child-process',
]
const spinning = ['shm-ring-spin', 'thread-ring-spin']
/** These carry a value of 8 bytes, whatever was asked for. */
const values = ['eventfd', 'signal']

/** Calls of one round trip, both sides together, where the number is always the same. */
const exact: Record<string, number> = {
  ...Object.fromEntries(blocking.slice(0, 11).map((name) => [name, 4])),
  'posix-shm': 8,
  'shm-ring-spin': 0,
  'thread-ring-spin': 0,
}
/** Node itself calls write(2) now and then, to wake its event loop. */
const few = 16
/** Elsewhere at least so many: a call to wake the other side, each way, unless it has not blocked yet. */
const least = 1
const quick = ['--rounds', '1', '--duration', '1ms', '--json']

test('all mechanisms do the same work, and each system call and switch is counted', async () => {
  const place = newPlace()
  const run = place.osdemo(['bench', '--size', '64,65536', ...quick])
  expect(await run.exit).toBe(0)
  const events = parseEvents(run.stdout())
  expect(invalidEvents(events)).toEqual([])
  expectNothingLeft(place)

  const rounds = roundsIn(events)
  const places = allowedCpus(process.pid).length > 1 ? ['same', 'two'] : ['same']
  const limits: Record<string, number> = { udp: 65_507, 'sysv-queue': 8192, 'posix-queue': 8192 }
  const all = [...blocking, ...spinning]
  const sizesOf = (name: string) =>
    values.includes(name) ? [8] : [64, 65_536].filter((size) => size <= (limits[name] ?? size))
  const expected = all.flatMap((mechanism) =>
    sizesOf(mechanism).flatMap((size) =>
      places
        .filter((cpus) => cpus === 'two' || !spinning.includes(mechanism))
        .flatMap((cpus) => ['first', 'second'].map((side) => [mechanism, size, cpus, 1, side].join())),
    ),
  )
  const keyOf = ({ mechanism, size, cpus, round }: Round) => [mechanism, size, cpus, round].join()
  expect(rounds.map((each) => `${keyOf(each)},${each.side}`).sort()).toEqual(expected.sort())

  const seconds = new Map(rounds.filter(({ side }) => side === 'second').map((each) => [keyOf(each), each]))
  for (const first of rounds.filter(({ side }) => side === 'first')) {
    const [about, count] = [keyOf(first), Number(first.count)]
    const second = seconds.get(about)!
    expect(second.count, about).toBe(count)
    const sum = (name: string) => Number(first[name]) + Number(second[name])
    const calls = exact[`${first.mechanism}`]
    // A short message is one call for each of the four: send and receive, of both sides. A long one may take more.
    expect(sum('calls'), about).toBeGreaterThanOrEqual((calls ?? least) * count)
    if (calls !== undefined && Number(first.size) <= 64)
      expect(sum('calls'), about).toBeLessThanOrEqual(calls * count + few)
    // On one CPU, neither side continues before the other has given the CPU up.
    if (first.cpus === 'same')
      expect(sum('voluntary') + sum('involuntary'), about).toBeGreaterThanOrEqual(2 * (count - 1))
    expect(
      (first.histogram as number[]).reduce((all, number) => all + number, 0),
      about,
    ).toBe(count)
    expect(sum('cpu'), about).toBeGreaterThan(0)
  }

  // The report: a row for each, and ranks in the order of the medians.
  const notes = only(events, 'note')
  const rows = notes.filter(({ data }) => numberIn(data, 'rank') !== undefined)
  for (const [cpus, names] of places.flatMap((cpus) => [
    [cpus, blocking] as const,
    ...(cpus === 'two' ? [[cpus, spinning] as const] : []),
  ])) {
    const table = rows
      .map(({ data }) => data as Round)
      .filter((row) => row.cpus === cpus && names.includes(`${row.mechanism}`))
    expect(table).toHaveLength(names.length)
    const medians = table.map(({ median }) => Number(median))
    expect(medians).toEqual([...medians].sort((one, other) => one - other))
    expect(table[0]!.rank).toBe(1)
    for (const row of table) {
      const times = rounds
        .filter(
          ({ mechanism, size, side, ...each }) =>
            [mechanism, size, side, each.cpus].join() === [row.mechanism, row.size, 'first', cpus].join(),
        )
        .map(({ p50 }) => Number(p50))
      expect([row.low, row.high]).toEqual([Math.min(...times), Math.max(...times)])
      const calls = exact[`${row.mechanism}`]
      const own = few / Number(row.count)
      if (calls !== undefined) expect(Math.abs(Number(row.calls) - calls)).toBeLessThanOrEqual(own)
    }
  }
  const closing = notes.find(({ role }) => role === 'closing')
  const cost = numberIn(closing?.data, 'switch')
  if (cost !== undefined) expect(cost).toBeGreaterThan(0)
})

test('throughput counts the messages of one direction, and loses none', async () => {
  const names = ['pipe', 'udp', 'sysv-queue', 'posix-shm', 'shm-ring', 'post-message']
  const words = ['bench', ...names, 'eventfd', '--mode', 'throughput', '--size', '64', '--cpus', 'any']
  const run = newPlace().osdemo([...words, ...quick])
  expect(await run.exit).toBe(0)
  const events = parseEvents(run.stdout())
  const rounds = roundsIn(events)
  // An eventfd adds its values up, so there is no row of it, and a note says that.
  expect(new Set(rounds.map(({ mechanism }) => mechanism))).toEqual(new Set(names))
  expect(only(events, 'note').some(({ role, text }) => role === 'aside' && text.includes('eventfd'))).toBe(
    true,
  )
  expect(rounds).toHaveLength(names.length * 2)
  for (const { mechanism, mode, cpus, count, calls } of rounds) {
    expect([mode, cpus]).toEqual(['throughput', 'any'])
    if (!['shm-ring', 'post-message'].includes(`${mechanism}`))
      expect(Number(calls), `${mechanism}`).toBeGreaterThanOrEqual(Number(count))
  }
})

describe.skipIf(noCompiler)(`in C${whyNoCompiler}`, () => {
  const inC = [...blocking.slice(0, 12), 'shm-ring'].filter(
    (name) => !['fifo', 'unix-stream', 'signal'].includes(name),
  )

  test('the C program plays the same rounds, and its column has the medians', async () => {
    const place = newPlace()
    const run = place.osdemo(['bench', ...inC, 'fifo', '--against', 'c', '--size', '64', ...quick])
    expect(await run.exit).toBe(0)
    const events = parseEvents(run.stdout())
    expect(invalidEvents(events)).toEqual([])
    expectNothingLeft(place)
    const rounds = roundsIn(events)
    const key = ({ mechanism, cpus, round, count }: Round) => [mechanism, cpus, round, count].join()
    const keys = (which: string) => rounds.filter(({ side }) => side === which).map(key)
    expect(keys('c').sort()).toEqual(
      keys('first')
        .filter((each) => !each.startsWith('fifo'))
        .sort(),
    )
    const rows = only(events, 'note').flatMap(({ data }) =>
      numberIn(data, 'rank') === undefined ? [] : [data as Round],
    )
    for (const { mechanism, cpus, inC } of rows) {
      const times = rounds.filter(
        (each) => each.side === 'c' && each.mechanism === mechanism && each.cpus === cpus,
      )
      expect(inC, `${mechanism}`).toBe(times[0]?.p50 ?? null)
    }
  })

  test('throughput in C: no ring, and no message is lost', async () => {
    const words = ['bench', 'udp', 'posix-shm', 'shm-ring', '--against', 'c', '--mode', 'throughput']
    const run = newPlace().osdemo([...words, '--cpus', 'same', '--size', '1', ...quick])
    expect(await run.exit).toBe(0)
    const rounds = roundsIn(parseEvents(run.stdout())).filter(({ side }) => side === 'c')
    expect(rounds.map(({ mechanism }) => mechanism).sort()).toEqual(['posix-shm', 'udp'])
  })

  test('a message that arrives changed in C ends the run, and nothing is left', async () => {
    const env = {
      PATH: pathWithCompiler('s/if (side == 0) give/sent.bytes[1] ^= side; &/'),
      XDG_CACHE_HOME: temporaryFolder(),
    }
    const place = newPlace()
    const words = ['bench', 'pipe', '--against', 'c', '--cpus', 'same', '--size', '64']
    const run = place.osdemo([...words, ...quick], { env })
    expect(await run.exit).toBe(1)
    expect(only(parseEvents(run.stdout()), 'error')[0]?.hint).toContain('bench-')
    expect(roundsIn(parseEvents(run.stdout())).filter(({ side }) => side === 'c')).toEqual([])
    expectNothingLeft(place)
  })
})

test('a machine that lacks something: a note says what was not measured', async () => {
  const place = newPlace()
  const one = place.osdemo(['bench', 'pipe', '--size', '64', ...quick], { prefix: ['taskset', '-c', '0'] })
  expect(await one.exit).toBe(0)
  const events = parseEvents(one.stdout())
  expect(new Set(roundsIn(events).map(({ cpus }) => cpus))).toEqual(new Set(['same']))
  expect(only(events, 'note').some(({ role }) => role === 'aside')).toBe(true)
  const two = place.osdemo(['bench', 'pipe', '--cpus', 'two', ...quick], { prefix: ['taskset', '-c', '0'] })
  expect(await two.exit).toBe(69)
})

test('a wrong mechanism or size is a usage error', async () => {
  const place = newPlace()
  const runs = [['pigeon'], ['--size', '0'], ['--size', '64,'], ['--size', '2MiB'], ['--cpus', 'three']]
  const exits = await Promise.all(runs.map((words) => place.osdemo(['bench', ...words]).exit))
  expect(exits).toEqual(runs.map(() => 2))
})

test('an ordinary user can measure too', async (context) => {
  const { place, options } = placeOfNobody(context)
  const some = ['fifo', 'unix-stream', 'sysv-queue', 'posix-queue']
  const run = place.osdemo(['bench', ...some, '--size', '64', '--cpus', 'same', ...quick], options)
  expect(await run.exit).toBe(0)
  const measured = new Set(roundsIn(parseEvents(run.stdout())).map(({ mechanism }) => mechanism))
  expect([...measured]).toEqual(some)
})

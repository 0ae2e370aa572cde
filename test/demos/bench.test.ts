/** `osdemo bench`: that every mechanism did the work, and that the counts are those of the kernel. Never how long it took. */
import { expect, test } from 'vitest'
import { type Event, numberIn } from '../../src/events.js'
import { allowedCpus } from '../../src/proc/sched.js'
import { only } from '../support/facts.js'
import { expectNothingLeft, invalidEvents, newPlace, parseEvents, placeOfNobody } from '../support/osdemo.js'

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
]
const quick = ['--rounds', '2', '--duration', '1ms', '--json']

test('all mechanisms do the same work, and each system call and switch is counted', async () => {
  const place = newPlace()
  const run = place.osdemo(['bench', ...blocking, '--size', '64,5000,65536', ...quick])
  expect(await run.exit).toBe(0)
  const events = parseEvents(run.stdout())
  expect(invalidEvents(events)).toEqual([])
  expectNothingLeft(place)

  const rounds = roundsIn(events)
  const places = allowedCpus(process.pid).length > 1 ? ['same', 'two'] : ['same']
  const limits: Record<string, number> = { udp: 65_507, 'sysv-queue': 8192, 'posix-queue': 8192 }
  const expected = blocking.flatMap((mechanism) =>
    [64, 5000, 65_536]
      .filter((size) => size <= (limits[mechanism] ?? Number.POSITIVE_INFINITY))
      .flatMap((size) =>
        places.flatMap((cpus) =>
          [1, 2].flatMap((round) =>
            ['first', 'second'].map((side) => [mechanism, size, cpus, round, side].join()),
          ),
        ),
      ),
  )
  const found = rounds.map(({ mechanism, size, cpus, round, side }) =>
    [mechanism, size, cpus, round, side].join(),
  )
  expect(found.sort()).toEqual(expected.sort())

  for (const first of rounds.filter(({ side }) => side === 'first')) {
    const { mechanism, size, cpus, round, count } = first
    const second = rounds.find(
      (each) =>
        each.side === 'second' &&
        [each.mechanism, each.size, each.cpus, each.round].join() === [mechanism, size, cpus, round].join(),
    )!
    const about = `${mechanism} ${size} ${cpus}`
    expect(second.count, about).toBe(count)
    const sum = (name: string) => Number(first[name]) + Number(second[name])
    // A short message is one call for each of the four: send and receive, of both sides. A long one may take more.
    if (size === 64) expect(sum('calls'), about).toBe(4 * Number(count))
    else expect(sum('calls'), about).toBeGreaterThanOrEqual(4 * Number(count))
    // On one CPU, neither side continues before the other has given the CPU up.
    if (cpus === 'same')
      expect(sum('voluntary') + sum('involuntary'), about).toBeGreaterThanOrEqual(2 * (Number(count) - 1))
    expect(
      (first.histogram as number[]).reduce((all, number) => all + number, 0),
      about,
    ).toBe(count)
    expect(sum('cpu'), about).toBeGreaterThan(0)
  }

  // The report: a row for each, and ranks in the order of the medians.
  const notes = only(events, 'note')
  const rows = notes.filter(({ data }) => numberIn(data, 'rank') !== undefined)
  expect(rows).toHaveLength(blocking.length * places.length)
  for (const cpus of places) {
    const table = rows.map(({ data }) => data as Round).filter((row) => row.cpus === cpus)
    const medians = table.map(({ median }) => Number(median))
    expect(medians).toEqual([...medians].sort((one, other) => one - other))
    expect(table[0]!.rank).toBe(1)
    for (const row of table) {
      const times = rounds
        .filter(
          ({ mechanism, size, side, ...each }) =>
            [mechanism, size, side, each.cpus].join() === [row.mechanism, 64, 'first', cpus].join(),
        )
        .map(({ p50 }) => Number(p50))
      expect([row.low, row.high]).toEqual([Math.min(...times), Math.max(...times)])
      expect(row.calls).toBe(4)
    }
  }
  const closing = notes.find(({ role }) => role === 'closing')
  const cost = numberIn(closing?.data, 'switch')
  if (cost !== undefined) expect(cost).toBeGreaterThan(0)
})

test('throughput counts the messages of one direction, and loses none', async () => {
  const run = newPlace().osdemo([
    'bench',
    'pipe',
    'udp',
    'sysv-queue',
    '--mode',
    'throughput',
    '--size',
    '64',
    '--cpus',
    'any',
    ...quick,
  ])
  expect(await run.exit).toBe(0)
  const rounds = roundsIn(parseEvents(run.stdout()))
  expect(rounds).toHaveLength(3 * 2 * 2)
  for (const { mechanism, mode, cpus, count, calls } of rounds) {
    expect([mode, cpus]).toEqual(['throughput', 'any'])
    expect(Number(calls), `${mechanism}`).toBeGreaterThanOrEqual(Number(count))
  }
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

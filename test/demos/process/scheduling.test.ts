/** The demos of states, scheduling and context switches. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { getPriority } from 'node:os'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { processStates } from '../../../src/demos/process/states.js'
import { type Event, numberIn } from '../../../src/events.js'
import * as ptrace from '../../../src/ipc/ptrace.js'
import { allowedCpus } from '../../../src/proc/sched.js'
import { readStat } from '../../../src/proc/stat.js'
import { noCompiler, pathWithCompiler } from '../../support/compiler.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { pathWith } from '../../support/folders.js'
import {
  childrenOf,
  eventsSoFar,
  expectNothingLeft,
  newPlace,
  parseEvents,
  placeOfNobody,
  playDemo,
  processesOf,
  type Run,
  type RunOptions,
  temporaryFolder,
} from '../../support/osdemo.js'
import { perform } from '../../support/perform.js'
import { slideOf, valuesOf } from '../../support/slide.js'
import { until } from '../../support/until.js'

/** The nice value of the tests, which is the lowest that a user without privileges may set. */
const own = Math.max(0, getPriority())

type StateEvent = Extract<Event, { event: 'state' }>

function statesOf(events: Event[], name: string): StateEvent[] {
  // A child that executed its program before osdemo could trace it was replaced by another one.
  const started = events.findLast((event) => event.event === 'started' && event.name === name)
  const child = started?.event === 'started' ? started.child : undefined
  return events.filter((event) => event.event === 'state' && event.child === child) as StateEvent[]
}

const shares = 'scheduler/weights-predict-shares'

/** The nice value of each child, and its weight by the kernel's table. */
function weightsOf(events: Event[]): { nice: number; weight: number }[] {
  return dataFrom(events, 'sched_prio_to_weight in kernel/sched/core.c')[0] as {
    nice: number
    weight: number
  }[]
}

/** The share of the CPU time that each child received, as the kernel counted it. */
function sharesOf(events: Event[]): number[] {
  const times = dataFrom(events, /\/schedstat$/).map((data) => numberIn(data, 'runNs')!)
  const all = times.reduce((sum, time) => sum + time, 0)
  return times.map((time) => time / all)
}

/** Runs on one CPU only. */
function onOneCpu(): RunOptions {
  return { prefix: ['taskset', '-c', `${allowedCpus(process.pid)[0]}`] }
}

/** The child is ready before it runs, twice: when it is new, and when it is woken. The kernel counts how long, in nanoseconds. */
function expectQueued(events: Event[], states: StateEvent[]): void {
  const [, first] = dataFrom(events, /\/(syscall|auxv)$/).filter((data) => typeof data === 'object')
  expect(first).toMatchObject({ address: expect.stringMatching(/^[0-9a-f]{6,}$/) })
  const queued = dataFrom(events, /\/schedstat$/).filter((data) => numberIn(data, 'readyAt') !== undefined)
  expect(queued).toHaveLength(2)
  // A child that is woken a second time says itself that it was ready.
  const changes = states.filter(({ state }, index) => state !== states[index - 1]?.state)
  for (const [index, data] of queued.entries()) {
    const readyAt = numberIn(data, 'readyAt')!
    const [before, ready, after] = changes.slice(changes.findIndex(({ t }) => t === readyAt) - 1)
    expect(before!.state).toBe(['new', 'waiting'][index])
    expect([ready!.state, after!.state]).toEqual(['ready', 'running'])
    const delay = numberIn(data, 'delayNs')!
    // 0 is possible: the scheduler reads its clock once for several steps.
    expect(delay).toBeGreaterThanOrEqual(0)
    // The event clock and the scheduler's clock agree, where osdemo has looked in time.
    if (numberIn(data, 'turns') === 1) expect(after!.t - readyAt).toBeGreaterThanOrEqual(delay / 1000 - 1000)
  }
}

/** A run whose child this test has killed; undefined where the run may already have killed the child itself. */
async function runWithKilledChild(): Promise<Run | undefined> {
  const run = newPlace().osdemo(['process', 'states', '--json'])
  const states = () => statesOf(eventsSoFar(run), 'child')
  const { child } = await until(() => states()[0])
  // While the supervisor is stopped, it cannot kill its child itself.
  run.child.kill('SIGSTOP')
  await until(() => readStat(run.pid)?.state === 'T')
  const early = !['T', 'Z', undefined].includes(readStat(child)?.state) && !states().some(isLate)
  if (early) process.kill(child, 'SIGKILL')
  run.child.kill('SIGCONT')
  return early ? run : undefined
}

const isLate = ({ state }: { state: string }) => ['stopped', 'zombie', 'gone'].includes(state)

describe.runIf(process.platform === 'linux')('process states', { timeout: 30_000 }, () => {
  test('drives a child through every state, with the letter that the kernel has for it', async () => {
    const events = await playDemo(['process', 'states'])
    const states = statesOf(events, 'child')
    const firsts = [...new Set(states.map(({ state }) => state))]
    const ids = claimIdsOf(events)
    // On a slow machine the child may exit too late for the demo to see the zombie.
    const end = ids.includes('zombie/killed-process-becomes-one') ? ['zombie', 'gone'] : ['gone']
    expect(firsts).toEqual(['new', 'ready', 'running', 'waiting', 'stopped', ...end])
    const letters = { new: 't', waiting: 'S', stopped: 'T', zombie: 'Z', running: 'R', ready: 'R', gone: '' }
    for (const { state, kernel } of states) {
      expect([state, kernel]).toEqual([state, letters[state as keyof typeof letters]])
    }
    expect(states.every(({ t }, index) => index === 0 || t >= states[index - 1]!.t)).toBe(true)
    expect(existsSync(`/proc/${states[0]!.child}`)).toBe(false)
    for (const what of ['idle-process-sleeps-in-kernel', 'sigstop-stops-it', 'sigcont-continues-it'])
      expect(ids).toContain(`process/${what}`)
    // The other process exited by itself, while it was running.
    expect(statesOf(events, 'other').map(({ state }) => state)).toContain('zombie')
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'exited', name: 'other', code: 0, signal: null }),
    )
    expect(ids).toContain('process/exit-terminates-it')
    expect(valuesOf(slideOf(events), 'data-state')).toEqual(
      expect.arrayContaining(firsts.filter((state) => state !== 'gone')),
    )
    expectQueued(events, states)
  })

  test('works on one CPU', async () => {
    await playDemo(['process', 'states'], onOneCpu())
  })

  test('works where it may not trace its child, with a limit', async () => {
    vi.spyOn(ptrace, 'holdAtFirstInstruction').mockImplementation(() => {
      throw Object.assign(new Error('ptrace: EPERM'), { code: 'EPERM', errno: -1, syscall: 'ptrace' })
    })
    onTestFinished(() => void vi.restoreAllMocks())
    const { events, error } = await perform(processStates)
    expect(error).toBeUndefined()
    const ids = claimIdsOf(events)
    expect(ids).toContain('process/woken-process-is-ready-first')
    expect(ids).not.toContain('process/new-has-executed-nothing')
    const [first, second] = statesOf(events, 'child').map(({ state }) => state)
    expect([first, second]).toEqual(['new', 'running'])
  })

  test('reports the signal when another process kills the child', async () => {
    const run = await until(runWithKilledChild)
    expect(await run.exit).toBe(1)
    const error = parseEvents(run.stdout()).at(-1)
    expect(error).toMatchObject({ event: 'error', exit: 1, message: expect.stringContaining('SIGKILL') })
  })

  test('ends with a chart of two lanes', async () => {
    const run = newPlace().osdemo(['process', 'states'])
    expect(await run.exit).toBe(0)
    expect(run.stdout()).toMatch(/^child +\d+ +\++.*TZ? ?.*$/m)
    expect(run.stdout()).toMatch(/^other +\d+ /m)
    for (const line of run.stdout().split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })
})

describe.runIf(process.platform === 'linux')('process schedule', { timeout: 60_000 }, () => {
  test('shares one CPU as the weights of nice 0, 5 and 10 predict, and reports which child ran when', async () => {
    const events = await playDemo(['process', 'schedule', '--nice', '0,5,10'])
    // kernel/sched/core.c: sched_prio_to_weight.
    const weights = [1024, 335, 110]
    expect(weightsOf(events)).toEqual([0, 5, 10].map((nice, index) => ({ nice, weight: weights[index] })))
    expect(sharesOf(events)).toHaveLength(weights.length)
    for (const [index, share] of sharesOf(events).entries()) {
      const predicted = weights[index]! / (1024 + 335 + 110)
      expect(Math.abs(share / predicted - 1)).toBeLessThanOrEqual(0.15)
    }
    const ids = claimIdsOf(events)
    expect(ids.filter((id) => id === shares)).toHaveLength(3)
    expect(ids).toContain('scheduler/turns-do-not-overlap')
    const times = events.map(({ t }) => t)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    for (const name of ['child-1', 'child-2', 'child-3']) {
      const states = statesOf(events, name)
      expect(states.length).toBeGreaterThan(0)
      expect(states.length).toBeLessThan(500)
      // Each state differs from the one before it.
      expect(states.filter(({ state }, index) => state === states[index + 1]?.state)).toEqual([])
    }
    const slide = slideOf(events)
    expect(valuesOf(slide, 'data-share')).toEqual(['child-1', 'child-2', 'child-3'])
    expect(slide.match(/% ✔</g)).toHaveLength(3)
  })

  test('children with the same nice value receive the same share', async () => {
    const events = await playDemo(['process', 'schedule', '--processes', '4'], onOneCpu())
    expect(claimIdsOf(events).filter((id) => id === shares)).toHaveLength(4)
    expect(sharesOf(events)).toHaveLength(4)
    for (const share of sharesOf(events)) expect(Math.abs(4 * share - 1)).toBeLessThanOrEqual(0.15)
  })

  test('every user may raise nice values, and an error explains why lowering is refused', async (context) => {
    const { place, options } = placeOfNobody(context)
    const demo = await playDemo(['process', 'schedule', '--nice', `${own},${own + 1}`], options, place)
    expect(weightsOf(demo).map(({ nice }) => nice)).toEqual([own, own + 1])
    expect(claimIdsOf(demo)).toContain('scheduler/one-cpu-runs-one-at-a-time')
    const run = place.osdemo(['process', 'schedule', '--nice', `${own},-5`], options)
    expect(await run.exit).toBe(1)
    expect(run.stderr()).toMatch(/process \d+ to -5: setpriority: EACCES.*CAP_SYS_NICE.*RLIMIT_NICE/s)
    expectNothingLeft(place)
  })

  test('starts from the nice value of osdemo, so it needs no privilege by default', async (context) => {
    const { place, options } = placeOfNobody(context)
    const prefix = ['nice', '-n', '4', ...options.prefix]
    const events = await playDemo(['process', 'schedule'], { prefix }, place)
    expect(weightsOf(events).map(({ nice }) => nice)).toEqual(
      [4, 9, 14].map((more) => Math.min(19, own + more)),
    )
  })

  test('exits 69 under a policy that ignores nice values', async ({ skip }) => {
    const words = ['chrt', '--idle', '0']
    skip(spawnSync(words[0]!, [...words.slice(1), 'true']).status !== 0, 'needs chrt')
    const run = newPlace().osdemo(['process', 'schedule'], { prefix: words })
    expect(await run.exit).toBe(69)
    expect(run.stderr()).toMatch(/policy of osdemo is SCHED_IDLE.*chrt --other 0/s)
  })

  test.each([
    [['--nice', '0,20'], /numbers from -20 to 19/],
    [['--nice', '0'], /2 to 16 numbers/],
    [['--nice', '0,a'], /0,5,10/],
    [['--nice', ''], /0,5,10/],
    [['--processes', '1'], /from 2 to 16/],
    [['--processes', '3', '--nice', '0,5'], /2 values for --processes 3/],
  ])('%j is a usage error', async (words, message) => {
    const run = newPlace().osdemo(['process', 'schedule', ...words])
    expect(await run.exit).toBe(2)
    expect(run.stderr()).toMatch(message)
  })

  test('leaves no busy process when it is killed', async () => {
    const place = newPlace()
    const run = place.osdemo(['process', 'schedule', '--nice', '0,19', '--json'])
    await until(() => eventsSoFar(run).filter(({ event }) => event === 'started').length === 2)
    await until(() => childrenOf(run.pid).filter((pid) => readStat(pid)?.state === 'R').length === 2)
    run.child.kill('SIGKILL')
    await until(() => processesOf(place).length === 0, 2000)
    expectNothingLeft(place)
  })
})

const registerClaims = [
  'scheduler/kernel-keeps-program-counter',
  'scheduler/kernel-keeps-registers',
  'scheduler/switch-restores-registers',
]

/** The first of two loops was stopped twice, and read while it did not run. */
function expectRegisters(events: Event[]): void {
  if (noCompiler) return
  const loops = only(events, 'started').filter(({ name }) => name.startsWith('loop-'))
  expect(statesOf(events, 'loop-1').map(({ state }) => state)).toEqual([
    'stopped',
    'ready',
    'stopped',
    'ready',
  ])
  const [before, after, ...more] = dataFrom(events, `/proc/${loops[0]?.child}/syscall`) as { stack: string }[]
  expect(after?.stack).toBe(before?.stack)
  expect(more).toEqual([])
  const numbers = [101, 102, 103, 104, 105, 106, 107, 108]
  expect(dataFrom(events, 'ptrace(2)').map((data) => Object.values(data))).toEqual([numbers, numbers])
  const preemptions = loops.flatMap(({ child }) => dataFrom(events, `/proc/${child}/status`))
  expect(preemptions.map((times) => Number(times) >= 5)).toEqual([true, true])
}

describe.runIf(process.platform === 'linux')('process switch', { timeout: 30_000 }, () => {
  test('counts the switches of a process that waits and one that computes, and measures one switch', async ({
    skip,
  }) => {
    const events = await playDemo(['process', 'switch'])
    expect(claimIdsOf(events)).toEqual([
      'scheduler/waiting-switches-voluntarily',
      'scheduler/computing-is-preempted',
      ...(noCompiler ? [] : registerClaims),
      'scheduler/round-trip-takes-a-switch-each',
    ])
    const [sleeper, busy] = dataFrom(events, /^\/proc\/\d+\/status$/)
    expect(numberIn(sleeper, 'voluntary')).toBeGreaterThanOrEqual(25)
    expect(numberIn(busy, 'involuntary')).toBeGreaterThanOrEqual(10)
    expectRegisters(events)
    // The system calls alone, the round trip on one CPU, and the round trip on two.
    const medians = dataFrom(events, 'CLOCK_MONOTONIC').map((data) => numberIn(data, 'microseconds')!)
    expect(medians[0]).toBeGreaterThan(0)
    expect(medians[1]).toBeGreaterThan(0)
    expect(only(events, 'note').at(-1)).toMatchObject({ actor: 'osdemo', role: 'next' })
    skip(allowedCpus(process.pid).length < 2, 'the rest needs two CPUs')
    expect(medians[2]).toBeGreaterThan(0)
    expect(valuesOf(slideOf(events), 'data-trip')).toEqual(['one', 'two'])
  })

  test('works on one CPU, and reports what it cannot show there', async () => {
    const events = await playDemo(['process', 'switch'], onOneCpu())
    expect(dataFrom(events, 'CLOCK_MONOTONIC')).toHaveLength(2)
    expect(valuesOf(slideOf(events), 'data-trip')).toEqual(['one'])
    expect(only(events, 'note').filter(({ role }) => role === 'aside')).not.toEqual([])
  })

  test.skipIf(noCompiler)(
    'names the errno where it may not trace, and what it sees all the same',
    async () => {
      const PATH = pathWithCompiler('s/PTRACE_SEIZE, pid/PTRACE_SEIZE, -1/')
      const events = await playDemo(['process', 'switch'], {
        env: { PATH, XDG_CACHE_HOME: temporaryFolder() },
      })
      expect(claimIdsOf(events)).not.toContain('scheduler/kernel-keeps-registers')
      expect(claimIdsOf(events)).toContain('scheduler/kernel-keeps-program-counter')
      expect(claimIdsOf(events)).toContain('scheduler/switch-restores-registers')
      const asides = only(events, 'note').filter(({ role }) => role === 'aside')
      expect(asides.filter(({ text }) => text.includes('ESRCH'))).not.toEqual([])
    },
  )

  test('shows everything but the registers where there is no C compiler', async () => {
    const env = { PATH: pathWith('mkfifo', 'setpriv', 'sh'), XDG_CACHE_HOME: temporaryFolder() }
    const events = await playDemo(['process', 'switch'], { env })
    expect(claimIdsOf(events)).toEqual([
      'scheduler/waiting-switches-voluntarily',
      'scheduler/computing-is-preempted',
      'scheduler/round-trip-takes-a-switch-each',
    ])
    expect(only(events, 'note').filter(({ role }) => role === 'aside')).not.toEqual([])
  })
})

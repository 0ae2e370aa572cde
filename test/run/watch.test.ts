/** A run that makes no progress: what counts as progress, and what the run then says and does. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { DemoFailed } from '../../src/errors.js'
import type { Event } from '../../src/events.js'
import { isAlive, readStat } from '../../src/proc/stat.js'
import { run } from '../../src/run/run.js'
import type { Demo, Stage } from '../../src/run/stage.js'
import { only } from '../support/facts.js'
import { temporaryFolder } from '../support/osdemo.js'

/** In milliseconds. */
const limits = { tell: 500, giveUp: 750, fail: 1000 }

/** Runs a demo that is watched with short limits. @param isFull whether the reader of the output is slow */
async function perform(demo: Demo, isFull = false, watched = limits) {
  const events: Event[] = []
  const output = {
    write: (event: Event) => void events.push(event),
    full: isFull,
    onceDrained: () => {},
    hurry: () => {},
    onFailure: () => {},
    end: () => {},
  }
  vi.stubEnv('XDG_RUNTIME_DIR', temporaryFolder())
  onTestFinished(() => void vi.unstubAllEnvs())
  const failure: unknown = await run(demo, { command: [], output, records: [], watched }).then(
    () => undefined,
    (error: unknown) => error,
  )
  const notes = only(events, 'note').flatMap(({ data, role }) =>
    typeof data === 'object' && data !== null && 'waitsFor' in data ? [{ role, ...data }] : [],
  )
  return { events, failure, notes }
}

const startBusy = (stage: Stage) => stage.start({ program: 'busy', name: 'child', config: { gap: 20 } })
const never = new Promise<never>(() => {})

test('a run that waits for an actor says so, and then fails; nothing is left', async () => {
  let pid = 0
  const { failure, notes } = await perform(async (stage) => {
    const child = await startBusy(stage)
    pid = child.id
    await child.until('received')
  })
  expect(notes).toEqual([{ role: 'step', waitsFor: [pid], stopped: false }])
  expect(failure).toMatchObject({ exit: 1, message: expect.stringContaining(`pid ${pid}`) })
  expect(isAlive(pid)).toBe(false)
})

test('a stopped actor is named with the command that continues it, also while events are held', async () => {
  let pid = 0
  let shown = 0
  const { failure, notes, events } = await perform(async (stage) => {
    const child = await startBusy(stage)
    pid = child.id
    await stage.holdEvents(async () => {
      process.kill(pid, 'SIGSTOP')
      stage.note('held')
      await child.until('received')
    })
  })
  shown = events.findIndex((event) => event.event === 'note' && event.role === 'next')
  expect(notes).toEqual([{ role: 'next', waitsFor: [pid], stopped: true }])
  expect(events[shown]).toMatchObject({ text: expect.stringContaining(`kill -CONT ${pid}`) })
  // The held note has a later time.
  expect(shown).toBeLessThan(events.findIndex((event) => event.event === 'note' && event.text === 'held'))
  expect(failure).toBeInstanceOf(DemoFailed)
})

test('a poll gives up before the run fails, and the claim after it decides', async () => {
  const demo: Demo = async (stage) => {
    const found = await stage.poll(() => false)
    stage.claim('pipe/messages-arrive-in-order', 'It was found.', found !== undefined)
  }
  // One look of the watch may come late, and count for more than the usual 250 ms between these limits.
  const { events, failure } = await perform(demo, false, { ...limits, fail: 10_000 })
  expect(only(events, 'claim').map(({ holds }) => holds)).toEqual([false])
  expect(failure).toMatchObject({ exit: 1 })
})

test('work, a pause that was asked for, a person and a slow reader of the output are no standstill', async () => {
  const long = limits.fail + 500
  const pause = (stage: Stage) => stage.pause(long)
  const working = perform(async (stage) => {
    const child = await startBusy(stage)
    child.tell('compute')
    await child.until('call')
    await pause(stage)
    expect(readStat(child.id)?.state).toBe('R')
  })
  const allowed = perform(async (stage) => {
    stage.allowPauses(long)
    await pause(stage)
  })
  const person = perform(async (stage) => {
    await stage.untimed(pause(stage))
  })
  const full = perform(pause, true)
  for (const { failure, notes } of await Promise.all([working, allowed, person, full])) {
    expect([failure, notes]).toEqual([undefined, []])
  }
})

test('calls that fail with EAGAIN again and again are no progress', async () => {
  const { failure } = await perform(async (stage) => {
    const about = { event: 'call', call: 'read', object: 'x' } as const
    const timer = setInterval(() => {
      stage.say({ ...about, phase: 'begin' })
      stage.say({ ...about, phase: 'end', errno: 'EAGAIN' })
    }, 100)
    stage.scope.defer(() => clearInterval(timer))
    await never
  })
  expect(failure).toBeInstanceOf(DemoFailed)
})

/** How a run and its parts end, with demos made for the test. */
import { existsSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { makePrivateFifo } from '../../src/demos/shared/fifo.js'
import { DemoFailed, SystemCallError, Unavailable } from '../../src/errors.js'
import type { Event } from '../../src/events.js'
import { isAlive } from '../../src/proc/stat.js'
import type { Output } from '../../src/run/output.js'
import { run } from '../../src/run/run.js'
import type { Stage } from '../../src/run/stage.js'
import { temporaryFolder } from '../support/osdemo.js'

/** Runs a demo in this process, with a runtime folder made for the test. `abort` ends the run with an error. */
async function perform(demo: (stage: Stage, abort: (error: unknown) => void) => Promise<void>) {
  let abort: (error: unknown) => void = () => {}
  const events: Event[] = []
  const output: Output = {
    write: (event) => void events.push(event),
    full: false,
    onceDrained: () => {},
    hurry: () => {},
    onFailure(fail) {
      abort = fail
    },
    end: () => {},
  }
  vi.stubEnv('XDG_RUNTIME_DIR', temporaryFolder())
  onTestFinished(() => void vi.unstubAllEnvs())
  const failure = await run((stage) => demo(stage, abort), { command: [], output, records: [] }).then(
    () => undefined,
    (error: unknown) => error,
  )
  return { events, failure }
}

/** An actor that blocks in open(2) until it is killed. */
async function startWaiting(stage: Stage) {
  const path = await makePrivateFifo(stage, 'fifo')
  const config = { path, ours: true, follow: false, max: null, copy: false, report: true }
  const actor = await stage.start({ program: 'fifo-reader', name: 'reader', config })
  await actor.until('call')
  return { pid: actor.id, path }
}

/** A file made by the test, as the name of an actor. */
function programOf(code: string): never {
  const file = join(temporaryFolder(), 'actor.cjs')
  writeFileSync(file, code)
  // osdemo has no actor of this name. The path leads to the file from the folder of the built actors.
  return relative('dist/actors', file).replace(/\.cjs$/, '') as never
}

test('a part that ends, in whatever way, kills its actors and removes their objects before the next begins', async () => {
  const left: unknown[] = []
  const { events, failure } = await perform(async (stage) => {
    const endings: (() => Promise<void>)[] = [
      () => Promise.resolve(),
      () => Promise.reject(new Unavailable('not on this machine')),
      () => Promise.reject(new DemoFailed('failed')),
    ]
    for (const end of endings) {
      let waiting = { pid: 0, path: '' }
      const part = async (inner: Stage) => {
        waiting = await startWaiting(inner)
        await end()
      }
      await stage.within(part).catch((error: Error) => stage.note(error.message))
      left.push(isAlive(waiting.pid), existsSync(waiting.path))
    }
  })
  expect(failure).toBeUndefined()
  expect(left).toEqual([false, false, false, false, false, false])
  const ends = events.flatMap(({ event }) => (event === 'exited' || event === 'removed' ? [event] : []))
  expect(ends).toEqual(['exited', 'removed', 'exited', 'removed', 'exited', 'removed'])
})

test("an actor's error ends the part that started it, with its class, and not the run", async () => {
  const seen: unknown[] = []
  const { failure } = await perform(async (stage) => {
    const open = (path: string) => (part: Stage) =>
      part
        .start({
          program: 'fifo-writer',
          name: 'writer',
          config: { path, ours: true, messages: ['x'], rounds: 1, intervalMs: 0, hold: false },
        })
        .then((actor) => actor.ended)
    await stage.within(open(`/${'x'.repeat(300)}`)).catch((error: unknown) => seen.push(error))
    stage.note('goes on')
  })
  expect(failure).toBeUndefined()
  expect(seen).toEqual([expect.any(SystemCallError)])
  expect(seen[0]).toMatchObject({ call: 'open', errno: 'ENAMETOOLONG', exit: 1 })
})

test('a run that is aborted ends its innermost part first, and every part throws the reason', async () => {
  const thrown: unknown[] = []
  const paths: string[] = []
  let pid = 0
  const record = (error: unknown) => {
    thrown.push(error)
    throw error
  }
  const { failure, events } = await perform(async (stage, abort) => {
    paths.unshift(await makePrivateFifo(stage, 'outer'))
    const inner = async (part: Stage) => {
      const waiting = await startWaiting(part)
      pid = waiting.pid
      paths.unshift(waiting.path)
      abort(new DemoFailed('aborted'))
      await part.poll(() => false).catch(record)
    }
    await stage.within(inner).catch(record)
  })
  expect(failure).toEqual(new DemoFailed('aborted'))
  expect(isAlive(pid)).toBe(false)
  expect(thrown).toEqual([failure, failure])
  const removed = events.flatMap((event) => (event.event === 'removed' ? [event.id] : []))
  expect([removed, removed.length]).toEqual([paths, 2])
})

test('a demo takes no further step when an actor was killed, or the run was aborted, while it waited', async () => {
  const steps: string[] = []
  const step = (name: string) => () => void steps.push(name)
  const waits: ((stage: Stage, abort: (error: unknown) => void) => Promise<void>)[] = [
    async (stage) => {
      const { pid } = await startWaiting(stage)
      const waiting = stage.startProgram('sleeper', ['sleep', '60']).then((program) => program.ended)
      process.kill(pid, 'SIGKILL')
      await waiting.then(step('the end of a program'))
    },
    async (stage, abort) => {
      const starting = stage.startProgram('sleeper', ['sleep', '60']).then(step('a start'))
      abort(new DemoFailed('aborted'))
      await starting
    },
    async (stage, abort) => {
      setTimeout(() => abort(new DemoFailed('aborted')), 10)
      await stage.pause(20).then(step('a pause'))
    },
  ]
  for (const wait of waits) {
    const { failure } = await perform(wait)
    expect(failure).toBeInstanceOf(DemoFailed)
  }
  const { failure } = await perform(async (stage) => {
    const path = await makePrivateFifo(stage, 'fifo')
    const config = { path, ours: true, follow: false, max: null, copy: false, report: true }
    const actor = await stage.start({ program: 'fifo-reader', name: 'reader', config })
    process.kill(actor.id, 'SIGKILL')
    await actor.ended.then(step('the end of an actor'))
  })
  expect(failure).toMatchObject({ exit: 1, message: expect.stringContaining('SIGKILL') })
  await sleep(50)
  expect(steps).toEqual([])
})

test('in a scope that is disposed, a release runs at once, and nothing more can be created', async () => {
  let late: Promise<unknown> | undefined
  await perform(async (stage) => {
    await stage.within((part) => {
      late = sleep(50).then(() => makePrivateFifo(part, 'late'))
    })
    await late?.catch(() => {})
  })
  await expect(late).rejects.toThrow('over')
})

test('code of a part that still runs after its end can show and start nothing', async () => {
  let late: Promise<unknown> | undefined
  const { events } = await perform(async (stage) => {
    await stage.within((part) => {
      late = sleep(50).then(() => part.note('too late'))
    })
    await late?.catch(() => {})
  })
  await expect(late).rejects.toThrow('over')
  expect(events.filter(({ event }) => event === 'note')).toEqual([])
})

test('a silent part shows nothing', async () => {
  const { events } = await perform((stage) =>
    stage.within((part) => void part.note('in silence'), { silent: true }),
  )
  expect(events.filter(({ event }) => event === 'note')).toEqual([])
})

test('runs in one process do not disturb each other: an error ends its own, a signal ends all', async () => {
  const paths: string[] = []
  const runs = [0, 1, 2].map((index) =>
    perform(async (stage, abort) => {
      paths[index] = (await startWaiting(stage)).path
      await stage.poll(() => [0, 1, 2].every((each) => paths[each]))
      if (index === 0) abort(new DemoFailed('aborted'))
      await stage.poll(() => false)
    }),
  )
  expect((await runs[0])?.failure).toEqual(new DemoFailed('aborted'))
  expect(paths.map((path) => existsSync(path))).toEqual([false, true, true])
  // Here only runs listen to this signal.
  process.emit('SIGQUIT')
  for (const run of runs.slice(1)) expect((await run).failure).toMatchObject({ exit: 131 })
  expect(paths.map((path) => existsSync(path))).toEqual([false, false, false])
})

test('a line of an actor that is no event makes the run fail, and names the actor', async () => {
  for (const line of ['{"event":', '5', '{"no":"event"}']) {
    const code = `require('node:fs').writeSync(3, ${JSON.stringify(`${line}\n`)}); setInterval(() => {}, 1000)`
    const { failure } = await perform(async (stage) => {
      const actor = await stage.start({ program: programOf(code), name: 'reader', config: null as never })
      await actor.ended
    })
    expect(failure).toBeInstanceOf(DemoFailed)
    expect((failure as Error).message).toMatch(/^the reader \(pid \d+\) reported a line that is no event: /)
    expect((failure as Error).message).toContain(JSON.stringify(line))
  }
})

test('the error message of a thread that fails after its start is not lost', async () => {
  const code = `require('node:worker_threads').parentPort.postMessage({ tid: 1 })
    setTimeout(() => { throw new Error('late') }, 10)`
  const { failure } = await perform(async (stage) => {
    const actor = await stage.startThread({
      program: programOf(code),
      name: 'counter',
      config: null as never,
    })
    await actor.ended
  })
  expect(failure).toBeInstanceOf(DemoFailed)
  expect((failure as Error).message).toBe('the thread counter failed: late')
})

test('each signal is an event before its effect: one to an actor or a program, one of the clean-up, and one that arrives', async () => {
  const pids: number[] = []
  const { events } = await perform(async (stage) => {
    const program = await stage.startProgram('cat', ['cat'])
    program.kill('SIGTERM')
    await program.ended
    const { pid } = await startWaiting(stage)
    pids.push(program.id, pid)
    // Here only runs listen to this signal.
    process.emit('SIGQUIT')
    await stage.poll(() => false)
  })
  const told = events.filter((event) => event.event === 'signal' || event.event === 'exited')
  const [program, actor] = pids
  expect(told).toMatchObject([
    { event: 'signal', signal: 'SIGTERM', from: process.pid, to: program, name: 'cat', group: true },
    { event: 'exited', child: program, signal: 'SIGTERM' },
    { event: 'signal', signal: 'SIGQUIT', to: process.pid, name: 'osdemo' },
    { event: 'signal', signal: 'SIGKILL', from: process.pid, to: actor, name: 'reader' },
    { event: 'exited', child: actor, signal: 'SIGKILL' },
  ])
})

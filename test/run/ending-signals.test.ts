/** How a run ends when a signal kills an actor or the whole process group, and what the views say of its claims then. */
import { expect, test } from 'vitest'
import { Interrupted } from '../../src/errors.js'
import { createProseView, createView } from '../../src/views/index.js'
import { eventsSoFar, newPlace, type Run, waitingActor } from '../support/osdemo.js'
import { perform } from '../support/perform.js'
import { until } from '../support/until.js'

/** Kills the actor of a waiting reader, and waits until the run has reported it. */
async function withoutActor(signal: NodeJS.Signals): Promise<Run> {
  const run = newPlace().osdemo(['pipe', 'read', '--json'])
  process.kill(await waitingActor(run), signal)
  await until(() => eventsSoFar(run).some(({ event }) => event === 'exited'))
  return run
}

const lastOf = (run: Run) => eventsSoFar(run).at(-1)

test('SIGTERM that reaches an actor before it reaches osdemo is the signal of the run', async () => {
  const run = await withoutActor('SIGTERM')
  run.child.kill('SIGTERM')
  expect(await run.exit).toBe(143)
  expect(lastOf(run)).toMatchObject({ event: 'error', exit: 143 })
})

test('a signal that reaches only an actor is exit 1; after SIGABRT no other process is accused', async () => {
  const runs = await Promise.all([withoutActor('SIGTERM'), withoutActor('SIGABRT')])
  expect(await Promise.all(runs.map(({ exit }) => exit))).toEqual([1, 1])
  expect(runs.map(lastOf)).toMatchObject([
    { message: expect.stringContaining('SIGTERM'), hint: expect.stringContaining('Another process') },
    { message: expect.stringContaining('SIGABRT'), hint: expect.not.stringContaining('Another process') },
  ])
})

const looks = { color: true, width: 80, hide: [], demo: true }
const green = '\u001b[32m'

test.each([
  ['timeline', () => createView('timeline', undefined, looks)],
  ['brief', () => createProseView('brief', process.stdout, looks)],
  ['html', () => createView('html', undefined, looks)],
])('the sum of the claims of an interrupted run is not green, and says so: %s', async (_, create) => {
  const play = async (interrupted: boolean) => {
    const { events } = await perform(async (stage) => {
      stage.claim('water/downhill', 'Water flows downhill.', true)
      if (interrupted) throw new Interrupted('SIGTERM', 15)
    })
    const view = await create()
    const shown = events.map((event) => view.event(event)).join('') + view.end()
    // In a page, a line of the picture has the numbers too.
    return shown.split('\n').findLast((line) => /1 of 1 claims? hold/.test(line))
  }
  expect(await play(false)).not.toContain('did not finish')
  const sum = await play(true)
  expect(sum).toContain('did not finish')
  expect(sum).not.toContain(green)
})

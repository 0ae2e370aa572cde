/** How a run ends when a signal kills an actor or the whole process group, and what the views say of its claims then. */
import { expect, test } from 'vitest'
import { TimedOut } from '../../src/errors.js'
import type { Stage } from '../../src/run/stage.js'
import { createPagesView, createProseView, createView } from '../../src/views/index.js'
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

/** As on a terminal: main prints the errors, so the view does not. */
const looks = { color: true, width: 80, hide: ['error'] as const, demo: true }
const green = '\u001b[32m'

const views = [
  ['timeline', () => createView('timeline', undefined, looks)],
  ['brief', () => createProseView('brief', process.stdout, looks)],
  ['pages', () => createPagesView(process.stdout, { ...looks, height: 24 })],
  ['html', () => createView('html', undefined, looks)],
] as const

/** What each view says at the end of a demo that makes so many claims, and then ends like this. */
async function sums(claims: number, end: (stage: Stage) => unknown) {
  const { events } = await perform(async (stage) => {
    for (let made = 0; made < claims; made++) stage.claim('water/downhill', 'Water flows downhill.', true)
    await end(stage)
  })
  const lines = views.map(async ([name, create]) => {
    const view = await create()
    const shown = events.map((event) => view.event(event)).join('') + view.end()
    // In a page, a line of the picture has the numbers too.
    return [name, shown.split('\n').findLast((line) => /claims? |Terminated/.test(line))] as const
  })
  return Object.fromEntries(await Promise.all(lines))
}

test('the sum of the claims of a demo that is cut short is not green and says why', async () => {
  const interrupt = (stage: Stage) => {
    // The run takes this signal as if it had come from the terminal.
    process.emit('SIGQUIT')
    return stage.poll(() => false)
  }
  const failed = () => Promise.reject(new TimedOut('1s'))
  const whole = await sums(2, () => {})
  const [interrupted, early, late] = [
    await sums(2, interrupt),
    await sums(0, interrupt),
    await sums(2, failed),
  ]
  for (const name of ['timeline', 'brief', 'html']) {
    expect(whole[name], name).toContain('2 of 2 claims hold.')
    expect(late[name], name).toContain('did not finish')
    expect(late[name], name).not.toContain(green)
  }
  for (const [name] of views) {
    expect(interrupted[name], name).toMatch(/SIGQUIT.* 2 of the 2/)
    expect(interrupted[name], name).not.toContain(green)
    expect(early[name], name).toMatch(/SIGQUIT.*first claim/)
  }
})

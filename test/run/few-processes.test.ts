/** A user with a low limit of processes and threads: an actor starts, but its threads do not, so it never reports anything. */

import { spawnSync } from 'node:child_process'
import { chownSync } from 'node:fs'
import { expect, test } from 'vitest'
import { asUser, expectNothingLeft, newPlace, parseEvents } from '../support/osdemo.js'

/** The time limit of the run, in milliseconds. osdemo ends it after 10 s. */
const patience = 25_000

test('with 12 processes and threads, a demo ends with exit code 1 and an error', async (context) => {
  // The kernel counts all processes of a user, so no other test may use this one.
  const uid = 100_000 + process.pid
  const { prefix } = asUser(uid, context)
  context.skip(spawnSync('prlimit', ['--version']).status !== 0, 'needs prlimit(1)')
  const place = newPlace()
  chownSync(place.folder, uid, uid)
  const run = place.osdemo(['pipe', 'demo', '--json'], { prefix: [...prefix, 'prlimit', '--nproc=12'] })
  const late = new Promise<'hangs'>((resolve) => setTimeout(resolve, patience, 'hangs'))
  expect(await Promise.race([run.exit, late])).toBe(1)
  expect(parseEvents(run.stdout()).at(-1)).toMatchObject({ event: 'error', exit: 1 })
  expectNothingLeft(place)
})

/** An actor that creates an object while Ctrl-C ends the run: the object is removed, or is never created. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { readSegments } from '../../src/proc/sysvipc-shm.js'
import { liars, placeWith } from '../support/impostors.js'
import { expectNothingLeft } from '../support/osdemo.js'
import { withNatives } from '../support/segments.js'

/** Sends SIGINT to osdemo, and creates the object when osdemo has removed a record, or after 5 s. */
const late = (call: string) =>
  withNatives(`(prototype, native) => {
  if (!prototype.includes(' ${call}(')) return native
  const { readdirSync } = require('node:fs')
  const records = () =>
    readdirSync(process.env.XDG_RUNTIME_DIR, { recursive: true }).filter((file) => file.endsWith('.json')).length
  return (...words) => {
    process.kill(process.ppid, 'SIGINT')
    const [all, end] = [records(), Date.now() + 5000]
    while (records() === all && Date.now() < end);
    return native(...words)
  }
}`)

test.runIf(process.platform === 'linux').for([
  ['shm posix', 'mapper', 'shm_open', (pid: number) => existsSync(`/dev/shm/osdemo-${pid}`)],
  [
    'shm demo',
    'segment-user',
    'shmget',
    (pid: number) => readSegments()!.some(({ key }) => key === 70_001 + pid),
  ],
] as const)('%s', async ([words, actor, call, isThere]) => {
  const place = placeWith(liars({ [actor]: late(call) }))
  const run = place.osdemo(words.split(' '))
  onTestFinished(() => rmSync(`/dev/shm/osdemo-${run.pid}`, { force: true }))
  expect([await run.exit, isThere(run.pid)]).toEqual([130, false])
  expectNothingLeft(place)
  expect(readdirSync(place.folder)).toEqual(['osdemo'])
})

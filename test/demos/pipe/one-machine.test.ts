/** Where the bytes of a FIFO are, and which processes meet there. */
import { execFileSync, spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tellStory } from '../../../src/views/story/index.js'
import { drawKernel } from '../../../src/views/svg/figures/kernel.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { temporaryFolder } from '../../support/folders.js'
import { impostors, placeWith, playedWith } from '../../support/impostors.js'
import {
  eventsSoFar,
  expectNothingLeft,
  newPlace,
  parseEvents,
  playDemo,
  processesOf,
} from '../../support/osdemo.js'
import { until } from '../../support/until.js'

const inMemory = ['fifo/bytes-are-not-in-the-file', 'fifo/copy-is-another-pipe']
const mayUnshare = spawnSync('unshare', ['--map-root-user', '--mount', '--net', 'true']).status === 0

test.skipIf(!mayUnshare)(
  'a FIFO connects a reader in other namespaces, and not one with another inode in memory (needs unshare)',
  async () => {
    const events = await playDemo(['pipe', 'one-machine'])
    expect(claimIdsOf(events)).toEqual([
      ...inMemory,
      'fifo/connects-across-namespaces',
      'fifo/second-inode-is-another-pipe',
    ])
    expect(dataFrom(events, 'ioctl FIONREAD')).toEqual([65_536, 0])
    const stats = dataFrom(events, /^stat \//) as { size: number; blocks: number; ino: number }[]
    // Of the FIFO and of its copy.
    expect(stats).toMatchObject(Array(2).fill({ size: 0, blocks: 0 }))
    expect(stats[0]!.ino).not.toBe(stats[1]!.ino)
    const spaces = dataFrom(events, /\/ns\//) as { ours: string; theirs: string }[]
    expect(spaces.map(({ ours, theirs }) => ours !== theirs)).toEqual([true, true])
    // Of both sides that wait, each with its process.
    const calls = only(events, 'evidence').filter(({ source }) => source.endsWith('/syscall'))
    expect(calls.map(({ value }) => value)).toEqual(['openat', 'openat'])
    expect(drawKernel(tellStory(events, false))!.claims).toHaveLength(4)
  },
)

test('where a user may make no namespaces, only the memory is shown, with the reason', async () => {
  const unshare = 'echo "unshare: Operation not permitted"; exit 1'
  const place = placeWith(impostors({ unshare }))
  const run = place.osdemo(['pipe', 'one-machine', '--json'])
  expect(await run.exit).toBe(0)
  const events = parseEvents(run.stdout())
  expect(claimIdsOf(events)).toEqual(inMemory)
  const reasons = only(events, 'note').filter(({ text }) => text.includes('Operation not permitted'))
  expect(reasons.map(({ role }) => role)).toEqual(['aside', 'aside'])
  expectNothingLeft(place)
})

test('without unshare(1), the reason is that there is none', async () => {
  const folder = temporaryFolder()
  for (const name of ['sh', 'cp', 'mkfifo', 'setpriv', 'cat'])
    symlinkSync(
      execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(),
      join(folder, name),
    )
  // More than once: the shell may fail before or after osdemo has seen that it runs.
  const runs = [1, 2, 3, 4].map(() => playedWith({ PATH: folder }, ['pipe', 'one-machine']))
  for (const events of await Promise.all(runs)) {
    expect(claimIdsOf(events)).toEqual(inMemory)
    expect(only(events, 'error')).toEqual([])
    expect(only(events, 'note').filter(({ text }) => text.includes('no program unshare'))).toHaveLength(2)
  }
})

test.skipIf(!mayUnshare)(
  'killed with SIGKILL, it leaves no reader in a namespace (needs unshare)',
  async () => {
    const place = newPlace()
    const run = place.osdemo(['pipe', 'one-machine', '--json'])
    await until(() => only(eventsSoFar(run), 'started').filter(({ name }) => name === 'reader').length === 2)
    run.child.kill('SIGKILL')
    await run.exit
    await until(() => processesOf(place).length === 0)
    expect(await place.osdemo(['clean']).exit).toBe(0)
    expectNothingLeft(place)
  },
)

/**
 * The commands for macOS, as README.md lists them. On Linux they run as far as possible as on a Mac: `process.platform` is darwin,
 * there is no /proc, no koffi, and no program that macOS does not have. The kernel is still Linux.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { pathWith, temporaryFolder } from './support/folders.js'
import { withoutFfi } from './support/no-ffi.js'
import { newPlace, outcome, type Place, parseEvents, type RunOptions } from './support/osdemo.js'
import { until } from './support/until.js'

const isMac = process.platform === 'darwin'
const hideProc = [
  'unshare',
  '--map-root-user',
  '--mount',
  'sh',
  '-c',
  'mount -t tmpfs none /proc && exec "$@"',
  'sh',
]
const canHide = isMac || spawnSync('env', [...hideProc, 'true']).status === 0
beforeEach(({ skip }) => skip(!canHide, 'needs unshare, and the right to mount'))

/** Where the commands run, and how. Every one of a test has the same place. */
function mac(): { place: Place; options: RunOptions } {
  const place = newPlace()
  if (isMac) return { place, options: {} }
  const patch = join(temporaryFolder(), 'darwin.cjs')
  writeFileSync(patch, "Object.defineProperty(process, 'platform', { value: 'darwin' })")
  const NODE_OPTIONS = `${withoutFfi().NODE_OPTIONS} --require ${patch}`
  return {
    place,
    options: {
      prefix: hideProc,
      env: { NODE_OPTIONS, PATH: pathWith('sh', 'cat', 'mkfifo', 'mount', 'unshare') },
    },
  }
}

test('`pipe read` and `pipe write` meet in two terminals, whichever comes first', async () => {
  const messages = Array.from({ length: 3 }, (_, number) => `Message ${number}\n`).join('')
  const write = ['pipe', 'write', '--count', '3', '--interval', '1ms']
  const { place, options } = mac()
  const reader = place.osdemo(['pipe', 'read'], options)
  await until(() => reader.stderr().includes('osdemo pipe write'))
  const writer = place.osdemo(write, options)
  expect(await outcome(reader)).toMatchObject({ exit: 0, stdout: messages })
  expect(await writer.exit).toBe(0)

  const first = place.osdemo(write, options)
  await until(() => first.stderr().includes('osdemo pipe read'))
  const second = await outcome(place.osdemo(['pipe', 'read'], options))
  expect(second).toMatchObject({ exit: 0, stdout: messages })
  expect(await first.exit).toBe(0)
  expect(place.leftovers()).toEqual([])
})

test('`tcp-echo serve` answers `tcp-echo client`, and SIGTERM ends it', async () => {
  const { place, options } = mac()
  const server = place.osdemo(['tcp-echo', '--port', '0'], options)
  const port = await until(() => /^listening on .*:(\d+)\n/.exec(server.stdout())?.[1])
  const client = await outcome(
    place.osdemo(['tcp-echo', 'client', 'hello', '--port', port, '--chunk', '1'], options),
  )
  expect(client).toMatchObject({ exit: 0, stdout: 'hello\n' })
  server.child.kill('SIGTERM')
  expect(await server.exit).toBe(0)
})

test('`short-reads` shows its claims, and what needs Linux says so and exits with 69', async () => {
  const { place, options } = mac()
  const run = (words: string[]) => outcome(place.osdemo([...words, '--json'], options))
  const [short, zombie, segment] = await Promise.all([
    run(['short-reads']),
    run(['process', 'zombie']),
    run(['shm', 'race']),
  ])
  expect(short).toMatchObject({ exit: 0, stderr: '' })
  const events = parseEvents(short.stdout)
  expect(events[0]).toMatchObject({ event: 'run', kernel: expect.stringMatching(/^darwin /) })
  const claims = events.filter((event) => event.event === 'claim')
  expect(claims.length).toBeGreaterThan(0)
  expect(claims.filter(({ holds }) => !holds)).toEqual([])
  for (const { exit, stdout } of [zombie, segment]) {
    expect(exit).toBe(69)
    expect(parseEvents(stdout).at(-1)).toMatchObject({
      event: 'error',
      hint: expect.stringContaining('Linux'),
    })
  }
})

test('`doctor` reports that the commands for macOS work', async () => {
  const { place, options } = mac()
  const { exit, stdout } = await outcome(place.osdemo(['doctor', '--json'], options))
  expect(exit).toBe(0)
  const works = parseEvents(stdout).flatMap((event) => {
    if (event.event !== 'note' || !event.row) return []
    // The data of a row of the table.
    const { commands, verdict } = event.data as { commands: string[]; verdict: string }
    return verdict === 'does not work' ? [] : commands
  })
  for (const name of ['pipe read', 'pipe write', 'tcp-echo serve', 'tcp-echo client', 'short-reads']) {
    expect(works).toContain(name)
  }
})

test('the package koffi has a build for Linux and macOS, each on x64 and arm64', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  for (const platform of ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']) {
    expect(packages).toHaveProperty([`node_modules/@koromix/koffi-${platform}`])
  }
})

/** `osdemo doctor`: what it says of a machine that lacks something, and whether the commands then do so. */

import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commands } from '../../src/commands/index.js'
import { checks } from '../../src/demos/doctor/checks.js'
import { allNeeds } from '../../src/demos/doctor/index.js'
import type { Event } from '../../src/events.js'
import { pathWith } from '../support/folders.js'
import { expectNothingLeft, invalidEvents, newPlace, type Place, parseEvents } from '../support/osdemo.js'

/** Starts a line of sh in which `osdemo` runs on a machine that lacks something. */
type Machine = (line: string) => ReturnType<Place['sh']>

async function verdicts(machine: Machine): Promise<{ events: Event[]; of(command: string): string }> {
  const run = machine('osdemo doctor --json')
  expect({ exit: await run.exit, stderr: run.stderr() }).toEqual({ exit: 0, stderr: '' })
  const events = parseEvents(run.stdout())
  expect(invalidEvents(events)).toEqual([])
  const notes = events.flatMap((event) => (event.event === 'note' ? [event.text] : []))
  return {
    events,
    of: (command) =>
      notes.find((text) => new RegExp(`^(runs|cannot) .* ${command}(:|$)`).test(text)) ?? 'none',
  }
}

async function exitOf(machine: Machine, command: string): Promise<number> {
  return machine(`osdemo ${command} > /dev/null`).exit
}

test('every command has been considered, and every check is of use to one', () => {
  const used = new Set([...commands.values()].flatMap(({ needs }) => allNeeds(needs)))
  expect([...used].sort()).toEqual(Object.keys(checks).sort())
})

test('it judges every command, with evidence, and leaves nothing behind', async () => {
  const place = newPlace()
  const { events, of } = await verdicts((line) => place.sh(line))
  for (const name of commands.keys()) if (name !== 'doctor') expect(of(name)).toMatch(/^(runs|cannot)/)
  expect(events.filter(({ event }) => event === 'evidence').length).toBe(Object.keys(checks).length)
  expect(of('pipe demo')).toBe('runs here    pipe demo')
  expectNothingLeft(place)
})

test('without the programs mkfifo and setpriv', async () => {
  const folder = pathWith('sh', 'env')
  const place = newPlace()
  const machine: Machine = (line) => place.sh(`PATH='${folder}'; ${line}`)
  const { events, of } = await verdicts(machine)
  expect(of('pipe demo')).toContain(
    'cannot run   pipe demo: there is no program mkfifo here; install coreutils',
  )
  expect(of('pipe read')).toContain('runs in part pipe read: only over a FIFO that is there already')
  expect(of('tour')).toMatch(/runs in part tour: .*pipe demo cannot run/)
  expect(of('short-reads')).toContain('runs here')
  expect(JSON.stringify(events)).toContain('install util-linux')
  expect(await exitOf(machine, 'pipe demo')).toBe(69)
  expect(await exitOf(machine, 'short-reads')).toBe(0)
})

test('with a runtime folder that is none of ours', async () => {
  const place = newPlace()
  symlinkSync('/etc', join(place.folder, 'osdemo'))
  const machine: Machine = (line) => place.sh(line)
  const { of } = await verdicts(machine)
  expect(of('pipe demo')).toMatch(/^cannot run .*osdemo is a symbolic link, .*; set XDG_RUNTIME_DIR/)
  expect(of('pipe write')).toContain('runs in part')
  expect(await exitOf(machine, 'pipe demo')).toBe(1)
})

test('in a folder that was removed it judges every command all the same', async () => {
  const place = newPlace()
  const { of } = await verdicts((line) => place.sh(`mkdir gone; cd gone; rmdir ../gone; ${line}`))
  for (const name of commands.keys()) if (name !== 'doctor') expect(of(name)).toMatch(/^(runs|cannot)/)
  expect(of('pipe demo')).toMatch(/^cannot run .*uv_cwd/)
})

test('with an XDG_RUNTIME_DIR that is missing it says which folder is used instead', async () => {
  const place = newPlace()
  const { events } = await verdicts((line) => place.sh(`XDG_RUNTIME_DIR=${place.folder}/missing ${line}`))
  const made = events.find((event) => event.event === 'evidence' && event.source === 'mkfifo')
  expect(made).toMatchObject({
    data: { folder: expect.stringMatching(/^\/(run\/user\/\d+\/osdemo|tmp\/osdemo-\d+)$/) },
  })
})

const pinnable = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0
test.skipIf(!pinnable)(
  `on one CPU${pinnable ? '' : ' (skipped: there is but one, or no taskset)'}`,
  async () => {
    const place = newPlace()
    const { of } = await verdicts((line) => place.sh(`taskset -pc 0 $$ > /dev/null; ${line}`))
    expect(of('shm threads')).toMatch(
      /^runs in part .*a lost update may not show \(osdemo may use one CPU only/,
    )
    expect(of('tcp-echo demo')).toContain('runs here')
  },
)

test('with 40 open files at most', async () => {
  const place = newPlace()
  const machine: Machine = (line) => place.sh(`ulimit -n 40; ${line}`)
  const { of } = await verdicts(machine)
  expect(of('shm threads')).toContain('it may end with EMFILE (only 40 files may be open at once')
  expect(await exitOf(machine, 'shm --workers 16')).toBeGreaterThan(0)
})

const lacks = [
  {
    lack: 'without /proc',
    prefix: ['unshare', '-m', 'sh', '-c', 'umount -l /proc && exec "$@"', 'sh'],
    cannot: ['pipe demo', 'pipe write', 'tcp-echo demo', 'shm threads'],
    can: 'short-reads',
  },
  {
    lack: 'without a network',
    prefix: ['unshare', '-n'],
    cannot: ['tcp-echo demo', 'short-reads'],
    can: 'pipe demo',
  },
  {
    lack: 'with a runtime folder that is open to others, on a disk that is read-only',
    prefix: [
      'unshare',
      '-m',
      'sh',
      '-c',
      'mount -t tmpfs none /mnt && mkdir -m 755 /mnt/osdemo && mount -o remount,ro /mnt && exec env XDG_RUNTIME_DIR=/mnt "$@"',
      'sh',
    ],
    cannot: ['pipe demo', 'shm write'],
    can: 'short-reads',
  },
]

test.for(lacks)('$lack: what cannot run fails, and what runs here ends well', async (situation, context) => {
  const { prefix, cannot, can } = situation
  const probe = spawnSync('env', [...prefix, 'true'])
  context.skip(probe.status !== 0, 'needs root, unshare, and a kernel with namespaces')
  const place = newPlace()
  // Not through a shell of the test's own: the words stand behind the prefix.
  const machine: Machine = (line) => place.osdemo(line.split(' ').slice(1), { prefix })
  const { of } = await verdicts(machine)
  for (const name of cannot) {
    expect(of(name)).toMatch(/^cannot run .*; /)
    expect(await machine(`osdemo ${name}`).exit, name).toBeGreaterThan(0)
  }
  expect(of(can)).toBe(`runs here    ${can}`)
  expect(await machine(`osdemo ${can}`).exit).toBe(0)
})

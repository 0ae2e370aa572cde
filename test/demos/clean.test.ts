/** What `osdemo clean` reports. What it may remove is tested in run/ledger.test.ts. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { unlinkQueue } from '../../src/ipc/posix-mq.js'
import {
  childrenOf,
  defaultFifo,
  expectNothingLeft,
  hasOpen,
  newPlace,
  type Place,
  parseEvents,
  processesOf,
  type Run,
  waitingActor,
  waitsForPartner,
} from '../support/osdemo.js'
import { isThere } from '../support/queues.js'
import { until } from '../support/until.js'

async function clean(place: Place) {
  const run = place.osdemo(['clean', '--json'])
  expect(await run.exit).toBe(0)
  const events = parseEvents(run.stdout())
  return {
    removed: events.flatMap((event) => (event.event === 'removed' ? [event.id] : [])),
    notes: events.filter((event) => event.event === 'note'),
  }
}

test('reports that there is nothing to remove, and where it looked', async () => {
  const place = newPlace()
  const { removed, notes } = await clean(place)
  expect(removed).toEqual([])
  expect(notes).toMatchObject([{ role: 'opening', data: { removed: 0, kept: 0 } }])
  expect(notes[0]?.text).toContain(`${place.folder}/osdemo`)
})

test('keeps what a process uses, names the process, and removes it when no process does', async () => {
  const place = newPlace()
  const path = join(place.folder, 'p')
  const run = place.osdemo(['pipe', 'read', '--path', path])
  await waitingActor(run)
  const cat = newPlace().sh(`exec cat '${path}'`)
  await until(() => waitsForPartner(cat.pid))
  run.child.kill('SIGKILL')
  await until(() => processesOf(place).length === 0)
  const first = await clean(place)
  expect(first.removed).toEqual([])
  expect(first.notes).toMatchObject([
    { role: 'opening', data: { removed: 0, kept: 1 } },
    { data: { kind: 'fifo', name: path, users: [cat.pid] } },
    { role: 'next' },
  ])
  expect(first.notes[1]?.text).toContain(`cat (pid ${cat.pid})`)
  cat.child.kill('SIGKILL')
  await cat.exit
  const { removed, notes } = await clean(place)
  expect(removed).toEqual([path])
  expect(notes).toMatchObject([{ role: 'opening', data: { removed: 1, kept: 0 } }, { role: 'step' }])
  expectNothingLeft(place)
})

test.runIf(process.platform === 'linux')('names a queue that was kept, until it is removed', async () => {
  const place = newPlace()
  const name = `/osdemo-test-${process.pid}-kept`
  onTestFinished(() => void (isThere(name) && unlinkQueue(name)))
  expect(await place.osdemo(['queue', 'send', '--keep', '--name', name, 'a']).exit).toBe(0)
  const { removed, notes } = await clean(place)
  expect(removed).toEqual([])
  expect(notes).toMatchObject([
    { role: 'opening', data: { removed: 0, kept: 1 } },
    { data: { kind: 'queue', name, users: [] } },
    { role: 'next', data: { command: expect.stringContaining(name.slice(1)) } },
  ])
  expect(isThere(name)).toBe(true)
  unlinkQueue(name)
  expect((await clean(place)).notes).toMatchObject([{ data: { removed: 0, kept: 0 } }])
  expectNothingLeft(place)
})

test('keeps what a live run has created', async () => {
  const place = newPlace()
  const path = join(place.folder, 'p')
  const run = place.osdemo(['pipe', 'read', '--path', path])
  await waitingActor(run)
  const before = place.leftovers()
  expect((await clean(place)).removed).toEqual([])
  expect([existsSync(path), place.leftovers()]).toEqual([true, before])
})

test('names each object in the folder of a dead run, also a plain file', async () => {
  const place = newPlace()
  // No process has ever had this pid: the largest is below 2^22.
  const folder = join(place.folder, 'osdemo', 'run-4194304-0-0')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'locked')
  const fifo = join(folder, 'p')
  writeFileSync(file, '')
  writeFileSync(join(folder, '1.json.new'), '')
  execFileSync('mkfifo', [fifo])
  const { removed, notes } = await clean(place)
  expect(removed.sort()).toEqual([file, fifo])
  expect(notes[0]?.data).toEqual({ removed: 2, kept: 0 })
  expectNothingLeft(place)
})

describe('the default FIFO', () => {
  test('is created by both ends at once, and they meet', async () => {
    const place = newPlace()
    const runs = [place.osdemo(['pipe', 'read']), place.osdemo(['pipe', 'write', 'hello'])]
    expect(await Promise.all(runs.map(({ exit }) => exit))).toEqual([0, 0])
    expect(runs[0]?.stdout()).toBe('hello\n')
  })

  test('stays between runs, and is removed', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read'])
    const writer = place.osdemo(['pipe', 'write', 'hello'])
    expect([await reader.exit, await writer.exit]).toEqual([0, 0])
    const { ino } = statSync(defaultFifo(place))
    const again = [place.osdemo(['pipe', 'read']), place.osdemo(['pipe', 'write', 'hello'])]
    expect(await Promise.all(again.map(({ exit }) => exit))).toEqual([0, 0])
    expect(statSync(defaultFifo(place)).ino).toBe(ino)
    expect((await clean(place)).removed).toEqual([defaultFifo(place)])
    expect(existsSync(defaultFifo(place))).toBe(false)
  })

  test.each<[string, (place: Place) => Run | Promise<Run>]>([
    [
      'an osdemo waits to open it',
      async (place) => {
        const run = place.osdemo(['pipe', 'read'])
        await waitingActor(run)
        return run
      },
    ],
    ['another program waits to open it', (place) => newPlace().sh(`exec cat '${defaultFifo(place)}'`)],
    [
      'another program waits to open it by a relative path',
      (place) => newPlace().sh('exec cat ./pipe', { cwd: dirname(defaultFifo(place)) }),
    ],
    ['another program has it open', (place) => newPlace().sh(`exec sleep 100 <> '${defaultFifo(place)}'`)],
  ])('is kept while %s, which is reported, and then removed', async (_, use) => {
    const place = newPlace()
    const path = defaultFifo(place)
    mkdirSync(dirname(path), { mode: 0o700 })
    execFileSync('mkfifo', ['-m', '600', path])
    const user = await use(place)
    await until(() =>
      [user.pid, ...childrenOf(user.pid)].some((pid) => hasOpen(pid, path) || waitsForPartner(pid)),
    )
    const { removed, notes } = await clean(place)
    expect(removed).toEqual([])
    const users = expect.arrayContaining([user.pid])
    const kept = { data: { kind: 'fifo', name: path, users } }
    expect(notes).toContainEqual(expect.objectContaining(kept))
    expect(existsSync(path)).toBe(true)
    user.child.kill('SIGKILL')
    await user.exit
    await until(() => processesOf(place).length === 0)
    expect((await clean(place)).removed).toEqual([path])
  })

  test('that another process removes while a run waits for it: the run reports it', async () => {
    const place = newPlace()
    const run = place.osdemo(['pipe', 'read', '--json'])
    await waitingActor(run)
    rmSync(defaultFifo(place))
    // It waits a second for another process that makes the FIFO again.
    expect(await run.exit).toBe(1)
    expect(parseEvents(run.stdout()).at(-1)).toMatchObject({ event: 'error', exit: 1 })
  })

  test('is not removed where it is no FIFO', async () => {
    const place = newPlace()
    mkdirSync(dirname(defaultFifo(place)), { mode: 0o700 })
    writeFileSync(defaultFifo(place), 'precious')
    expect((await clean(place)).removed).toEqual([])
    expect(readFileSync(defaultFifo(place), 'utf8')).toBe('precious')
  })
})

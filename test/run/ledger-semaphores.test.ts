/** The next run removes a semaphore that a killed run left behind, and no other one. */
import { spawn } from 'node:child_process'
import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { semget } from '../../src/ipc/libc.js'
import { makeNamed, openNamed, semaphoreAt, semaphoreFile } from '../../src/ipc/posix-sem.js'
import { makeSet, readSemaphore, removeSet } from '../../src/ipc/sysv-sem.js'
import { readSet } from '../../src/proc/sysvipc-sem.js'
import { type LedgerRecord, record as recordIt } from '../../src/run/ledger.js'
import { expectNothingLeft, newPlace, type Place, parseEvents } from '../support/osdemo.js'
import { editRecord, renameFolder, runFolderOf } from '../support/run-folder.js'
import { newName } from '../support/semaphores.js'
import { until } from '../support/until.js'

/** Of this process, so that tests that run side by side have different keys. */
let key = 300_000_000 + process.pid * 10

/** A set of another program with this key. */
const foreignSet = (key: number) => semget(key, 1, 0o1600)

/** A set and its record, as a killed run leaves them: its maker was another process that had this pid. */
function leftSet(
  change: (record: LedgerRecord) => Partial<LedgerRecord> = () => ({}),
  { key: wanted = ++key, make = (key: number) => makeSet(key, [1])! } = {},
) {
  const place = newPlace()
  vi.stubEnv('XDG_RUNTIME_DIR', place.folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  const record = recordIt('semaphore', `${wanted}`)
  const id = make(wanted)
  onTestFinished(() => {
    if (readSet(id)) removeSet(id)
  })
  record.made(id)
  const folder = renameFolder(runFolderOf(place), ({ startTicks }) => ({
    startTicks: `${Number(startTicks) - 1}`,
  }))
  const [file = ''] = readdirSync(folder)
  editRecord(join(folder, file), (content) => ({ ...content, ...change(content) }))
  return { place, id, key: wanted }
}

/** A named semaphore and its record, as a killed run leaves them. */
function leftNamed(change: (record: LedgerRecord) => Partial<LedgerRecord> = () => ({}), mode = 0o700) {
  const place = newPlace()
  vi.stubEnv('XDG_RUNTIME_DIR', place.folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  const name = newName()
  const record = recordIt('semaphore', name)
  makeNamed(name, 0)!.close()
  const { ino, dev } = semaphoreAt(name)!
  chmodSync(semaphoreFile(name), mode)
  record.made(ino, dev)
  const folder = renameFolder(runFolderOf(place), ({ startTicks }) => ({
    startTicks: `${Number(startTicks) - 1}`,
  }))
  const [file = ''] = readdirSync(folder)
  editRecord(join(folder, file), (content) => ({ ...content, ...change(content) }))
  return { place, name }
}

async function clean({ place }: { place: Place }) {
  const run = place.osdemo(['clean', '--json'])
  expect(await run.exit).toBe(0)
  return parseEvents(run.stdout()).flatMap((event) => (event.event === 'removed' ? [event.id] : []))
}

const withoutId = () => ({ id: undefined })

test.each([
  ['', undefined],
  [' before it recorded the id', withoutId],
])('a set that a killed run left%s is removed and reported', async (_, change) => {
  const left = leftSet(change)
  expect(await clean(left)).toEqual([`${left.key}`])
  expect(readSet(left.id)).toBeUndefined()
  expectNothingLeft(left.place)
})

test('a set without a key is removed, and is named by its id where that is known', async () => {
  const left = leftSet(undefined, { key: 0 })
  expect(await clean(left)).toEqual([`id ${left.id}`])
  expect(readSet(left.id)).toBeUndefined()
})

test.each([
  [0, 'is removed if its maker used it last'],
  [1, 'stays if its maker did not use it last'],
])('a set without a key and without a recorded id: %s, it %s', async (other) => {
  const left = leftSet(({ maker }) => ({ id: undefined, maker: maker + other }), { key: 0 })
  expect(await clean(left)).toHaveLength(1 - other)
  expect(readSet(left.id) !== undefined).toBe(other === 1)
})

test.each<[string, (record: LedgerRecord) => Partial<LedgerRecord>]>([
  // Ids and keys are used again: what was there before the record is not of this run.
  ['that is older than its record', ({ since }) => ({ since: since + 3600 })],
  ['with another id', ({ id = 0 }) => ({ id: id + 1 })],
  ['with another key', ({ name }) => ({ name: `${Number(name) + 1}` })],
  ['that the user wants to keep', () => ({ state: 'kept' })],
])('a set %s stays', async (_, change) => {
  const left = leftSet(change)
  expect(await clean(left)).toEqual([])
  expect(readSet(left.id)).toMatchObject({ key: left.key })
})

test.each([
  ['', undefined],
  [' before it recorded which one it is', withoutId],
])('a named semaphore that a killed run left%s is removed and reported', async (_, change) => {
  const left = leftNamed(change)
  expect(await clean(left)).toEqual([left.name])
  expect(semaphoreAt(left.name)).toBeUndefined()
  expectNothingLeft(left.place)
})

test.each<[string, Parameters<typeof leftNamed>]>([
  ['that is another file', [({ id = 0 }) => ({ id: id + 1 })]],
  ['on another file system', [({ device = 0 }) => ({ device: device + 1 })]],
  ['without the mark of osdemo, and not on record', [withoutId, 0o600]],
  ['that the user wants to keep', [() => ({ state: 'kept' })]],
])('a named semaphore %s stays', async (_, words) => {
  const left = leftNamed(...words)
  expect(await clean(left)).toEqual([])
  expect(semaphoreAt(left.name)).toBeDefined()
})

test('a named semaphore that a process has open stays, and the process is named', async () => {
  const left = leftNamed()
  const semaphore = openNamed(left.name)
  const run = left.place.osdemo(['clean', '--json'])
  expect(await run.exit).toBe(0)
  semaphore.close()
  const notes = parseEvents(run.stdout()).flatMap((event) => (event.event === 'note' ? [event.data] : []))
  expect(notes).toContainEqual({ kind: 'semaphore', name: left.name, users: [process.pid] })
})

test('a set of another program that has the recorded key stays', async () => {
  const left = leftSet(withoutId, { make: foreignSet })
  expect(await clean(left)).toEqual([])
  expect(readSet(left.id)).toMatchObject({ mode: 0o600 })
})

test('a set on which a process waits stays, and the process is named', async () => {
  const left = leftSet()
  const child = spawn('perl', ['-e', `semop(${left.id}, pack("s*", 0, -2, 0))`])
  onTestFinished(() => void child.kill('SIGKILL'))
  await until(() => readSemaphore(left.id, 0)!.waitForIncrease === 1)
  const run = left.place.osdemo(['clean', '--json'])
  expect(await run.exit).toBe(0)
  const notes = parseEvents(run.stdout()).flatMap((event) => (event.event === 'note' ? [event.data] : []))
  expect(notes).toContainEqual({ kind: 'semaphore', name: `${left.key}`, users: [child.pid] })
  expect(readSet(left.id)).toBeDefined()
})

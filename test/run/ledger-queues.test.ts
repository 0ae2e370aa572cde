/** The next run removes a queue that a killed run left behind, and no other queue. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { identityOf } from '../../src/ipc/open-mq.js'
import { keepQueue, makeQueue, openQueue, unlinkQueue } from '../../src/ipc/posix-mq.js'
import { record as recordIt } from '../../src/run/ledger.js'
import { withoutFfi } from '../support/no-ffi.js'
import { expectNothingLeft, newPlace, type Place, parseEvents } from '../support/osdemo.js'
import { isThere } from '../support/queues.js'
import { type FolderName, renameFolder, runFolderOf } from '../support/run-folder.js'

const shape = { capacity: 1, messageSize: 8, mode: 0o600 }

let next = 0
function newName(): string {
  const name = `/osdemo-ledger-${process.pid}-${next++}`
  onTestFinished(() => {
    if (isThere(name)) unlinkQueue(name)
  })
  return name
}

/**
 * A queue and its record, as a killed run leaves them. Its maker was another process that had this pid, or (`dead`
 * false) is this process.
 */
function leftQueue({ dead = true, recorded = true } = {}) {
  const place = newPlace()
  const name = newName()
  vi.stubEnv('XDG_RUNTIME_DIR', place.folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  const record = recordIt('queue', name)
  const queue = makeQueue(name, shape)!
  if (recorded) record.made(identityOf(queue).ino)
  queue.close()
  const entries = () => readdirSync(runFolderOf(place)).map((file) => join(runFolderOf(place), file))
  if (dead) rename(place, ({ startTicks }) => ({ startTicks: `${Number(startTicks) - 1}` }))
  return { place, name, entry: entries()[0]! }
}

function rename(place: Place, change: (name: FolderName) => Partial<FolderName>): void {
  renameFolder(runFolderOf(place), change)
}

async function clean(place: Place, options = {}) {
  const run = place.osdemo(['clean', '--json'], options)
  expect(await run.exit).toBe(0)
  const events = parseEvents(run.stdout())
  return events.flatMap((event) => (event.event === 'removed' ? [`${event.kind} ${event.id}`] : []))
}

test('a queue that a killed run left is removed and reported', async () => {
  const { place, name } = leftQueue()
  expect(await clean(place)).toEqual([`queue ${name}`])
  expect(isThere(name)).toBe(false)
  expectNothingLeft(place)
})

test('several may sweep at the same time', async () => {
  const { place, name } = leftQueue()
  await Promise.all(Array.from({ length: 4 }, () => clean(place)))
  await clean(place)
  expect(isThere(name)).toBe(false)
  expectNothingLeft(place)
})

test('it stays while its maker lives', async () => {
  const { place, name, entry } = leftQueue({ dead: false })
  expect(await clean(place)).toEqual([])
  expect([isThere(name), readFileSync(entry, 'utf8').length > 0]).toEqual([true, true])
})

test('it stays as long as a process has it open, and no longer', async () => {
  const { place, name } = leftQueue()
  const queue = openQueue(name, 'write', { nonblocking: true })
  expect(await clean(place)).toEqual([])
  expect(isThere(name)).toBe(true)
  queue.close()
  expect(await clean(place)).toEqual([`queue ${name}`])
})

test('it is not confused with another one of the same name', async () => {
  const { place, name } = leftQueue()
  unlinkQueue(name)
  makeQueue(name, shape)!.close()
  expect(await clean(place)).toEqual([])
  expect(isThere(name)).toBe(true)
  expectNothingLeft(place)
})

test('one whose maker was killed before recording it is recognized by its mark', async () => {
  const { place, name } = leftQueue({ recorded: false })
  expect(await clean(place)).toEqual([`queue ${name}`])
  expectNothingLeft(place)
})

test('one that another program made, where osdemo only intended to, is kept', async () => {
  const { place, name } = leftQueue({ recorded: false })
  const queue = openQueue(name, 'read', { nonblocking: true })
  // Other programs make queues without the mark.
  keepQueue(queue)
  queue.close()
  expect(await clean(place)).toEqual([])
  expect(isThere(name)).toBe(true)
  expectNothingLeft(place)
})

test('one that a user wants to keep stays, and its record is removed', async () => {
  const { place, name } = leftQueue()
  const queue = openQueue(name, 'read', { nonblocking: true })
  keepQueue(queue)
  queue.close()
  expect(await clean(place)).toEqual([])
  expect(isThere(name)).toBe(true)
  expectNothingLeft(place)
})

test('a record of an earlier boot is removed, and a queue that has the name now stays', async () => {
  const { place, name } = leftQueue()
  rename(place, () => ({ boot: '0bad' }))
  expect(await clean(place)).toEqual([])
  expect(isThere(name)).toBe(true)
  expectNothingLeft(place)
})

test('without FFI it cannot be examined, so its record stays for a later run', async () => {
  const { place, name, entry } = leftQueue()
  expect(await clean(place, { env: withoutFfi() })).toEqual([])
  expect([isThere(name), readFileSync(entry, 'utf8').length > 0]).toEqual([true, true])
})

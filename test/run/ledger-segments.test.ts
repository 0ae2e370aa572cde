/** The next run removes a segment that a killed run left behind, and no other segment. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { makeSegment, removeSegment } from '../../src/ipc/sysv-shm.js'
import { readSegment } from '../../src/proc/sysvipc-shm.js'
import { type LedgerRecord, record as recordIt } from '../../src/run/ledger.js'
import { expectNothingLeft, newPlace, parseEvents } from '../support/osdemo.js'
import { editRecord, renameFolder, runFolderOf } from '../support/run-folder.js'

/** Of this process, so that tests that run side by side have different keys. */
let key = 200_000_000 + process.pid * 10

/** A segment and its record, as a killed run leaves them: its maker was another process that had this pid. */
function leftSegment(change: (record: LedgerRecord) => Partial<LedgerRecord> = () => ({})) {
  const place = newPlace()
  vi.stubEnv('XDG_RUNTIME_DIR', place.folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  const record = recordIt('segment', `${++key}`)
  const id = makeSegment(key, 16, 0o600)!
  onTestFinished(() => {
    if (readSegment(id)) removeSegment(id)
  })
  record.made(id)
  const folder = renameFolder(runFolderOf(place), ({ startTicks }) => ({
    startTicks: `${Number(startTicks) - 1}`,
  }))
  const [file = ''] = readdirSync(folder)
  editRecord(join(folder, file), (content) => ({ ...content, ...change(content) }))
  return { place, id, key }
}

async function clean({ place }: ReturnType<typeof leftSegment>) {
  const run = place.osdemo(['clean', '--json'])
  expect(await run.exit).toBe(0)
  return parseEvents(run.stdout()).flatMap((event) => (event.event === 'removed' ? [event.id] : []))
}

test('a segment that a killed run left is removed and reported', async () => {
  const left = leftSegment()
  expect(await clean(left)).toEqual([`${left.key}`])
  expect(readSegment(left.id)).toBeUndefined()
  expectNothingLeft(left.place)
})

test.each<[string, (record: LedgerRecord) => Partial<LedgerRecord>]>([
  // Ids and keys are used again: what was there before the record is not of this run.
  ['that is older than its record', ({ since }) => ({ since: since + 3600 })],
  ['that another process made', ({ maker }) => ({ maker: maker + 1 })],
  ['with another id', ({ id = 0 }) => ({ id: id + 1 })],
  ['with another key', ({ name }) => ({ name: `${Number(name) + 1}` })],
  ['that the user wants to keep', () => ({ state: 'kept' })],
])('a segment %s stays', async (_, change) => {
  const left = leftSegment(change)
  expect(await clean(left)).toEqual([])
  expect(readSegment(left.id)).toMatchObject({ key: left.key })
})

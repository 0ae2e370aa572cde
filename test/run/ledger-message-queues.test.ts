/** The next run removes a System V queue that a killed run left behind, and no other queue. */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import {
  keepMessageQueue,
  makeMessageQueue,
  removeMessageQueue,
  sendMessage,
} from '../../src/ipc/sysv-msg.js'
import { readMessageQueue } from '../../src/proc/sysvipc-msg.js'
import { type LedgerRecord, record as recordIt } from '../../src/run/ledger.js'
import { keptForUser, sweep } from '../../src/run/sweep.js'
import { newQueueKey } from '../support/message-queues.js'
import { expectNothingLeft, newPlace } from '../support/osdemo.js'
import { editRecord, renameFolder, runFolderOf } from '../support/run-folder.js'

/** Called before the real removal. */
const removal = vi.hoisted(() => {
  // Test files share their modules. What another one has loaded would not see the mock.
  vi.resetModules()
  return { before: (_: number) => {} }
})
afterAll(() => void vi.resetModules())

vi.mock('../../src/ipc/sysv-msg.js', async (original) => {
  const real = await original<typeof import('../../src/ipc/sysv-msg.js')>()
  const remove = (id: number) => {
    removal.before(id)
    real.removeMessageQueue(id)
  }
  return { ...real, removeMessageQueue: remove }
})

/** A queue and its record, as a killed run leaves them: its maker was another process that had this pid. */
function leftQueue(change: (record: LedgerRecord) => Partial<LedgerRecord> = () => ({})) {
  const place = newPlace()
  vi.stubEnv('XDG_RUNTIME_DIR', place.folder)
  const key = newQueueKey()
  onTestFinished(() => {
    vi.unstubAllEnvs()
    removal.before = () => {}
  })
  const record = recordIt('queue', `${key}`)
  // No queue has this key.
  const id = makeMessageQueue(key)!
  record.made(id)
  const folder = renameFolder(runFolderOf(place), ({ startTicks }) => ({
    startTicks: `${Number(startTicks) - 1}`,
  }))
  const [file = ''] = readdirSync(folder)
  editRecord(join(folder, file), (content) => ({ ...content, ...change(content) }))
  return { place, id, key }
}

/** Of a queue, what a sweep says: whether it was removed, or which processes use it. */
function swept({ key }: { key: number }) {
  return sweep().flatMap(({ kind, name, users }) => (kind === 'queue' && name === `${key}` ? [users] : []))
}

test('a queue that a killed run left is removed and reported, also without its id on record', () => {
  const both = [leftQueue(), leftQueue(({ id: _, ...rest }) => ({ ...rest, id: undefined }))]
  for (const left of both) {
    vi.stubEnv('XDG_RUNTIME_DIR', left.place.folder)
    expect(swept(left)).toEqual([[]])
    expect(readMessageQueue(left.id)).toBeUndefined()
    expectNothingLeft(left.place)
  }
})

test.each<[string, (record: LedgerRecord) => Partial<LedgerRecord>]>([
  ['that is older than a record without id', ({ since }) => ({ since: since + 3600, id: undefined })],
  ['with another id', ({ id = 0 }) => ({ id: id + 1 })],
  ['with another key', ({ name }) => ({ name: `${Number(name) + 1}` })],
  ['that the user wants to keep', () => ({ state: 'kept' })],
])('a queue %s stays', (_, change) => {
  const left = leftQueue(change)
  expect(swept(left)).toEqual([])
  expect(readMessageQueue(left.id)).toMatchObject({ key: left.key })
})

test('a queue without the mark is not one of osdemo, unless a user asked to keep it', () => {
  const left = leftQueue()
  keepMessageQueue(left.id)
  expect(swept(left)).toEqual([])
  expect(readMessageQueue(left.id)).toBeDefined()
  expectNothingLeft(left.place)
  const kept = leftQueue(() => ({ state: 'kept' }))
  keepMessageQueue(kept.id)
  expect(swept(kept)).toEqual([])
  expect(keptForUser()).toEqual([{ kind: 'queue', name: `${kept.key}` }])
})

test('it stays while a run that is alive records that it uses it, and while its last sender lives', () => {
  const left = leftQueue()
  const user = recordIt('queue', `${left.key}`)
  user.made(left.id)
  expect(swept(left)).toEqual([[process.pid]])
  user.release()
  // This process is the last sender.
  sendMessage(left.id, { type: 1n, message: Buffer.from('x') })
  expect(swept(left)).toEqual([[process.pid], [process.pid]])
  expect(readMessageQueue(left.id)?.messages).toBe(1)
  removeMessageQueue(left.id)
  expect(swept(left)).toEqual([])
  expectNothingLeft(left.place)
})

test('when another run removes it at the same moment, its record goes too', () => {
  const left = leftQueue()
  removal.before = (id) => {
    removal.before = () => {}
    removeMessageQueue(id)
  }
  expect(swept(left)).toEqual([])
  expect(readMessageQueue(left.id)).toBeUndefined()
  expect(readdirSync(dirname(join(left.place.folder, 'osdemo', 'x')))).toEqual([])
})

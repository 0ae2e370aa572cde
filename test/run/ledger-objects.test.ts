/** The next run removes POSIX shared memory that a killed run left behind, and no other. */
import { closeSync, existsSync, fstatSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { identityOf, makeObject, mapObject, openObject, reserve, setMode } from '../../src/ipc/posix-shm.js'
import { record as recordIt } from '../../src/run/ledger.js'
import { sweep } from '../../src/run/sweep.js'
import { expectNothingLeft, newPlace } from '../support/osdemo.js'
import { type FolderName, renameFolder, runFolderOf } from '../support/run-folder.js'

let next = 0

/** An object and its record, as a killed run leaves them. Its maker was another process that had the pid of this one. */
function leftObject({ dead = true, recorded = true, device = 0 } = {}) {
  const place = newPlace()
  const name = `/osdemo-ledger-${process.pid}-${next++}`
  const file = `/dev/shm${name}`
  onTestFinished(() => rmSync(file, { force: true }))
  vi.stubEnv('XDG_RUNTIME_DIR', place.folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  const record = recordIt('object', name)
  const fd = makeObject(name)!
  const identity = identityOf(fstatSync(fd))
  if (recorded) record.made(identity.ino, identity.device + device)
  if (recorded) setMode(fd, 0o600)
  closeSync(fd)
  const rename = (change: (name: FolderName) => Partial<FolderName>) =>
    renameFolder(runFolderOf(place), change)
  if (dead) rename(({ startTicks }) => ({ startTicks: `${Number(startTicks) - 1}` }))
  const records = () => readdirSync(join(place.folder, 'osdemo')).length
  return { place, name, file, rename, records, isThere: () => existsSync(file) }
}

const removed = () =>
  sweep().flatMap(({ kind, name, users }) => (users.length === 0 ? [`${kind} ${name}`] : []))

test('an object that a killed run left is removed and reported', () => {
  const { place, name, isThere } = leftObject()
  expect([removed(), isThere()]).toEqual([[`object ${name}`], false])
  expectNothingLeft(place)
})

test('it stays while its maker lives', () => {
  const { isThere, records } = leftObject({ dead: false })
  expect([removed(), isThere(), records()]).toEqual([[], true, 1])
})

test('it stays as long as a process maps it or has it open, and no longer', () => {
  const { place, name, isThere } = leftObject()
  const fd = openObject(name, 'write')
  expect([removed(), isThere()]).toEqual([[], true])
  reserve(fd, 4096)
  const mapped = mapObject(fd, 4096, { isPrivate: true })
  closeSync(fd)
  expect([removed(), isThere()]).toEqual([[], true])
  mapped.detach()
  expect([removed(), isThere()]).toEqual([[`object ${name}`], false])
  expectNothingLeft(place)
})

test('it is not confused with a later one of the same name, even one with the mark of osdemo', () => {
  const { place, file, isThere } = leftObject()
  rmSync(file)
  writeFileSync(file, 'later', { mode: 0o700 })
  expect([removed(), isThere()]).toEqual([[], true])
  expectNothingLeft(place)
})

test('it is not confused with one of the same inode number on another device', () => {
  const { place, isThere } = leftObject({ device: 1 })
  expect([removed(), isThere()]).toEqual([[], true])
  expectNothingLeft(place)
})

test('one whose maker was killed before recording it is recognized by its mark', () => {
  const { place, name } = leftObject({ recorded: false })
  expect(removed()).toEqual([`object ${name}`])
  expectNothingLeft(place)
})

test('one that another program made, where osdemo only intended to, is kept', () => {
  const { place, file, isThere } = leftObject({ recorded: false })
  rmSync(file)
  writeFileSync(file, 'of another program', { mode: 0o600 })
  expect([removed(), isThere()]).toEqual([[], true])
  expectNothingLeft(place)
})

test('a record of an earlier boot is removed, and an object that has the name now stays', () => {
  const { place, isThere, rename } = leftObject()
  rename(() => ({ boot: '0bad' }))
  expect([removed(), isThere()]).toEqual([[], true])
  expectNothingLeft(place)
})

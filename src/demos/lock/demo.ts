/** The three kinds of file locks of Linux. C programs take them, because Node has no call for that. */
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { DemoFailed } from '../../errors.js'
import { readLocks } from '../../proc/locks.js'
import type { Demo, Stage } from '../../run/stage.js'
import { makePrivateFile } from '../shared/private-file.js'
import { requireProc } from '../shared/require-proc.js'
import { showClose } from './close.js'
import { showDeadlock } from './deadlock.js'
import { showFork } from './fork.js'
import { type LockTable, lockTable, type Party, startParty } from './party.js'

/** What the parts of the demo work with. */
export interface Locking {
  first: Party
  second: Party
  /** The descriptors with which they lock the file. */
  fds: { first: number; second: number }
  /** The file as /proc/locks names it. */
  file: string
  table: LockTable
}

export const lockDemo: Demo = async (stage) => {
  requireProc('lock demo')
  stage.note(
    'Processes that share a file lock it. Linux has three kinds of locks. ' +
      'Watch in /proc/locks which process holds one, which waits, and when a lock is lost.',
    'opening',
  )
  const path = makePrivateFile(stage, 'locked', '')
  const first = await startParty(stage, 'first', path)
  const second = await startParty(stage, 'second', path)
  const fds = { first: await first.open(), second: await second.open() }
  await first.call(`flock shared ${fds.first}`)
  // The kernel names a file by its device, and stat(2) may return another device for it: with btrfs, for example.
  const file = readLocks()?.find(({ pid }) => pid === first.id)?.file
  if (file === undefined) throw new DemoFailed(`/proc/locks does not list the lock of pid ${first.id}`)
  const locking = { first, second, fds, file, table: lockTable(stage, file, [first, second]) }
  await showWaiting(stage, locking, path)
  await showFork(stage, locking)
  await showClose(stage, locking)
  await showDeadlock(stage, locking)
  stage.note(
    'A lock works only where every process asks for it. ' +
      'Record locks belong to the process, and any close(2) of the file releases them. The other two belong to an open file description.',
    'closing',
  )
  stage.note(
    'Next: `osdemo lock hold FILE` in two terminals, and `osdemo why PID` for the one that waits.',
    'next',
  )
}

/** Shared and exclusive locks, and a process that writes without one. */
async function showWaiting(
  stage: Stage,
  { first, second, fds, table }: Locking,
  path: string,
): Promise<void> {
  const shared = await second.call(`try flock shared ${fds.second}`)
  const both = table.show('both share')
  stage.claim(
    'lock/shared-locks-coexist',
    'Several processes may hold a shared lock of one file at the same time.',
    shared.errno === 0 && both.filter(({ access, waits }) => access === 'READ' && !waits).length === 2,
  )

  await second.call(`flock unlock ${fds.second}`)
  const asking = second.begin(`flock exclusive ${fds.second}`)
  stage.note('The second process unlocks the file, and asks for an exclusive lock.')
  await stage.poll(() => table.rows().some(({ waits }) => waits) || asking.hasReturned())
  const waiting = table.show('second asks')
  const waits = waiting.filter((row) => row.waits)
  await first.call(`flock unlock ${fds.first}`)
  const { errno } = await asking.result
  const after = table.show('first unlocks')
  stage.claim(
    'lock/exclusive-lock-waits',
    'An exclusive lock excludes all others: the second process waited until the first one unlocked.',
    waits.map(({ pid }) => pid).join() === `${second.id}` &&
      errno === 0 &&
      after.map(({ pid, access }) => `${pid} ${access}`).join() === `${second.id} WRITE`,
  )

  const refused = await first.call(`try flock exclusive ${fds.first}`)
  await first.call(`write ${fds.first} overwritten`)
  const content = readFileSync(path, 'utf8')
  stage.note('The first process may not lock the file now (EAGAIN), but it writes all the same.')
  stage.evidence('the file', content, 'written while the other process held an exclusive lock', {
    data: { bytes: content.length },
  })
  stage.claim(
    'lock/locks-are-advisory',
    'Locks are advisory: a process that does not ask for the lock can write.',
    refused.errno === constants.errno.EAGAIN && content === 'overwritten',
  )
  await second.call(`flock unlock ${fds.second}`)
}

/** Whether a child inherits the lock of its parent. */
import { constants } from 'node:os'
import { isAlive } from '../../proc/stat.js'
import type { Stage } from '../../run/stage.js'
import type { Locking } from './demo.js'
import { kindNames, type LockKind, lockTable } from './party.js'

const { EAGAIN } = constants.errno

export async function showFork(stage: Stage, locking: Locking): Promise<void> {
  stage.note('The first process locks the file and forks. Its child tries to lock the inherited descriptor.')
  const flock = await forked(stage, locking, 'flock')
  const ofd = await forked(stage, locking, 'ofd')
  stage.claim(
    'lock/child-shares-description-locks',
    'flock(2) and open file description locks are shared over fork(2): the child holds the lock, also alone.',
    [flock, ofd].every(({ errno, holders, isKept }) => errno === 0 && holders === 2 && isKept),
  )
  const fcntl = await forked(stage, locking, 'fcntl')
  stage.claim(
    'lock/child-has-no-record-locks',
    'A record lock belongs to a process: the child does not inherit it, and its own attempt fails with EAGAIN.',
    fcntl.errno === EAGAIN && fcntl.holders === 1,
  )
}

/** What the child gets, how many processes hold the lock, and whether the child keeps it when the parent closes the file. */
async function forked(stage: Stage, { first, second, fds, file }: Locking, kind: LockKind) {
  await first.call(`${kind} exclusive ${fds.first}`)
  first.tell(`fork ${kind} ${fds.first}`)
  const { errno, groups } = await first.result(/^child (\d+) /)
  const child = { id: Number(groups[0]), name: 'child' }
  stage.say({ event: 'started', child: child.id, name: 'child', kind: 'process', parent: first.id })
  const table = lockTable(stage, file, [first, child, second])
  const rows = table.show(`${kind}: fork`)
  await first.call(`close ${fds.first}`)
  const other = await second.call(`try ${kind} exclusive ${fds.second}`)
  await second.call(`${kind} unlock ${fds.second}`)
  await first.call('reap')
  await stage.poll(() => !isAlive(child.id))
  stage.say({
    event: 'exited',
    child: child.id,
    name: 'child',
    kind: 'process',
    code: 0,
    signal: null,
  })
  fds.first = await first.open()
  const holders = rows.filter(
    (row) => row.kind === kindNames[kind] && row.access === 'WRITE' && !row.waits,
  ).length
  return { errno, holders, isKept: other.errno === EAGAIN }
}

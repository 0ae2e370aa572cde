/** What close(2) of another descriptor of the file does to a lock: the trap of record locks. */
import { constants } from 'node:os'
import type { Stage } from '../../run/stage.js'
import type { Locking } from './demo.js'
import type { LockKind } from './party.js'

const { EAGAIN } = constants.errno

export async function showClose(stage: Stage, locking: Locking): Promise<void> {
  stage.note('The first process locks the file. Then it opens the file again, and closes that descriptor.')
  const fcntl = await reopened(locking, 'fcntl')
  stage.claim(
    'lock/any-close-releases-record-locks',
    'Any close(2) of the file releases the record locks of the process, also that of another descriptor.',
    fcntl.left === 0 && fcntl.other === 0,
  )
  const flock = await reopened(locking, 'flock')
  const ofd = await reopened(locking, 'ofd')
  stage.claim(
    'lock/description-locks-survive-other-close',
    'The other two kinds belong to an open file description: they stay until it is closed.',
    [flock, ofd].every(({ left, other }) => left === 1 && other === EAGAIN),
  )
}

/** How many locks are left after the close, and the errno of the second process that tries to lock the file. */
async function reopened({ first, second, fds, table }: Locking, kind: LockKind) {
  await first.call(`${kind} exclusive ${fds.first}`)
  const again = await first.open()
  await first.call(`close ${again}`)
  const left = table.show(`${kind}: close`).length
  const { errno: other } = await second.call(`try ${kind} exclusive ${fds.second}`)
  await second.call(`${kind} unlock ${fds.second}`)
  await first.call(`${kind} unlock ${fds.first}`)
  return { left, other }
}

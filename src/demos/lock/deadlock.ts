/** Locks of single bytes, and two processes that each wait for the byte of the other. */
import { constants } from 'node:os'
import type { Stage } from '../../run/stage.js'
import { sendSignal } from '../process/send-signal.js'
import type { Locking } from './demo.js'
import { lockTable } from './party.js'

const { EDEADLK } = constants.errno

/** How long the end of a process may take, in milliseconds. */
const patience = 10_000

export async function showDeadlock(stage: Stage, locking: Locking): Promise<void> {
  const { first, second, fds } = locking
  /** Each process locks a byte. */
  const lockBytes = async (kind: 'fcntl' | 'ofd') => {
    const one = await first.call(`${kind} exclusive ${fds.first} 0`)
    const two = await second.call(`${kind} exclusive ${fds.second} 1`)
    return one.errno === 0 && two.errno === 0
  }
  // Each asks for the byte that the other one has locked.
  const asked = (from: string) => (from === '1' ? first : second)
  const table = lockTable(stage, locking.file, [first, second], asked)
  const waiting = () => table.rows().filter(({ waits }) => waits).length

  stage.note('The first process locks byte 0, and the second one byte 1.')
  const areLocked = await lockBytes('fcntl')
  const bytes = table.show('a byte each')
  stage.claim(
    'lock/record-locks-cover-bytes',
    'A record lock covers bytes, not the whole file: two exclusive locks exist side by side.',
    areLocked &&
      bytes
        .map(({ process, from }) => `${process} ${from}`)
        .sort()
        .join() === 'first 0,second 1',
  )
  const asking = first.begin(`fcntl exclusive ${fds.first} 1`)
  await stage.poll(() => waiting() === 1 || asking.hasReturned())
  table.show('fcntl: both ask')
  stage.note('The second process asks for byte 0: both would wait forever.')
  const { errno } = await second.call(`fcntl exclusive ${fds.second} 0`)
  stage.evidence(
    `fcntl(2) of pid ${second.id}`,
    errno === EDEADLK ? 'EDEADLK' : `errno ${errno}`,
    'F_SETLKW for byte 0',
    { data: { errno } },
  )
  stage.claim(
    'lock/kernel-refuses-record-deadlock',
    'The kernel looks for a circle of record locks: fcntl(2) fails with EDEADLK in place of a deadlock.',
    errno === EDEADLK,
  )
  await second.call(`fcntl unlock ${fds.second} 1`)
  await asking.result
  await first.call(`fcntl unlock ${fds.first}`)

  stage.note('The same again, with open file description locks.')
  await lockBytes('ofd')
  const one = first.begin(`ofd exclusive ${fds.first} 1`)
  await stage.poll(() => waiting() === 1 || one.hasReturned())
  const two = second.begin(`ofd exclusive ${fds.second} 0`)
  await stage.poll(() => waiting() === 2 || two.hasReturned())
  const circle = table.show('ofd: both ask')
  stage.claim(
    'lock/description-locks-can-deadlock',
    'The kernel does not look for deadlocks of open file description locks: both processes wait.',
    circle.filter(({ waits }) => waits).length === 2,
  )
  sendSignal(stage, second, 'SIGKILL')
  await stage.poll(() => second.ending() !== undefined, patience)
  const got = await one.result
  const after = table.show('second is killed')
  stage.claim(
    'lock/killed-holder-releases-locks',
    'The kernel releases the locks of a process that is killed: the first process has its lock.',
    got.errno === 0 && after.every(({ process, waits }) => process === 'first' && !waits) && after.length > 0,
  )
}

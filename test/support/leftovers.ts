/** Removes from the kernel what a traced program has made and has not removed: a test may have killed it before. */
import { readdirSync, rmSync } from 'node:fs'
import { unlinkQueue } from '../../src/ipc/posix-mq.js'
import { removeMessageQueue } from '../../src/ipc/sysv-msg.js'
import { removeSet } from '../../src/ipc/sysv-sem.js'
import { removeSegment } from '../../src/ipc/sysv-shm.js'
import { readTable } from '../../src/proc/sysvipc.js'
import type { Thing } from '../../src/trace/objects.js'

const removers = { shm: removeSegment, msg: removeMessageQueue, sem: removeSet }
const kinds = { segment: 'shm', queue: 'msg', semaphore: 'sem' } as const

/**
 * Looks what there is before the program starts.
 *
 * @returns removes what has come since then, of the objects that the program has used or made
 */
export function leftovers(): (things: readonly Thing[]) => void {
  const before = existing()
  return (things) => {
    const left = existing().filter((one) => !before.includes(one))
    for (const { kind, id, made } of things) {
      if (kind !== 'segment' && kind !== 'queue' && kind !== 'semaphore' && kind !== 'object') continue
      // Of one with a key, the id is `5 (key 70000)`. A mapping without a name has a number, too, which the kernel does not know.
      const number = Number.parseInt(id, 10)
      if (kind !== 'object' && left.includes(`${kinds[kind]} ${number}`)) removers[kinds[kind]](number)
      const name = kind === 'semaphore' ? `sem.${id.slice(1)}` : id.slice(1)
      if (left.includes(name)) rmSync(`/dev/shm/${name}`, { force: true })
      if (kind === 'queue' && id.startsWith('/') && made) removeQueue(id)
    }
  }
}

/** The System V objects, as `shm 5`, and the names in /dev/shm. */
function existing(): string[] {
  const names = readdirSync('/dev/shm')
  for (const [table, column] of [
    ['shm', 'shmid'],
    ['msg', 'msqid'],
    ['sem', 'semid'],
  ] as const)
    for (const row of readTable(table) ?? []) names.push(`${table} ${row.text(column)}`)
  return names
}

function removeQueue(name: string): void {
  try {
    unlinkQueue(name)
  } catch {
    // The program has removed it.
  }
}

/** File locks: flock(2), and fcntl(2) with F_SETLKW. */
import { type FileLock, lockHolders } from '../../proc/locks.js'
import { openObject } from '../../proc/open-object.js'
import { endCommand, listed, named, type Other, type Proof, type World } from '../snapshot.js'

/** A process that waits for a file lock; undefined where /proc/locks does not list it. @param fd where it is known */
export function fileLock(world: World, pid: number, fd?: number): Other | undefined {
  const locks = world.locks()
  const wanted = locks.find((lock) => lock.waits && lock.pid === pid)
  const held = wanted && locks.find((lock) => lock.id === wanted.id && !lock.waits)
  if (!wanted || !held) return undefined
  const object = fd === undefined ? undefined : openObject(pid, fd)
  const name = object?.path ?? object?.target ?? `the file ${wanted.file}`
  const holders = holdersOf(world, held).filter((holder) => holder.pid !== pid)
  const pids = [...new Set([...holders.map((holder) => holder.pid), ...takers(held, holders.length, pid)])]
  const proofs: Proof[] = [
    { source: '/proc/locks', value: describe(wanted), about: `what ${named(pid)} waits for` },
    { source: '/proc/locks', value: describe(held), about: 'what it waits behind' },
    ...holders.slice(0, 4).map(({ pid, fd }) => ({
      source: `/proc/${pid}/fdinfo/${fd}`,
      value: `fd ${fd}`,
      about: `${named(pid)} has the lock`,
    })),
  ]
  const kind = wanted.access === 'WRITE' ? 'exclusive' : 'shared'
  return {
    object: `the ${kind} lock of ${name}`,
    event: 'whoever has it locked to let it go',
    who: whoLocked(held, pids, holders.length > 0),
    proofs,
    wakers: pids,
    open: pids.length === 0,
    step:
      pids.length > 0
        ? { command: endCommand(pids), effect: 'ends who has the lock, and the lock with it' }
        : undefined,
  }
}

function whoLocked({ kind }: FileLock, pids: number[], isSeen: boolean): string {
  if (pids.length === 0) return 'Who has it locked cannot be seen.'
  const names = listed(pids.map(named))
  if (kind !== 'POSIX' && !isSeen) return `It was taken by ${names}; whether others share it cannot be seen.`
  const all =
    pids.length > 1 ? ', which share the open file: all of them must close it, or one unlock it' : ''
  return `It is locked by ${names}${all}.`
}

/** Locks of flock(2) and of open files are seen at each descriptor that holds them. */
function holdersOf(world: World, held: FileLock): { pid: number; fd: number }[] {
  return held.kind === 'POSIX' ? [] : lockHolders(held, world.census().pids)
}

/** Of a lock of fcntl(2) the kernel names the process; of others it names who took it, who need not have it any more. */
function takers(held: FileLock, seen: number, pid: number): number[] {
  return (held.kind === 'POSIX' || seen === 0) && held.pid > 0 && held.pid !== pid ? [held.pid] : []
}

function describe({ id, waits, kind, access, pid, file, from, to }: FileLock): string {
  return `${id}: ${waits ? '-> ' : ''}${kind} ${access} ${pid} ${file} ${from} ${to}`
}

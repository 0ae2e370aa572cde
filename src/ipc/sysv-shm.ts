/**
 * System V shared memory, sysvipc(7). A segment has an id and usually a key, by which unrelated processes find it. It stays in
 * the kernel until a process removes it, even when its creator has exited. `ipcs -m` and /proc/sysvipc/shm list the segments.
 */
import { constants } from 'node:buffer'
import { errnoOf, systemCallError } from '../errors.js'
import { shmat, shmctl, shmdt, shmget, viewMemory } from './libc.js'

// sys/ipc.h and sys/shm.h; the same on Linux and macOS.
const IPC_CREAT = 0o1000
const IPC_EXCL = 0o2000
const IPC_RMID = 0
const SHM_RDONLY = 0o10000

/** Marks a removed segment in the mode that the kernel lists, SHM_DEST of linux/shm.h. */
const SHM_DEST = 0o1000

/** The mode of a segment as /proc/sysvipc/shm lists it, in the column `perms`: `600`, or `1600` when it is removed. */
export function permsText({ mode, removed }: { mode: number; removed: boolean }): string {
  return (mode | (removed ? SHM_DEST : 0)).toString(8)
}

/** The key that always creates a new segment, which no other process can find: IPC_PRIVATE. */
export const privateKey = 0

/** A segment that is attached to this process, or a file that it maps. */
export interface Attached {
  /** The segment's bytes. `detach` replaces it, because code that touches a detached segment is killed by SIGSEGV. */
  memory: ArrayBuffer
  address: bigint
  /** Called before each access. It throws when there is no memory behind the addresses any more. */
  check?(): void
  detach(): void
}

/**
 * Creates a segment of zeros. The kernel allocates whole pages, but lists and checks the size that was asked for.
 *
 * @param key any key, or `privateKey`
 * @param size in bytes
 * @param mode permissions, as of a file
 * @returns its id; undefined when a segment with this key exists already
 * @throws SystemCallError: EINVAL above /proc/sys/kernel/shmmax, ENOSPC when there are too many segments, ENOMEM
 */
export function makeSegment(key: number, size: number, mode: number): number | undefined {
  try {
    return shmget(key, size, mode | IPC_CREAT | IPC_EXCL)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    const which = key === privateKey ? '' : ` with key ${key}`
    throw systemCallError(
      error,
      `cannot create a segment of ${size} bytes${which}`,
      (errno) => makeHints[errno],
    )
  }
}

const makeHints: Record<string, string> = {
  EINVAL: 'Use a smaller --size. The largest is in /proc/sys/kernel/shmmax',
  ENOMEM: 'Use a smaller --size: this machine does not have that much memory.',
  ENOSPC: 'Remove a segment that osdemo shm list shows. The limits are in /proc/sys/kernel/shmmni and shmall',
}

/** The permission bits that shmget(2) checks, by what the caller wants to do with the segment. */
const wanted = { look: 0, read: 0o400, write: 0o600 }

/**
 * Finds the segment with this key.
 *
 * @param purpose what its mode must allow
 * @param size 0, or its minimum size in bytes
 * @throws SystemCallError: ENOENT when there is none, EINVAL when it is smaller, EACCES when its mode forbids the purpose
 */
export function findSegment(key: number, purpose: keyof typeof wanted, size = 0): number {
  try {
    return shmget(key, size, wanted[purpose])
  } catch (error) {
    throw systemCallError(error, `cannot use the segment with key ${key}`, (errno) =>
      findHints[errno]?.(key, purpose),
    )
  }
}

const findHints: Record<string, (key: number, purpose: keyof typeof wanted) => string> = {
  ENOENT: (key, purpose) =>
    purpose === 'look'
      ? 'List the segments: osdemo shm list'
      : `Create it first: osdemo shm write hello --key ${key}`,
  EINVAL: (key) => `The segment is smaller and cannot grow. Remove it: osdemo shm remove --key ${key}`,
  EACCES: (key) =>
    `Use another --key than ${key}, or ask the owner of the segment. List the owners: osdemo shm list`,
}

/**
 * Attaches a segment to this process.
 *
 * @param size bytes of it to view, at most its size. Bytes beyond the largest ArrayBuffer are not in the view.
 * @throws SystemCallError: EINVAL or EIDRM when it was removed, EACCES when its mode forbids it
 */
export function attachSegment(id: number, size: number, readOnly = false): Attached {
  let address: bigint
  try {
    address = shmat(id, readOnly ? SHM_RDONLY : 0)
  } catch (error) {
    const purpose = readOnly ? 'reading' : 'writing'
    throw systemCallError(error, `cannot attach segment ${id} for ${purpose}`, (errno) => attachHints[errno])
  }
  const attached: Attached = {
    memory: viewMemory(address, Math.min(size, constants.MAX_LENGTH)),
    address,
    detach() {
      attached.memory = new ArrayBuffer(0)
      shmdt(address)
    },
  }
  return attached
}

const attachHints: Record<string, string> = {
  EACCES: 'Ask its owner for access. List the owners and modes: osdemo shm list',
  EIDRM: 'It was removed by another process. List the segments: osdemo shm list',
  EINVAL: 'It was removed by another process. List the segments: osdemo shm list',
  ENOMEM: 'Raise the memory limit of this shell. The limit now: ulimit -v',
}

/** The text in a segment: the bytes up to the first NUL, or all. It is a copy, because writers may change the memory. */
export function textIn(memory: ArrayBuffer): Buffer {
  const bytes = Buffer.from(memory)
  const end = bytes.indexOf(0)
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end))
}

/**
 * Removes a segment. The kernel frees its key at once, and its memory after the last detach.
 *
 * @throws SystemCallError: EPERM when it belongs to another user, EINVAL or EIDRM when it does not exist
 */
export function removeSegment(id: number): void {
  try {
    shmctl(id, IPC_RMID)
  } catch (error) {
    throw systemCallError(error, `cannot remove segment ${id}`, (errno) =>
      errno === 'EPERM'
        ? 'Only its owner, its creator and root may remove it. List the owners: osdemo shm list'
        : 'List the segments: osdemo shm list',
    )
  }
}

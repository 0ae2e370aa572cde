/**
 * System V shared memory, sysvipc(7): a segment has an id, mostly a key by which strangers find it, and lives in the kernel
 * until somebody removes it, whoever made it and however that one ended. `ipcs -m` and /proc/sysvipc/shm list them.
 */
import { constants } from 'node:buffer'
import { errnoOf, systemCallError } from '../errors.js'
import { shmat, shmctl, shmdt, shmget, viewMemory } from './libc.js'

// sys/ipc.h and sys/shm.h; the same on Linux and macOS.
const IPC_CREAT = 0o1000
const IPC_EXCL = 0o2000
const IPC_RMID = 0
const SHM_RDONLY = 0o10000

/** The key that finds nothing and makes a new segment: IPC_PRIVATE. */
export const privateKey = 0

/** A segment that is part of this process's memory, until it is detached. */
export interface Attached {
  /** The segment's bytes. Dropped by `detach`: whoever kept it and touches it then dies of SIGSEGV. */
  memory: ArrayBuffer
  address: bigint
  detach(): void
}

/**
 * Makes a segment, zeroed by the kernel, which rounds it up to whole pages but keeps to its size.
 *
 * @param key from 1, or `privateKey`
 * @param size in bytes
 * @param mode permissions, as of a file
 * @returns its id; undefined when there is one under this key already
 * @throws SystemCallError: EINVAL above /proc/sys/kernel/shmmax, ENOSPC when there are too many, ENOMEM
 */
export function makeSegment(key: number, size: number, mode: number): number | undefined {
  try {
    return shmget(key, size, mode | IPC_CREAT | IPC_EXCL)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    const which = key === privateKey ? '' : ` under key ${key}`
    throw systemCallError(
      error,
      `cannot make a segment of ${size} bytes${which}`,
      (errno) => makeHints[errno],
    )
  }
}

const makeHints: Record<string, string> = {
  EINVAL: 'the largest is /proc/sys/kernel/shmmax: give a smaller --size',
  ENOMEM: 'this machine has not so much memory: give a smaller --size',
  ENOSPC: 'there are too many segments (/proc/sys/kernel/shmmni, shmall): see osdemo shm list',
}

/** What one wants to do with a segment, as the permission bits that shmget(2) checks. */
const wanted = { look: 0, read: 0o400, write: 0o600 }

/**
 * Finds the segment under a key.
 *
 * @param purpose what its mode must let us do
 * @param size 0, or how large it must be at least, in bytes
 * @throws SystemCallError: ENOENT when there is none, EINVAL when it is smaller, EACCES when its mode does not let us in
 */
export function findSegment(key: number, purpose: keyof typeof wanted, size = 0): number {
  try {
    return shmget(key, size, wanted[purpose])
  } catch (error) {
    throw systemCallError(error, `cannot use the segment under key ${key}`, (errno) =>
      findHints[errno]?.(key),
    )
  }
}

const findHints: Record<string, (key: number) => string> = {
  ENOENT: (key) => `there is none; make it: osdemo shm write hello --key ${key}`,
  EINVAL: (key) =>
    `it is smaller, and a segment cannot grow: osdemo shm remove --key ${key}, then write again`,
  EACCES: (key) =>
    `its mode or its owner does not let you in, see osdemo shm list; take another --key than ${key}`,
}

/**
 * Attaches a segment to this process.
 *
 * @param size how much of it to look at, in bytes: its own size or less; what is more than Node can view is left out
 * @throws SystemCallError: EINVAL or EIDRM when it was removed, EACCES when its mode does not let us in
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
  EACCES: 'its mode does not let you in, see osdemo shm list',
  EIDRM: 'it was removed meanwhile',
  EINVAL: 'it was removed meanwhile',
  ENOMEM: 'this process may not have so much memory: see ulimit -v',
}

/** A copy of the text in a segment: the bytes up to the first NUL, or all. The memory may change while we look at it. */
export function textIn(memory: ArrayBuffer): Buffer {
  const bytes = Buffer.from(memory)
  const end = bytes.indexOf(0)
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end))
}

/**
 * Removes a segment: its key is free at once, its memory when the last process has detached it.
 *
 * @throws SystemCallError: EPERM when it belongs to somebody else, EINVAL or EIDRM when there is none
 */
export function removeSegment(id: number): void {
  try {
    shmctl(id, IPC_RMID)
  } catch (error) {
    throw systemCallError(error, `cannot remove segment ${id}`, (errno) =>
      errno === 'EPERM'
        ? 'only its owner, its creator and root may: see osdemo shm list'
        : 'see osdemo shm list',
    )
  }
}

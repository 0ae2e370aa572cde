/**
 * POSIX shared memory, shm_overview(7). On Linux an object is a file in /dev/shm, a file system that keeps its files in memory.
 * It stays until a process unlinks it, even when its creator has exited, and its pages until no process has it open or mapped.
 */
import { constants } from 'node:buffer'
import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  readdirSync,
  type Stats,
  statfsSync,
} from 'node:fs'
import { constants as system } from 'node:os'
import { DemoFailed, errnoOf, systemCallError, UsageError } from '../errors.js'
import { checked, cString, failed, mmap, msync, munmap, native, posixFallocate, viewMemory } from './libc.js'
import { mark } from './mark.js'
import { wrongName } from './object-name.js'
import type { Attached } from './sysv-shm.js'

/** Where the objects are files. */
export const objectFolder = '/dev/shm'

// fcntl.h of Linux; the same on x86-64 and arm64.
const O_RDONLY = 0
const O_RDWR = 2
const O_CREAT = 0o100
const O_EXCL = 0o200
/** Without effect on an object. A FIFO of this name must not block the open. */
const O_NONBLOCK = 0o4000

// sys/mman.h; the same on x86-64 and arm64.
const PROT_READ = 1
const PROT_WRITE = 2
const MAP_SHARED = 1
const MAP_PRIVATE = 2
const MS_SYNC = 4

/** Files of named semaphores begin with this, sem_overview(7). */
const semaphorePrefix = 'sem.'

/** @throws UsageError when this cannot be the name of an object */
export function requireName(name: string): void {
  const taken = name.startsWith(`/${semaphorePrefix}`) ? 'semaphores have such names' : undefined
  const wrong = wrongName(name) ?? taken
  if (wrong)
    throw new UsageError(
      `${JSON.stringify(name)} cannot be the name of shared memory: ${wrong}`,
      'Use a name such as /osdemo.',
    )
}

/**
 * Creates an object of 0 bytes and opens it for reading and writing. It has osdemo's mark (mark.ts) until `setMode`.
 *
 * @returns its descriptor; undefined when an object with this name exists already
 */
export function makeObject(name: string): number | undefined {
  try {
    const fd = shmOpen(name, O_RDWR | O_CREAT | O_EXCL, 0o600 | mark)
    // shm_open(3) takes the bits of the umask away.
    fchmodSync(fd, 0o600 | mark)
    return fd
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    throw objectError(error, `cannot create shared memory ${name}`)
  }
}

/** Gives a new object its permissions, which also removes osdemo's mark. */
export function setMode(fd: number, mode: number): void {
  fchmodSync(fd, mode)
}

/**
 * Opens an existing object. Its descriptor is closed on exec.
 *
 * @throws SystemCallError: ENOENT when there is none, EACCES when its mode forbids it; DemoFailed when it is no regular file
 */
export function openObject(name: string, purpose: 'read' | 'write'): number {
  let fd: number
  try {
    fd = shmOpen(name, (purpose === 'read' ? O_RDONLY : O_RDWR) | O_NONBLOCK, 0)
  } catch (error) {
    throw objectError(
      error,
      `cannot open shared memory ${name} for ${purpose === 'read' ? 'reading' : 'writing'}`,
    )
  }
  if (fstatSync(fd).isFile()) return fd
  closeSync(fd)
  throw new DemoFailed(`${objectFolder}${name} is no shared memory, because it is no regular file`, {
    hint: 'Use another --name. List the objects: osdemo shm list',
  })
}

function shmOpen(name: string, flags: number, mode: number): number {
  const call = native('shm_open', 'int shm_open(const char *name, int flags, unsigned int mode)')
  return checked('shm_open', call(cString(name), flags, mode))
}

/** shm_unlink(3): the name is free at once; the kernel frees the pages after the last close and munmap. @throws SystemCallError */
export function unlinkObject(name: string): void {
  try {
    checked('shm_unlink', native('shm_unlink', 'int shm_unlink(const char *name)')(cString(name)))
  } catch (error) {
    throw objectError(error, `cannot remove shared memory ${name}`)
  }
}

const hints: Record<string, string> = {
  ENOENT: 'Create it first: osdemo shm write hello --name NAME. List the objects: osdemo shm list',
  EACCES: 'Only its owner and root may do this. List the owners and modes: osdemo shm list',
  EISDIR: 'Use another --name: this one is a folder in /dev/shm.',
  ELOOP: 'Use another --name: this one is a symbolic link in /dev/shm.',
  ENOSPC: `Remove an object, or use a smaller size. How much is free: df -h ${objectFolder}`,
}

function objectError(error: unknown, attempt: string): unknown {
  return systemCallError(error, attempt, (errno) => hints[errno])
}

/** The file of an object, and never what a symbolic link leads to; undefined where there is none. */
export function objectAt(name: string): Stats | undefined {
  const stats = lstatSync(`${objectFolder}${name}`, { throwIfNoEntry: false })
  return stats?.isFile() ? stats : undefined
}

/** All objects, by name; none where there is no such folder. Semaphores are left out, and no object is opened. */
export function listObjects(): { name: string; stats: Stats }[] {
  if (!existsSync(objectFolder)) return []
  return readdirSync(objectFolder)
    .filter((file) => !file.startsWith(semaphorePrefix))
    .sort()
    .flatMap((file) => {
      const stats = objectAt(`/${file}`)
      return stats ? [{ name: `/${file}`, stats }] : []
    })
}

/** Which object this is: names can be given to another object, device and inode number not. */
export interface ObjectIdentity {
  device: number
  ino: number
}

export function identityOf({ dev, ino }: Pick<Stats, 'dev' | 'ino'>): ObjectIdentity {
  return { device: dev, ino }
}

/** Whether this object no longer has this name. */
export function isObjectRemoved(name: string, { device, ino }: ObjectIdentity): boolean {
  const stats = objectAt(name)
  return stats?.dev !== device || stats.ino !== ino
}

/**
 * Makes an object at least so long, and reserves its pages up to there. Without that, a store into the mapping would be killed by
 * SIGBUS where the file system is full.
 *
 * @throws SystemCallError: ENOSPC; then the object has the size that it had before
 */
export function reserve(fd: number, size: number): void {
  const { size: before, blocks: had } = fstatSync(fd)
  try {
    // The kernel would reserve page by page until none is free, and take this memory from all processes meanwhile.
    const { bavail, bsize, blocks } = statfsSync(objectFolder)
    if (blocks > 0 && size - 512 * had > bavail * bsize) throw failed('posix_fallocate', system.errno.ENOSPC)
    if (size > before) ftruncateSync(fd, size)
    posixFallocate(fd, size)
  } catch (error) {
    if (fstatSync(fd).size > before) ftruncateSync(fd, before)
    throw objectError(error, `cannot reserve ${size} bytes in ${objectFolder}`)
  }
}

/**
 * Maps an object. The mapping stays when the descriptor is closed.
 *
 * @param size bytes to map, more than 0
 * @throws SystemCallError; EACCES when the descriptor is read-only and the mapping is not
 */
export function mapObject(fd: number, size: number, { readOnly = false, isPrivate = false } = {}): Attached {
  let address: bigint
  try {
    const protection = readOnly ? PROT_READ : PROT_READ | PROT_WRITE
    address = mmap(fd, size, protection, isPrivate ? MAP_PRIVATE : MAP_SHARED)
  } catch (error) {
    throw objectError(error, `cannot map ${size} bytes of a file`)
  }
  const mapped: Attached = {
    memory: viewMemory(address, Math.min(size, constants.MAX_LENGTH)),
    address,
    detach() {
      mapped.memory = new ArrayBuffer(0)
      munmap(address, size)
    },
  }
  return mapped
}

/** msync(2) with MS_SYNC: waits until the file system has written the changed pages of a mapping. @throws SystemCallError */
export function syncMapped(address: bigint, size: number): void {
  try {
    msync(address, size, MS_SYNC)
  } catch (error) {
    throw systemCallError(error, 'cannot write a mapped file to its disk')
  }
}

/**
 * Opens and maps an object. `check` throws when it has become shorter than the mapping: an access to a page beyond its end would
 * be killed by SIGBUS.
 *
 * @param object its name, and which one of this name it was
 * @param size bytes to map
 * @param room bytes to reserve, for writing
 * @throws SystemCallError; DemoFailed when it was replaced or is shorter
 */
export function attachObject(
  { name, device, ino }: ObjectIdentity & { name: string },
  size: number,
  purpose: { room: number } | 'read',
): Attached {
  const fd = openObject(name, purpose === 'read' ? 'read' : 'write')
  const stats = fstatSync(fd)
  if (stats.dev !== device || stats.ino !== ino)
    throw new DemoFailed(`another process has just replaced shared memory ${name}`, {
      hint: 'Run the command again.',
    })
  if (purpose !== 'read') reserve(fd, purpose.room)
  const check = () => {
    const now = fstatSync(fd).size
    if (now < size)
      throw new DemoFailed(
        `another process made ${name} shorter: it has ${now} of the ${size} bytes that are mapped here`,
        { hint: 'An access beyond its end would be killed by SIGBUS. Run the command again.' },
      )
  }
  check()
  const mapped = mapObject(fd, size, { readOnly: purpose === 'read' })
  const { detach } = mapped
  return Object.assign(mapped, {
    check,
    detach() {
      detach()
      closeSync(fd)
    },
  })
}

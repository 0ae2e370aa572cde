/**
 * Named POSIX semaphores, sem_overview(7). On Linux a semaphore is a file in /dev/shm that processes map. It stays until a process
 * unlinks it. The C library counts in that memory, and the kernel is needed only to wait and to wake: it keeps no list of them.
 */
import { chmodSync, lstatSync, readdirSync, type Stats } from 'node:fs'
import { errnoOf, systemCallError, Unavailable, UsageError } from '../errors.js'
import { checked, cString, intOf, native } from './libc.js'
import { mark } from './mark.js'
import { wrongName } from './object-name.js'

/** The largest value: SEM_VALUE_MAX of limits.h. */
export const largestValue = 2 ** 31 - 1

// fcntl.h of Linux; the same on x86-64 and arm64.
const O_CREAT = 0o100
const O_EXCL = 0o200

/** Where the C library keeps them, and how it names their files. */
const place = '/dev/shm'
const prefix = 'sem.'

/** A semaphore that this process has open. Its calls throw SystemCallError. */
export interface NamedSemaphore {
  name: string
  /** Blocks while the value is 0. */
  wait(): void
  /** Returns false where `wait` would block. */
  tryWait(): boolean
  /** EOVERFLOW above `largestValue`. */
  post(): void
  value(): number
  close(): void
}

/** The path of its file. */
export function semaphoreFile(name: string): string {
  return `${place}/${prefix}${name.slice(1)}`
}

/** Which file it is, never what a symbolic link leads to; undefined where there is none. @throws UsageError for a wrong name */
export function semaphoreAt(name: string): Stats | undefined {
  requireName(name)
  const stats = lstatSync(semaphoreFile(name), { throwIfNoEntry: false })
  return stats?.isFile() ? stats : undefined
}

/** The names of all semaphores. */
export function semaphoreNames(): string[] {
  try {
    const files = readdirSync(place).filter((file) => file.startsWith(prefix))
    return files.map((file) => `/${file.slice(prefix.length)}`).sort()
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return []
  }
}

/**
 * Creates a semaphore with osdemo's mark (mark.ts), and opens it.
 *
 * @returns undefined when one with this name exists already
 * @throws SystemCallError, UsageError, Unavailable
 */
export function makeNamed(name: string, value: number): NamedSemaphore | undefined {
  try {
    const made = opened(name, open(name, O_CREAT | O_EXCL, 0o600 | mark, value))
    // sem_open(3) takes the bits of the umask away.
    chmodSync(semaphoreFile(name), 0o600 | mark)
    return made
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    throw semaphoreError(error, `cannot create semaphore ${name}`)
  }
}

/** @throws SystemCallError: ENOENT when it does not exist, EACCES when its mode forbids it; UsageError, Unavailable */
export function openNamed(name: string): NamedSemaphore {
  try {
    return opened(name, open(name, 0, 0, 0))
  } catch (error) {
    throw semaphoreError(error, `cannot open semaphore ${name}`)
  }
}

/** sem_unlink(3): the name is free at once. Processes that have it open, and those that wait, notice nothing. @throws SystemCallError */
export function unlinkNamed(name: string): void {
  try {
    checked('sem_unlink', native('sem_unlink', 'int sem_unlink(const char *name)')(cString(name)))
  } catch (error) {
    throw semaphoreError(error, `cannot remove semaphore ${name}`)
  }
}

const hints: Record<string, string> = {
  ENOENT: 'List the semaphores: osdemo semaphore list',
  EACCES: 'Use another --name, or ask its owner for access. List the owners: osdemo semaphore list',
  EPERM: 'Only its owner and root may do this. List the owners: osdemo semaphore list',
  EINVAL: 'Its file in /dev/shm is no semaphore. Use another --name.',
  ENOSPC: `The file system is full. Remove a file from ${place}`,
  EOVERFLOW: `A semaphore counts up to ${largestValue}. Let another process wait on it first.`,
}

function semaphoreError(error: unknown, attempt: string): unknown {
  return systemCallError(error, attempt, (errno) => hints[errno])
}

function open(name: string, flags: number, mode: number, value: number): bigint {
  if (process.platform !== 'linux')
    throw new Unavailable(`osdemo does not know the semaphores of ${process.platform}`, 'Use Linux.')
  requireName(name)
  const prototype = 'void *sem_open(const char *name, int flags, unsigned int mode, unsigned int value)'
  // koffi returns a pointer as a bigint, and SEM_FAILED, which is NULL, as null.
  const address = native('sem_open', prototype)(cString(name), flags, mode, value) as bigint | null
  return address ?? BigInt(checked('sem_open', -1))
}

/** @throws UsageError when this cannot be the name of a semaphore */
function requireName(name: string): void {
  const isLong = Buffer.byteLength(name) > 252
  const wrong = wrongName(name) ?? (isLong ? 'it has more than 251 bytes after the slash' : undefined)
  if (wrong)
    throw new UsageError(
      `${JSON.stringify(name)} cannot be the name of a semaphore: ${wrong}`,
      'Use a name such as /osdemo.',
    )
}

function opened(name: string, address: bigint): NamedSemaphore {
  let isOpen = true
  const call = (which: string, ...more: Uint8Array[]) => {
    // The C library would use memory that is no longer mapped, and SIGSEGV would kill the process.
    if (!isOpen) throw new Error(`semaphore ${name} is closed`)
    try {
      const prototype = `int ${which}(${['void *semaphore', ...more.map(() => 'void *value')].join(', ')})`
      checked(which, native(which, prototype)(address, ...more))
    } catch (error) {
      throw errnoOf(error) === 'EAGAIN' ? error : semaphoreError(error, `cannot use semaphore ${name}`)
    }
  }
  return {
    name,
    wait: () => call('sem_wait'),
    tryWait() {
      try {
        call('sem_trywait')
        return true
      } catch (error) {
        if (errnoOf(error) === 'EAGAIN') return false
        throw error
      }
    },
    post: () => call('sem_post'),
    value: () => intOf((value) => call('sem_getvalue', value)),
    close() {
      call('sem_close')
      isOpen = false
    },
  }
}

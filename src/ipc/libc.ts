/**
 * The only module that calls the C library, through koffi. koffi is loaded at the first call, so that other commands start
 * without that delay. A failed call throws an error with `code`, `errno` and `syscall`, as Node's own calls do.
 *
 * Addresses are bigints, as koffi returns them. A wrong address crashes the process, as in C.
 */
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { getSystemErrorName, promisify } from 'node:util'
import type * as Koffi from 'koffi'
import { Unavailable } from '../errors.js'

/** The error of a failed call of the C library. `systemCallError` turns it into a sentence. */
interface SystemError extends Error {
  code: string
  errno: number
  syscall: string
}

export type Native = (...args: (number | bigint | Uint8Array | null)[]) => number | bigint

type AsyncSplice = (
  from: number,
  fromOffset: null,
  to: number,
  toOffset: null,
  length: number,
  flags: number,
  done: (error: Error | null, result: number) => void,
) => void

let koffi: typeof Koffi | undefined
let library: Koffi.LibraryHandle | undefined
const natives = new Map<string, Native>()

/**
 * A function of the C library, by its prototype. For the other files of `ipc`.
 *
 * @throws Unavailable where the library does not have it, or koffi does not run here
 */
export function native(name: string, prototype: string): Native {
  let found = natives.get(name)
  if (found) return found
  library ??= load().load(null)
  try {
    // koffi types it as a function of anything; the prototype is what makes `Native` true.
    found = library.func(prototype) as Native
  } catch (cause) {
    throw new Unavailable(`the C library of this machine has no ${name}`, 'Use Linux with glibc.', cause)
  }
  natives.set(name, found)
  return found
}

function load(): typeof Koffi {
  try {
    // `require` returns what `import koffi` would return, and the types are those of the package.
    koffi ??= createRequire(import.meta.filename)('koffi') as typeof Koffi
    return koffi
  } catch (cause) {
    throw new Unavailable(
      `koffi, which calls the C library, is not installed for ${process.platform} ${process.arch}`,
      'Install osdemo again with its optional dependencies: npm install --include=optional',
      cause,
    )
  }
}

/** The version of koffi. @throws Unavailable where it does not run */
export function koffiVersion(): string {
  return load().version
}

/** Names of asm-generic/errno.h that Node does not know. */
const moreNames: Record<number, string> = {
  10: 'ECHILD',
  42: 'ENOMSG',
  43: 'EIDRM',
  130: 'EOWNERDEAD',
  131: 'ENOTRECOVERABLE',
}

/** The error that Node would throw for a call that failed with this errno. */
export function failed(call: string, errno: number): SystemError {
  const code = moreNames[errno] ?? getSystemErrorName(-errno)
  return Object.assign(new Error(`${call}: ${code}`), { code, errno: -errno, syscall: call })
}

/** The result of a call that reports a failure as -1 and errno. @throws SystemError */
export function checked(call: string, result: number | bigint): number {
  // errno is read at once, because the next call may change it.
  if (Number(result) === -1) throw failed(call, load().errno())
  return Number(result)
}

/** Checks a call that returns its errno, as the pthread calls and posix_fallocate(3) do. @throws SystemError */
function checkedThread(call: string, result: number | bigint): void {
  if (result !== 0) throw failed(call, Number(result))
}

/** shmget(2). @param key 0 (IPC_PRIVATE) creates a new segment @param size in bytes @returns the id of the segment */
export function shmget(key: number, size: number, flags: number): number {
  return checked('shmget', native('shmget', 'int shmget(int key, size_t size, int flags)')(key, size, flags))
}

/** shmat(2): attaches a segment. @returns its address in this process */
export function shmat(id: number, flags: number): bigint {
  // koffi returns a pointer as a bigint.
  const address = native('shmat', 'void *shmat(int id, void *address, int flags)')(id, null, flags) as bigint
  if (BigInt.asIntN(64, address) === -1n) throw failed('shmat', load().errno())
  return address
}

/** shmdt(2). Code that uses a view of this address afterwards is killed by SIGSEGV. */
export function shmdt(address: bigint): void {
  checked('shmdt', native('shmdt', 'int shmdt(void *address)')(address))
}

/** shmctl(2), for commands that need no buffer, such as IPC_RMID. */
export function shmctl(id: number, command: number): void {
  checked('shmctl', native('shmctl', 'int shmctl(int id, int command, void *buffer)')(id, command, null))
}

/** The bytes of a text and a NUL, as C functions expect them. */
export function cString(text: string): Uint8Array {
  return Buffer.from(`${text}\0`)
}

/** semget(2). @param key 0 (IPC_PRIVATE) creates a new set @returns the id of the set */
export function semget(key: number, semaphores: number, flags: number): number {
  return checked(
    'semget',
    native('semget', 'int semget(int key, int semaphores, int flags)')(key, semaphores, flags),
  )
}

/** semop(2). @param operations an array of struct sembuf: number, change and flags, 16 bits each */
export function semop(id: number, operations: Int16Array): void {
  const prototype = 'int semop(int id, void *operations, size_t count)'
  const bytes = new Uint8Array(operations.buffer, operations.byteOffset, operations.byteLength)
  checked('semop', native('semop', prototype)(id, bytes, operations.length / 3))
}

/** semctl(2), for commands that need no argument, such as GETVAL and IPC_RMID. */
export function semctl(id: number, number: number, command: number): number {
  const prototype = 'int semctl(int id, int number, int command, long none)'
  return checked('semctl', native('semctl', prototype)(id, number, command, 0))
}

/** mmap(2) of a file from its first byte on, at an address that the kernel chooses. */
export function mmap(fd: number, size: number, protection: number, flags: number): bigint {
  const prototype = 'void *mmap(void *address, size_t size, int protection, int flags, int fd, long offset)'
  // koffi returns a pointer as a bigint.
  const address = native('mmap', prototype)(null, size, protection, flags, fd, 0) as bigint
  if (BigInt.asIntN(64, address) === -1n) throw failed('mmap', load().errno())
  return address
}

/** munmap(2). Code that uses a view of these addresses afterwards is killed by SIGSEGV. */
export function munmap(address: bigint, size: number): void {
  checked('munmap', native('munmap', 'int munmap(void *address, size_t size)')(address, size))
}

/** msync(2). @param flags such as MS_SYNC */
export function msync(address: bigint, size: number, flags: number): void {
  checked('msync', native('msync', 'int msync(void *address, size_t size, int flags)')(address, size, flags))
}

/** posix_fallocate(3): the file system reserves room for the first bytes of a file, and makes the file longer if need be. */
export function posixFallocate(fd: number, size: number): void {
  const { EINTR } = constants.errno
  const call = native('posix_fallocate', 'int posix_fallocate(int fd, long offset, long size)')
  let errno: number | bigint = EINTR
  while (errno === EINTR) errno = call(fd, 0, size)
  checkedThread('posix_fallocate', errno)
}

/** malloc(3) and memset(3): allocates memory and writes to all of it. It is never freed. @returns its address */
export function allocate(bytes: number): bigint {
  const address = native('malloc', 'void *malloc(size_t size)')(bytes)
  if (!address) throw failed('malloc', constants.errno.ENOMEM)
  native('memset', 'void *memset(void *address, int value, size_t size)')(address, 1, bytes)
  return BigInt(address)
}

/** PR_SET_PDEATHSIG of linux/prctl.h. */
const PR_SET_PDEATHSIG = 1
const SIGKILL = 9

/** prctl(2): the kernel kills this process when its parent exits, even while it is blocked in a call. Linux only. */
export function dieWithParent(): void {
  if (process.platform !== 'linux') return
  const prototype = 'int prctl(int option, unsigned long value, unsigned long, unsigned long, unsigned long)'
  checked('prctl', native('prctl', prototype)(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
}

/** The memory at an address as an ArrayBuffer, not a copy. Code that uses it after an unmap is killed by SIGSEGV. */
export function viewMemory(address: bigint, size: number): ArrayBuffer {
  return load().view(address, size)
}

/** fcntl(2), for commands that need an int, such as F_SETPIPE_SZ. */
export function fcntl(fd: number, command: number, value: number): number {
  return checked('fcntl', native('fcntl', 'int fcntl(int fd, int command, int value)')(fd, command, value))
}

/** ioctl(2), for commands that need the address of an int, such as FIONREAD. */
export function ioctl(fd: number, command: number, value: Uint8Array): void {
  const prototype = 'int ioctl(int fd, unsigned long command, void *value)'
  checked('ioctl', native('ioctl', prototype)(fd, command, value))
}

/** The int that a call writes to the address it was passed. */
export function intOf(fill: (value: Uint8Array) => void): number {
  const value = new Int32Array(1)
  fill(new Uint8Array(value.buffer))
  return value[0] ?? 0
}

/** poll(2) of one descriptor. @returns the events that happened before the time was over or a signal arrived */
export function poll(fd: number, events: number, milliseconds: number): number {
  // struct pollfd: int fd; short events; short revents.
  const entry = new Int16Array(4)
  new Int32Array(entry.buffer)[0] = fd
  entry[2] = events
  const prototype = 'int poll(void *entries, unsigned long number, int milliseconds)'
  if (native('poll', prototype)(new Uint8Array(entry.buffer), 1, milliseconds) === -1) {
    const errno = load().errno()
    if (errno !== constants.errno.EINTR) throw failed('poll', errno)
  }
  return entry[3] ?? 0
}

/** A blocking splice(2). It resolves to the number of bytes moved, 0 at end of file, or -1 when the call failed. */
export type Splice = (from: number, to: number, length: number) => Promise<number>

/**
 * splice(2), for a caller to keep. It blocks in a thread of koffi, so that the event loop continues. The errno of a failed call
 * is lost with that thread.
 *
 * @throws Unavailable where splice(2) does not exist, or koffi does not run here
 */
export function openSplice(): Splice {
  const prototype =
    'long splice(int from, void *fromOffset, int to, void *toOffset, size_t length, unsigned int flags)'
  // Every function of koffi has `async`; `Native` leaves it out because no other caller needs it.
  const call = promisify((native('splice', prototype) as Native & { async: AsyncSplice }).async)
  return (from, to, length) => call(from, null, to, null, length, 0)
}

/** getpagesize(2), in bytes. */
export function getpagesize(): number {
  return Number(native('getpagesize', 'int getpagesize()')())
}

/** _LINUX_CAPABILITY_VERSION_3 of linux/capability.h: two words each of effective, permitted and inheritable bits. */
const capabilityVersion = 0x20080522

/**
 * Runs `action` while this thread does not have a capability: capset(2), capabilities(7).
 *
 * @param number of linux/capability.h, below 32
 */
export function withoutCapability<T>(number: number, action: () => T): T {
  const prototype = (call: string) => `int ${call}(void *header, void *data)`
  const header = new Uint8Array(new Uint32Array([capabilityVersion, 0]).buffer)
  const had = new Uint32Array(6)
  const bytes = (words: Uint32Array) => new Uint8Array(words.buffer)
  checked('capget', native('capget', prototype('capget'))(header, bytes(had)))
  const set = (words: Uint32Array) =>
    checked('capset', native('capset', prototype('capset'))(header, bytes(words)))
  // `had` has six elements.
  const without = had.with(0, had[0]! & ~(1 << number))
  set(without)
  try {
    return action()
  } finally {
    set(had)
  }
}

/** The system call number of futex(2), for which the C library has no function. */
const futexNumber: Partial<Record<NodeJS.Architecture, number>> = { x64: 202, arm64: 98 }

const FUTEX_WAIT = 0
const FUTEX_WAKE = 1

/** futex(2) on cells that processes share. Callers keep this object: looking the function up costs as much as a call. */
export interface Futex {
  /** Sleeps while the cell has this value, at most so many milliseconds. It may return without a wake, as after a signal. */
  wait(address: bigint, expected: number, milliseconds?: number): void
  /** Wakes every thread that sleeps on this cell. */
  wake(address: bigint): void
}

/** @throws Unavailable where futex(2) does not exist */
export function openFutex(): Futex {
  const number = process.platform === 'linux' ? futexNumber[process.arch] : undefined
  if (number === undefined) {
    throw new Unavailable(`futex(2) does not exist on ${process.platform} ${process.arch}`, 'Use Linux.')
  }
  const call = native(
    'syscall',
    'long syscall(long number, uint64_t address, int operation, int value, void *timeout)',
  )
  const { EAGAIN, EINTR, ETIMEDOUT } = constants.errno
  return {
    wait(address, expected, milliseconds) {
      if (call(number, address, FUTEX_WAIT, expected, timeoutOf(milliseconds)) === 0) return
      const errno = load().errno()
      if (errno !== EAGAIN && errno !== EINTR && errno !== ETIMEDOUT) throw failed('futex', errno)
    },
    wake: (address) => void checked('futex', call(number, address, FUTEX_WAKE, 2 ** 31 - 1, null)),
  }
}

/** struct timespec of time.h: seconds and nanoseconds. Without a time, futex(2) waits without a limit. */
function timeoutOf(milliseconds: number | undefined): Uint8Array | null {
  if (milliseconds === undefined) return null
  const nanoseconds = BigInt(Math.round(milliseconds * 1e6))
  return new Uint8Array(new BigInt64Array([nanoseconds / 10n ** 9n, nanoseconds % 10n ** 9n]).buffer)
}

/** pthread_mutex_init(3): creates a lock that processes can share, and that is robust (pthread_mutexattr_setrobust(3)). */
export function initRobustMutex(address: bigint): void {
  const attributes = new Uint8Array(64)
  const set = (call: string, value: number) =>
    checkedThread(call, native(call, `int ${call}(void *attributes, int value)`)(attributes, value))
  const init = native('pthread_mutexattr_init', 'int pthread_mutexattr_init(void *attributes)')
  checkedThread('pthread_mutexattr_init', init(attributes))
  set('pthread_mutexattr_setpshared', 1)
  set('pthread_mutexattr_setrobust', 1)
  const make = native('pthread_mutex_init', 'int pthread_mutex_init(void *mutex, void *attributes)')
  checkedThread('pthread_mutex_init', make(address, attributes))
}

/** pthread_mutex_lock(3), _unlock and _consistent, for a caller to keep. Each returns an errno or 0. */
export function openMutex(): Record<'lock' | 'unlock' | 'consistent', (address: bigint) => number> {
  const open = (call: string) =>
    // By the prototype the result is an int, which koffi returns as a number.
    native(`pthread_mutex_${call}`, `int pthread_mutex_${call}(void *mutex)`) as (address: bigint) => number
  return { lock: open('lock'), unlock: open('unlock'), consistent: open('consistent') }
}

/** EOWNERDEAD of asm-generic/errno.h: the lock holder died, and the caller holds the lock now. */
export const ownerDied = 130

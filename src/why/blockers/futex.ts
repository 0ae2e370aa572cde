/** futex(2): locks, conditions and joins. The kernel knows an address, but mostly not which thread should wake the sleeper. */
import { isElsewhere } from '../../proc/links.js'
import { semaphoreName } from '../../proc/posix-shm.js'
import { readMemory, readTimespec } from '../../proc/process-memory.js'
import { type Mapping, readMaps } from '../../proc/smaps.js'
import { canBeAddressed } from '../../proc/stat.js'
import { knownAs, readNamespaceIds } from '../../proc/status.js'
import { threads } from '../../proc/task.js'
import type { Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { type Step, waitOrEnd } from '../step.js'

export interface FutexBlocker extends Waking {
  kind: 'futex'
  /** In hexadecimal, without 0x. */
  address: string
  /** The operation with its flags, as the process gave it to the kernel. */
  operation: number
  /** Whether only threads of this process can wake it. */
  isPrivate: boolean
  /** What is mapped there: a path, `[heap]`, ..., or empty for nameless memory. Undefined where that cannot be seen. */
  mapping?: string
  /** The word at that address; undefined where it may not be read. */
  value?: number
  /** The thread whose exit it waits for, as pthread_join(3) does. */
  joined?: number
  /** The thread that holds the lock. */
  owner?: LockOwner
  /** A named semaphore: sem_open(3). `value` is its value. */
  semaphore?: string
  /** The other threads of this process. */
  mates: number[]
  /** The pids of other processes that map the same memory. */
  sharers: number[]
  /** Whether there is a time limit. */
  isTimed: boolean
  /** Seconds until then; undefined where that may not be read. */
  left?: number
}

export interface LockOwner {
  /** Its id, and its process; where it has exited, the id that it had. */
  tid: number
  pid?: number
  /** The kernel's own record of a lock that inherits priority, or a mutex of glibc, which keeps the owner beside its lock word. */
  source: 'kernel' | 'mutex'
  /** Whether the thread has exited without unlocking. No thread will unlock it then, unless it is robust. */
  isDead: boolean
  /** Whether the kernel passes the lock on when its owner exits: pthread_mutexattr_setrobust(3). */
  isRobust: boolean
}

// linux/futex.h
const WAIT = 0
const LOCK_PI = 6
const WAIT_BITSET = 9
const LOCK_PI2 = 13
const PRIVATE = 128
const REALTIME = 256
const TID_MASK = 0x3fffffff

/** A thread in futex(2), with the arguments of that call. */
export function futexWait(world: World, pid: number, tid: number, args: bigint[]): FutexBlocker {
  const [address = 0n, op = 0n, expected = 0n, timeout = 0n] = args
  const operation = Number(op)
  const command = operation & 0x7f
  const isPrivate = (operation & PRIVATE) !== 0
  const mapping = readMaps(pid).find(({ from, to }) => from <= address && address < to)
  const value = readMemory(pid, address, 4)?.readUInt32LE()
  const left = timeout === 0n ? undefined : timeLeft(pid, command, operation, timeout)
  const mates = threads(pid).filter((mate) => mate !== tid)
  const joined =
    !isPrivate && value !== undefined && value === Number(expected)
      ? knownAs(pid, value, mates, pid)
      : undefined
  const sharers = isPrivate || joined !== undefined ? [] : sharersOf(world, pid, mapping)
  const owner =
    joined === undefined
      ? ownerOf(pid, address, command, Number(BigInt.asUintN(32, expected)), value, isPrivate, sharers)
      : undefined
  const semaphore =
    mapping?.name.startsWith('/dev/shm/sem.') && mapping.from === address
      ? semaphoreName(pid, mapping.inode)
      : undefined
  const isOwn = isPrivate || joined !== undefined
  const wakerThread = joined ?? (owner?.isDead ? undefined : owner?.tid)
  return {
    kind: 'futex',
    address: address.toString(16),
    operation,
    isPrivate,
    ...(mapping && { mapping: mapping.name }),
    ...(value !== undefined && { value }),
    ...(joined !== undefined && { joined }),
    ...(owner && { owner }),
    ...(semaphore !== undefined && { semaphore }),
    mates,
    sharers,
    isTimed: timeout !== 0n,
    ...(left !== undefined && { left }),
    ...wakersOf(),
    ...(wakerThread !== undefined && { wakerThread }),
    // The owner of a private lock that has exited may be a number that only looks like one.
    certain: !owner?.isDead || !isPrivate,
    steps: stepsOf(),
  }

  function wakersOf(): Pick<Waking, 'wakers' | 'open'> {
    const isTimed = timeout !== 0n
    if (owner) return { wakers: owner.pid === undefined ? [] : [owner.pid], open: isTimed }
    // Any process that may open a named semaphore can post to it.
    const open = isTimed || semaphore !== undefined || (!isOwn && sharers.length === 0)
    return { wakers: isOwn ? (mates.length > 0 ? [pid] : []) : [...sharers, pid], open }
  }

  function stepsOf(): Step[] {
    const wait: Step[] = [{ do: 'wait' }]
    if (semaphore !== undefined && !isElsewhere(pid, 'mnt'))
      return [...wait, { do: 'post-semaphore', name: semaphore }]
    if (owner?.isDead || owner?.tid === tid) return timeout === 0n ? [] : wait
    // A plain lock whose owner was terminated is locked forever.
    if (owner?.pid !== undefined && owner.pid !== pid) return owner.isRobust ? waitOrEnd([owner.pid]) : wait
    return timeout !== 0n || mates.length > 0 || !isPrivate ? wait : []
  }
}

/** Other processes that map the same memory, shared. */
function sharersOf(world: World, pid: number, mapping: Mapping | undefined): number[] {
  if (!mapping?.permissions.endsWith('s')) return []
  const all = world.memoryUsers().get(`${mapping.device} ${mapping.inode}`) ?? []
  return all.filter((other) => other !== pid)
}

/**
 * struct __pthread_mutex_s of glibc's 64-bit struct_mutex.h: the lock word, a count, the owner, the number of users, the kind. Their
 * values must fit each other, because other memory may begin with the same lock word.
 */
const mutexBytes = 20
/** The kinds of pthreadP.h: robust, and shared by processes. The lower bits say what a second lock does. */
const ROBUST = 16
const INHERITS = 32
const SHARED = 128
const kindBits = 0x1b3

/**
 * The thread that holds a lock. Of a priority-inheriting one, the kernel itself keeps the id in the lock word, and glibc does the
 * same for a robust mutex. Of a plain one that a thread waits for, the word is 2.
 */
function ownerOf(
  pid: number,
  address: bigint,
  command: number,
  expected: number,
  value: number | undefined,
  isPrivate: boolean,
  sharers: readonly number[],
): LockOwner | undefined {
  if (value === undefined) return undefined
  if (command === LOCK_PI || command === LOCK_PI2) {
    const found = threadOf(value & TID_MASK)
    return found && { ...found, source: 'kernel', isRobust: false }
  }
  if ((command !== WAIT && command !== WAIT_BITSET) || expected !== value) return undefined
  const mutex = readMemory(pid, address, mutexBytes)
  if (mutex?.length !== mutexBytes) return undefined
  const [kept, users, kind] = [mutex.readUInt32LE(8), mutex.readUInt32LE(12), mutex.readUInt32LE(16)]
  const isRobust = (kind & ROBUST) !== 0
  const isMutex =
    (kind & ~kindBits) === 0 &&
    (kind & INHERITS) === 0 &&
    ((kind & SHARED) === 0) === isPrivate &&
    kept > 0 &&
    users === 1 &&
    (isRobust ? (value & TID_MASK) === kept : value === 2)
  if (!isMutex) return undefined
  const found = threadOf(kept)
  return found && { ...found, source: 'mutex', isRobust }

  /** Undefined where another process has this number now, or where that cannot be seen. */
  function threadOf(number: number): Pick<LockOwner, 'tid' | 'pid' | 'isDead'> | undefined {
    for (const other of [pid, ...sharers]) {
      const tid = knownAs(other, number, threads(other), other)
      if (tid !== undefined) return { tid, pid: other, isDead: false }
    }
    // In a nested pid namespace the number means nothing here.
    const isOurs = readNamespaceIds(pid).length === 1
    return isOurs && number <= largestPid && !canBeAddressed(number)
      ? { tid: number, isDead: true }
      : undefined
  }
}

/** PID_MAX_LIMIT of linux/threads.h, for 64-bit kernels. */
const largestPid = 2 ** 22

/** In seconds. The time of WAIT is a span; that of the others is a moment of one of two clocks. */
function timeLeft(pid: number, command: number, operation: number, address: bigint): number | undefined {
  const time = readTimespec(pid, address)
  if (time === undefined || command === WAIT) return time
  const clock =
    command === LOCK_PI || operation & REALTIME ? Date.now() / 1000 : Number(process.hrtime.bigint()) / 1e9
  return Math.max(0, time - clock)
}

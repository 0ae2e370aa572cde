/** futex(2): locks, conditions and joins. The kernel knows an address, but mostly not which thread should wake the sleeper. */
import { readPids } from '../../proc/pids.js'
import { readMemory, readTimespec } from '../../proc/process-memory.js'
import { type Mapping, readMaps } from '../../proc/smaps.js'
import { knownAs } from '../../proc/status.js'
import { threads } from '../../proc/task.js'
import type { Waking } from '../blocker.js'

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
  /** The thread that holds the lock: from the kernel's own record, or from the word beside it, where glibc's mutex has it. */
  owner?: { tid: number; source: 'kernel' | 'mutex' }
  /** The other threads of this process. */
  mates: number[]
  /** The pids of other processes that map the same memory. */
  sharers: number[]
  /** Whether there is a time limit. */
  isTimed: boolean
  /** Seconds until then; undefined where that may not be read. */
  left?: number
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
export function futexWait(pid: number, tid: number, args: bigint[]): FutexBlocker {
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
  const sharers = isPrivate || joined !== undefined ? [] : sharersOf(pid, mapping)
  const owner =
    joined === undefined
      ? ownerOf(pid, address, command, Number(BigInt.asUintN(32, expected)), value)
      : undefined
  const isOwn = isPrivate || joined !== undefined
  return {
    kind: 'futex',
    address: address.toString(16),
    operation,
    isPrivate,
    ...(mapping && { mapping: mapping.name }),
    ...(value !== undefined && { value }),
    ...(joined !== undefined && { joined }),
    ...(owner && { owner }),
    mates,
    sharers,
    isTimed: timeout !== 0n,
    ...(left !== undefined && { left }),
    wakers: isOwn ? (mates.length > 0 ? [pid] : []) : [...sharers, pid],
    open: timeout !== 0n || (!isOwn && sharers.length === 0),
    certain: true,
    steps: timeout !== 0n || mates.length > 0 || !isPrivate ? [{ do: 'wait' }] : [],
  }
}

/** Other processes that map the same memory, shared. */
function sharersOf(pid: number, mapping: Mapping | undefined): number[] {
  if (!mapping?.permissions.endsWith('s')) return []
  return readPids().filter(
    (other) =>
      other !== pid &&
      readMaps(other).some(({ device, inode }) => device === mapping.device && inode === mapping.inode),
  )
}

/**
 * The thread that holds a lock. Of a priority-inheriting one the kernel itself keeps the id. A mutex of glibc that a thread waits
 * for has the value 2, and two words further its owner. Other memory may look the same, so this owner is only likely.
 */
function ownerOf(
  pid: number,
  address: bigint,
  command: number,
  expected: number,
  value: number | undefined,
): FutexBlocker['owner'] {
  if (value === undefined) return undefined
  if (command === LOCK_PI || command === LOCK_PI2) {
    const tid = knownAs(pid, value & TID_MASK, threads(pid), pid)
    return tid === undefined ? undefined : { tid, source: 'kernel' }
  }
  if ((command !== WAIT && command !== WAIT_BITSET) || expected !== 2 || value !== 2) return undefined
  const kept = readMemory(pid, address + 8n, 4)?.readUInt32LE()
  const tid = kept === undefined ? undefined : knownAs(pid, kept, threads(pid), pid)
  return tid === undefined ? undefined : { tid, source: 'mutex' }
}

/** In seconds. The time of WAIT is a span; that of the others is a moment of one of two clocks. */
function timeLeft(pid: number, command: number, operation: number, address: bigint): number | undefined {
  const time = readTimespec(pid, address)
  if (time === undefined || command === WAIT) return time
  const clock =
    command === LOCK_PI || operation & REALTIME ? Date.now() / 1000 : Number(process.hrtime.bigint()) / 1e9
  return Math.max(0, time - clock)
}

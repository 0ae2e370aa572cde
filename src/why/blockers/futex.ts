/** futex(2): locks, conditions and joins of threads. The kernel knows an address, and mostly not who should wake. */

import { readPids } from '../../proc/pids.js'
import { readMemory, readTimespec } from '../../proc/process-memory.js'
import { type Mapping, readMaps } from '../../proc/smaps.js'
import { knownAs } from '../../proc/status.js'
import { threads } from '../../proc/task.js'
import { endCommand, listed, named, type Other, seconds, threadFolder } from '../snapshot.js'

// linux/futex.h
const WAIT = 0
const LOCK_PI = 6
const WAIT_BITSET = 9
const LOCK_PI2 = 13
const PRIVATE = 128
const REALTIME = 256
const TID_MASK = 0x3fffffff

/** A thread in futex(2), with the arguments of that call. */
export function futexWait(pid: number, tid: number, args: bigint[]): Other {
  const [address, op, expected, timeout] = args as [bigint, bigint, bigint, bigint]
  const command = Number(op) & 0x7f
  const isPrivate = (Number(op) & PRIVATE) !== 0
  const mapping = mappingAt(pid, address)
  const word = readMemory(pid, address, 4)?.readUInt32LE()
  const limit = timeout === 0n ? undefined : timeLeft(pid, command, Number(op), timeout)
  const mates = threads(pid).filter((mate) => mate !== tid)
  const joined = !isPrivate && word === Number(expected) ? knownAs(pid, word, mates, pid) : undefined
  const sharers = isPrivate || joined ? [] : sharersOf(pid, mapping)
  const owner = joined ?? ownerOf(pid, address, command, Number(BigInt.asUintN(32, expected)), word)
  const place = mapping?.name ? ` in ${mapping.name}` : ''
  const proofs = [
    {
      source: `${threadFolder(pid, tid)}/syscall`,
      value: `address 0x${address.toString(16)}, operation ${op}, ${isPrivate ? 'private' : 'shared'}`,
      about: 'the word that it sleeps on',
    },
  ]
  if (mapping) {
    proofs.push({
      source: `/proc/${pid}/maps`,
      value: mapping.name || 'nameless memory',
      about: 'where that word lies',
    })
  }
  if (word !== undefined)
    proofs.push({ source: `/proc/${pid}/mem`, value: `${word}`, about: 'what stands there now' })
  if (owner !== undefined && owner !== joined) {
    const about = 'what a mutex keeps there: the thread that has it'
    proofs.push({ source: `/proc/${pid}/mem`, value: `${owner}`, about })
  }
  const time =
    timeout === 0n ? '' : limit === undefined ? ', or the time to be up' : `, or ${seconds(limit)} to pass`
  return {
    object: joined
      ? `the end of its thread ${joined}`
      : `a lock, condition or the like at 0x${address.toString(16)}${place}`,
    event: joined
      ? `that thread to end${time}`
      : `another thread${isPrivate ? '' : ' or process'} to wake it${time}`,
    who: whoWakes({ isPrivate, joined, owner, command, mates, sharers, timed: timeout !== 0n }),
    proofs,
    wakers:
      isPrivate || joined ? (mates.length > 0 ? [pid] : []) : sharers.length > 0 ? [...sharers, pid] : [pid],
    open: timeout !== 0n || (!isPrivate && !joined && sharers.length === 0),
    step: {
      command: endCommand([pid]),
      effect: 'Nobody outside can release what lies in its memory.',
      ends: true,
    },
  }
}

interface Known {
  isPrivate: boolean
  joined: number | undefined
  owner: number | undefined
  command: number
  mates: number[]
  sharers: number[]
  timed: boolean
}

function whoWakes({ isPrivate, joined, owner, command, mates, sharers, timed }: Known): string {
  if (joined) return `The kernel wakes it when thread ${joined} ends: it waits as pthread_join(3) does.`
  if (owner !== undefined) {
    const sure = command === LOCK_PI || command === LOCK_PI2
    return sure
      ? `Thread ${owner} has the lock.`
      : `Probably thread ${owner} has the lock: that is what stands beside it, as in a mutex of the C library.`
  }
  if (!isPrivate) {
    return sharers.length > 0
      ? `Who has the lock the kernel does not know; this memory is also mapped by ${listed(sharers.map(named))}.`
      : 'Only who has this memory mapped too could wake it, and no other process has, as far as can be seen.'
  }
  if (mates.length === 0) {
    const way = timed ? '' : ' So nobody can: it waits for ever, unless a signal comes.'
    return `Only a thread of this process could wake it, and it has no other.${way}`
  }
  const few = mates.length <= 4
  const who =
    mates.length === 1
      ? `its thread ${mates[0]}`
      : few
        ? `its threads ${listed(mates.map(String))}`
        : `its ${mates.length} other threads`
  return `Who has it the kernel does not know; only ${who} can wake it.`
}

function mappingAt(pid: number, address: bigint): Mapping | undefined {
  return readMaps(pid).find(({ from, to }) => from <= address && address < to)
}

/** Other processes that have the same memory mapped, shared. */
function sharersOf(pid: number, mapping: Mapping | undefined): number[] {
  if (!mapping?.permissions.endsWith('s')) return []
  return readPids().filter(
    (other) =>
      other !== pid &&
      readMaps(other).some(({ device, inode }) => device === mapping.device && inode === mapping.inode),
  )
}

/**
 * The thread that has a lock. In a priority-inheriting one the kernel itself keeps its id. A mutex of glibc on which somebody
 * waits has the value 2, and two words further its owner; that may be something else that looks like one.
 */
function ownerOf(
  pid: number,
  address: bigint,
  command: number,
  expected: number,
  word?: number,
): number | undefined {
  if (command === LOCK_PI || command === LOCK_PI2)
    return word === undefined ? undefined : knownAs(pid, word & TID_MASK, threads(pid), pid)
  if ((command !== WAIT && command !== WAIT_BITSET) || expected !== 2 || word !== 2) return undefined
  const owner = readMemory(pid, address + 8n, 4)?.readUInt32LE()
  return owner === undefined ? undefined : knownAs(pid, owner, threads(pid), pid)
}

/** In seconds: WAIT and LOCK_PI2 differ in whether their time is a span or a moment, of one clock or the other. */
function timeLeft(pid: number, command: number, op: number, address: bigint): number | undefined {
  const time = readTimespec(pid, address)
  if (time === undefined || command === WAIT) return time
  const clock =
    command === LOCK_PI || op & REALTIME ? Date.now() / 1000 : Number(process.hrtime.bigint()) / 1e9
  return Math.max(0, time - clock)
}

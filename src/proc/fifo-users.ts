/**
 * Who uses a FIFO: who has it open, and who waits in open(2) for its other end. The latter has no descriptor yet, so
 * there is only the path that it gave to the kernel: an argument of its system call, in its own memory.
 */
import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import { holders } from './fds.js'
import { folder, readNumbers } from './read.js'
import { syscallName } from './syscalls.js'
import { readSyscall, readWchan, threads } from './task.js'

/** The longest path that the kernel takes, with its NUL: PATH_MAX of linux/limits.h. */
const longestPath = 4096

/** `openat` with this for a folder means the current one: AT_FDCWD of linux/fcntl.h, as an int. */
const currentFolder = -100

/**
 * The pids of those who have this FIFO open, wait to open it, or may do so: of a process that waits to open some FIFO, but
 * does not let us see which (ptrace(2) would be refused), it is assumed. Of another user's process nothing can be seen.
 */
export function fifoUsers(dev: number, ino: number): number[] {
  const pids = readNumbers('/proc')
  // First: who stops waiting meanwhile, because the other end has come, has it open then.
  const waiting = pids.filter((pid) => threads(pid).some((tid) => mayWaitFor(pid, tid, dev, ino)))
  return [...new Set([...holders(dev, ino, pids).map(({ pid }) => pid), ...waiting])]
}

function mayWaitFor(pid: number, tid: number, dev: number, ino: number): boolean {
  const waits = () => readWchan(pid, tid) === 'wait_for_partner'
  if (!waits()) return false
  const stats = fileBeingOpened(pid, tid)
  if (stats?.isFIFO()) return stats.dev === dev && stats.ino === ino
  // A path that leads to no FIFO (it was renamed, or is in another mount namespace) tells nothing. Nor does a thread that
  // has stopped waiting while we looked.
  return waits()
}

/** The file that a thread is opening; undefined where it cannot be seen, or its path leads nowhere any more. */
function fileBeingOpened(pid: number, tid: number): Stats | undefined {
  const call = readSyscall(pid, tid)
  if (typeof call !== 'object') return undefined
  const name = syscallName(call.number)
  if (name !== 'open' && name !== 'openat') return undefined
  const path = readString(pid, name === 'open' ? call.args[0]! : call.args[1]!)
  if (path === undefined) return undefined
  const at = name === 'open' ? currentFolder : Number(BigInt.asIntN(32, call.args[0]!))
  return statOrNothing(asSeenFrom(pid, at, path))
}

/** The path that leads us where this one leads process `pid`. */
function asSeenFrom(pid: number, at: number, path: string): string {
  if (path.startsWith('/proc/self/')) return path.replace('/proc/self', folder(pid))
  if (path.startsWith('/')) return `${folder(pid)}/root${path}`
  return `${folder(pid)}/${at === currentFolder ? 'cwd' : `fd/${at}`}/${path}`
}

/** A string that ends with NUL in the memory of a process, a byte a character; undefined where we may not read it. */
function readString(pid: number, address: bigint): string | undefined {
  const bytes = Buffer.alloc(longestPath)
  let memory: number | undefined
  try {
    memory = openSync(`${folder(pid)}/mem`, 'r')
    // What lies behind the string may not be mapped: read(2) then gives less.
    const text = bytes.subarray(0, readSync(memory, bytes, 0, bytes.length, address))
    return text.includes(0) ? text.toString('latin1', 0, text.indexOf(0)) : undefined
  } catch {
    return undefined
  } finally {
    if (memory !== undefined) closeSync(memory)
  }
}

function statOrNothing(path: string): Stats | undefined {
  try {
    return statSync(Buffer.from(path, 'latin1'), { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

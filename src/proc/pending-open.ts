/** The file that a thread is opening. It has no descriptor yet, so only the path that was passed to open(2) is known. */
import { type Stats, statSync } from 'node:fs'
import { mayLookupBlock } from './mounts.js'
import { readMemory, readString } from './process-memory.js'
import { folder } from './read.js'
import type { Syscall } from './syscall.js'
import { callName } from './syscall-names.js'

/** AT_FDCWD of linux/fcntl.h, as an int: instead of a descriptor, it tells openat(2) to use the current folder. */
const currentFolder = -100

export interface Opening {
  /** The path as the process passed it, one character for each byte. */
  path: string
  /** The folder in /proc/PID at which a relative path starts: `cwd` or `fd/N`. */
  base: string
  /** A path by which osdemo finds the same file, also when the process has another root. One character for each byte. */
  seen: string
  /** The flags of open(2): O_RDONLY, O_WRONLY, ... */
  flags: number
}

/** Undefined where the call is not open(2), openat(2) or openat2(2), or where this user may not read its arguments. */
export function fileBeingOpened(pid: number, call: Syscall | undefined): Opening | undefined {
  if (typeof call !== 'object') return undefined
  const name = callName(call)
  if (name !== 'open' && name !== 'openat' && name !== 'openat2') return undefined
  const [at = 0n, address = 0n, third = 0n] =
    name === 'open' ? [BigInt(currentFolder), ...call.args] : call.args
  const path = readString(pid, address)
  if (path === undefined) return undefined
  // The flags of openat2(2) are the first 64 bits of its struct open_how.
  const how = name === 'openat2' ? (readMemory(pid, third, 8)?.readBigUInt64LE(0) ?? 0n) : third
  const flags = Number(BigInt.asUintN(32, how))
  const folderDescriptor = Number(BigInt.asIntN(32, at))
  const base = folderDescriptor === currentFolder ? 'cwd' : `fd/${folderDescriptor}`
  return { path, base, seen: asSeenFrom(pid, base, path), flags }
}

/** A path by which osdemo finds the file that process `pid` finds by this one. */
function asSeenFrom(pid: number, base: string, path: string): string {
  if (path.startsWith('/proc/self/')) return path.replace('/proc/self', folder(pid))
  if (path.startsWith('/')) return `${folder(pid)}/root${path}`
  return `${folder(pid)}/${base}/${path}`
}

/** The file that is being opened; undefined where there is none, or this user may not see it; `silent` where looking may block. */
export function fileOf(pid: number, { base, path, seen }: Opening): Stats | 'silent' | undefined {
  return mayLookupBlock(pid, base, textOf(path)) ? 'silent' : statOrNothing(seen)
}

/** From a string with one character for each byte. */
export function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString()
}

/** The file at a path with one character for each byte; undefined where there is none, or this user may not see it. */
function statOrNothing(path: string): Stats | undefined {
  try {
    return statSync(Buffer.from(path, 'latin1'), { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** The file at a path of osdemo itself; undefined where there is none, or looking may block. @param path absolute */
export function fileAt(path: string): Stats | undefined {
  return mayLookupBlock(process.pid, 'cwd', path)
    ? undefined
    : statOrNothing(Buffer.from(path).toString('latin1'))
}

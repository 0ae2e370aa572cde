/** The file that a thread is opening: it has no descriptor yet, so there is only the path that it gave to the kernel. */
import { type Stats, statSync } from 'node:fs'
import { readMemory, readString } from './process-memory.js'
import { folder } from './read.js'
import type { Syscall } from './syscall.js'
import { syscallName } from './syscall-names.js'

/** `openat` with this for a folder means the current one: AT_FDCWD of linux/fcntl.h, as an int. */
const currentFolder = -100

export interface Opening {
  /** As the process wrote it, a byte a character. */
  path: string
  /** The folder in /proc/PID where a relative path begins: `cwd` or `fd/N`. */
  base: string
  /** The path that leads us where that one leads the process, in the same way. */
  seen: string
  /** The flags of open(2): O_RDONLY, O_WRONLY, ... */
  flags: number
}

/** Undefined where the call is no open(2) or one of its kind, or its argument may not be read. */
export function fileBeingOpened(pid: number, call: Syscall | undefined): Opening | undefined {
  if (typeof call !== 'object') return undefined
  const name = syscallName(call.number)
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

/** The path that leads us where this one leads process `pid`. */
function asSeenFrom(pid: number, base: string, path: string): string {
  if (path.startsWith('/proc/self/')) return path.replace('/proc/self', folder(pid))
  if (path.startsWith('/')) return `${folder(pid)}/root${path}`
  return `${folder(pid)}/${base}/${path}`
}

/** The file at a path whose characters are bytes; undefined where there is none, or it cannot be seen. */
export function statOrNothing(path: string): Stats | undefined {
  try {
    return statSync(Buffer.from(path, 'latin1'), { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

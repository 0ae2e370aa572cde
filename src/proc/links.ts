/** The targets of symbolic links in /proc: man 5 proc_pid_exe, proc_pid_cwd, proc_pid_root, proc_pid_ns, proc_thread-self. */
import { readlinkSync } from 'node:fs'
import { errnoOf } from '../errors.js'
import { folder } from './read.js'

/** The target of a link; undefined where it cannot be read. */
function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}

/** The file of the program that a process executes; undefined where it cannot be read, and for a process without a program. */
export function readProgramFile(pid: number): string | undefined {
  return readLink(`${folder(pid)}/exe`)
}

/**
 * The folder at which a path of a process starts. @param place `cwd`, `root`, or `fd/N` for a descriptor of a folder
 */
export function readFolderOf(pid: number, place: string): string | undefined {
  return readLink(`${folder(pid)}/${place}`)
}

/** What a descriptor refers to: a path, `pipe:[INODE]`, `anon_inode:[eventfd]`, ...; undefined where it cannot be read. @param tid a thread, which may have descriptors of its own: clone(2) */
export function readDescriptorLink(pid: number, fd: number, tid?: number): string | undefined {
  return readLink(`${folder(pid, tid)}/fd/${fd}`)
}

/** PROC_PID_INIT_INO of linux/proc_ns.h: the inode number of the first pid namespace, which exists since boot. */
const firstNamespace = 0xeffffffc

/**
 * The pid namespace and the IPC namespace of this process as one short text: namespaces(7). Each is the difference of its inode
 * number to that of the first pid namespace, so the namespaces since boot are `0.3`.
 */
export function ownNamespaces(): string {
  const digits = ['pid', 'ipc'].map((kind) => /\d+/.exec(readLink(`/proc/self/ns/${kind}`) ?? '')?.[0])
  return digits.map((number) => (number === undefined ? 0 : Number(number) - firstNamespace)).join('.')
}

/**
 * Whether a process is in another namespace of this kind than osdemo: namespaces(7). Then names and ids, such as that of a System V
 * queue, mean other objects there. False where the kernel does not show it.
 */
export function isElsewhere(pid: number, kind: 'ipc' | 'mnt' | 'net'): boolean {
  const theirs = readLink(`${folder(pid)}/ns/${kind}`)
  return theirs !== undefined && theirs !== readLink(`/proc/self/ns/${kind}`)
}

/** The namespace of a process as the kernel names it, such as `net:[4026531840]`; undefined where it cannot be read. */
export function readNamespace(pid: number, kind: 'net' | 'mnt'): string | undefined {
  return readLink(`${folder(pid)}/ns/${kind}`)
}

/** The kernel's id of the calling thread; undefined where there is no /proc. */
export function ownThreadId(): number | undefined {
  const id = readLink('/proc/thread-self')?.split('/').at(-1)
  return id === undefined ? undefined : Number(id)
}

/** Whether there is a /proc, and whether it belongs to our own pid namespace. After `unshare --pid` it may not. */
export function procMount(): 'ours' | 'foreign' | 'missing' {
  const self = readLink('/proc/self')
  return self === undefined ? 'missing' : self === `${process.pid}` ? 'ours' : 'foreign'
}

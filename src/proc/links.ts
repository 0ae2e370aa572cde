/** What symbolic links of /proc lead to: man 5 proc_pid_exe, proc_pid_cwd, proc_pid_root, proc_pid_ns, proc_thread-self. */
import { readlinkSync } from 'node:fs'
import { errnoOf } from '../errors.js'
import { folder } from './read.js'

/** Undefined where it cannot be seen. */
function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return undefined
  }
}

/** The file of the program that a process runs; undefined where it cannot be seen, and of a process that has none. */
export function readProgramFile(pid: number): string | undefined {
  return readLink(`${folder(pid)}/exe`)
}

/**
 * The folder where a relative path of a process begins. @param place `cwd`, `root`, or `fd/N` for a descriptor of a folder
 */
export function readFolderOf(pid: number, place: string): string | undefined {
  return readLink(`${folder(pid)}/${place}`)
}

/** What a descriptor of a process is: a path, `pipe:[INODE]`, `anon_inode:[eventfd]`, ...; undefined where it cannot be seen. */
export function readDescriptorLink(pid: number, fd: number): string | undefined {
  return readLink(`${folder(pid)}/fd/${fd}`)
}

/** PROC_PID_INIT_INO of linux/proc_ns.h: the inode number of the pid namespace with which the machine began. */
const firstNamespace = 0xeffffffc

/**
 * Our namespaces of pids, and of System V objects and POSIX queues, as one short word: `0.3` for those with which the machine
 * began. They are counted from the first on, by their inode numbers: namespaces(7).
 */
export function ownNamespaces(): string {
  const digits = ['pid', 'ipc'].map((kind) => /\d+/.exec(readLink(`/proc/self/ns/${kind}`) ?? '')?.[0])
  return digits.map((number) => (number === undefined ? 0 : Number(number) - firstNamespace)).join('.')
}

/** The kernel's id of the calling thread; undefined where there is no /proc. */
export function ownThreadId(): number | undefined {
  const id = readLink('/proc/thread-self')?.split('/').at(-1)
  return id === undefined ? undefined : Number(id)
}

/** Whether there is a /proc, and whether it lists the processes of our own pid namespace: after unshare(1) it may not. */
export function procMount(): 'ours' | 'foreign' | 'missing' {
  const self = readLink('/proc/self')
  return self === undefined ? 'missing' : self === `${process.pid}` ? 'ours' : 'foreign'
}

/**
 * Where the kernel does not show the system call: another user's process, or Yama's ptrace_scope. What remains is the kernel
 * function that it sleeps in, where that is shown, its open files, its children, and the locks, which every user may read.
 */
import { readCommandLine } from '../proc/cmdline.js'
import { fdFlags, openFiles } from '../proc/fds.js'
import { isOpenFor } from '../proc/open-descriptors.js'
import { openObject } from '../proc/open-object.js'
import type { Blocker } from './blocker.js'
import { childWait } from './blockers/child.js'
import { otherEnd } from './blockers/descriptor.js'
import { fileLock } from './blockers/file-lock.js'
import { hidden, unknownCall } from './blockers/state.js'
import { probablySleeping } from './blockers/timer.js'
import type { World } from './snapshot.js'

interface Guess {
  /** The call that its kernel function makes likely. */
  likelyCall?: string
  blocker: Blocker
}

/** What kernel functions are for. Their names change between versions: each was seen, or is in the kernel's source. */
const functions: [pattern: RegExp, call: string, what: 'end' | 'child' | 'alone'][] = [
  [/^wait_for_partner$/, 'open(2) of a FIFO', 'alone'],
  [/pipe_read$/, 'read(2) of an empty pipe', 'end'],
  [/pipe_write$|^pipe_wait/, 'write(2) to a full pipe', 'end'],
  [/^inet_csk_accept$/, 'accept(2)', 'end'],
  [/^sk_wait_data|^tcp_recvmsg|^wait_woken$|^unix_stream_read/, 'a read of a socket or terminal', 'alone'],
  [/^sk_stream_wait_memory$|^sock_alloc_send/, 'a write to a socket', 'alone'],
  [/^do_wait$|^kernel_wait4$/, 'wait(2)', 'child'],
  [/nanosleep/, 'nanosleep(2)', 'alone'],
  [/^futex/, 'futex(2)', 'alone'],
  [/epoll|^ep_poll$/, 'epoll_wait(2)', 'alone'],
  [/^do_sys_poll$|^poll_schedule|^do_select$/, 'poll(2) or select(2)', 'alone'],
  [/^n_tty_read$/, 'read(2) of a terminal', 'alone'],
  [/^locks_lock|^flock|^fcntl_setlk|^posix_lock/, 'a file lock', 'alone'],
  [/^do_sigtimedwait$|^sigsuspend$|pause$/, 'a wait for a signal', 'alone'],
  [/^wq_sleep$/, 'a call on a POSIX message queue', 'alone'],
  [/^do_msg/, 'a call on a System V message queue', 'alone'],
  [/semtimedop$/, 'semop(2)', 'alone'],
]

export function guess(world: World, pid: number, tid: number, wchan: string | undefined): Guess {
  // Every user may read /proc/locks, and it names the process that waits.
  const lock = fileLock(world, pid)
  if (lock) return { blocker: lock }
  const [, likelyCall, what] = functions.find(([pattern]) => wchan !== undefined && pattern.test(wchan)) ?? []
  if (likelyCall !== undefined && wchan !== undefined) {
    const found =
      what === 'child' ? childWait(world, pid) : what === 'end' ? onlyEnd(world, pid, wchan) : undefined
    return { likelyCall, blocker: { ...(found ?? unknownCall()), certain: false } }
  }
  if (wchan !== undefined) return { blocker: unknownCall() }
  // The command line and the children tell about the process, not about each of its threads.
  if (tid !== pid) return { blocker: hidden }
  const [word] = readCommandLine(pid) ?? []
  if (word?.split('/').at(-1) === 'sleep') return { blocker: probablySleeping }
  const child = childWait(world, pid)
  // A guess is no reason to terminate a child.
  return { blocker: child.children.length > 0 ? { ...child, certain: false, steps: [] } : hidden }
}

/** The other end, where only one of its open files can be the pipe or socket that it waits on. */
function onlyEnd(world: World, pid: number, wchan: string): Blocker | undefined {
  const kind = wchan.includes('pipe') ? 'pipe' : 'socket'
  const access = wchan.includes('write') ? 'writing' : 'reading'
  const fits = openFiles(pid).filter(({ fd }) => {
    return openObject(pid, fd)?.kind === kind && isOpenFor(access, fdFlags(pid, fd))
  })
  const [only] = fits
  return only && fits.length === 1 ? otherEnd(world, pid, only.fd, access) : undefined
}

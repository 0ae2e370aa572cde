/**
 * Where the kernel does not show the system call: another user's process, or Yama's ptrace_scope. What is left is the
 * function that it sleeps in, where that is shown, its open files, its children, and the locks, which everybody may see.
 */

import { readCommandLine } from '../proc/cmdline.js'
import { openFiles } from '../proc/fds.js'
import { isOpenFor } from '../proc/open-descriptors.js'
import { openObject } from '../proc/open-object.js'
import { otherEnd } from './blockers/descriptor.js'
import { fileLock } from './blockers/file-lock.js'
import { childWait } from './blockers/other-calls.js'
import { type Other, type Proof, threadFolder, type World } from './snapshot.js'

interface Guess {
  does: string
  proofs: Proof[]
  other: Other | undefined
}

/** What functions of the kernel are for. Their names change between versions: each is one that was seen or is in its source. */
const functions: [pattern: RegExp, call: string, what: 'end' | 'child' | 'lock' | 'time' | 'alone'][] = [
  [/^wait_for_partner$/, 'open(2) of a FIFO', 'alone'],
  [/pipe_read$/, 'read(2) of an empty pipe', 'end'],
  [/pipe_write$|^pipe_wait/, 'write(2) to a full pipe', 'end'],
  [/^inet_csk_accept$/, 'accept(2)', 'end'],
  [/^sk_wait_data|^tcp_recvmsg|^wait_woken$|^unix_stream_read/, 'a read from a socket or terminal', 'alone'],
  [/^sk_stream_wait_memory$|^sock_alloc_send/, 'a write to a socket', 'alone'],
  [/^do_wait$|^kernel_wait4$/, 'wait(2)', 'child'],
  [/nanosleep/, 'a sleep', 'time'],
  [/^futex/, 'futex(2): a lock, a condition or the end of a thread', 'alone'],
  [/epoll|^ep_poll$/, 'epoll_wait(2)', 'alone'],
  [/^do_sys_poll$|^poll_schedule|^do_select$/, 'poll(2) or select(2)', 'alone'],
  [/^n_tty_read$/, 'read(2) of a terminal', 'alone'],
  [/^locks_lock|^flock|^fcntl_setlk|^posix_lock/, 'a lock of a file', 'lock'],
  [/^do_sigtimedwait$|^sigsuspend$|pause$/, 'a wait for a signal', 'alone'],
  [/^wq_sleep$/, 'a POSIX message queue', 'alone'],
  [/^do_msg/, 'a System V message queue', 'alone'],
  [/semtimedop$/, 'a System V semaphore', 'alone'],
]

export function guess(world: World, pid: number, tid: number, wchan: string | undefined): Guess {
  const seen =
    wchan === undefined
      ? []
      : [{ source: `${threadFolder(pid, tid)}/wchan`, value: wchan, about: 'where in the kernel it sleeps' }]
  const lock = fileLock(world, pid)
  // /proc/locks is open to everybody, and names who waits.
  if (lock) return { does: `waits for ${lock.object}`, proofs: seen, other: lock }
  const [, call, what] = functions.find(([pattern]) => wchan !== undefined && pattern.test(wchan)) ?? []
  if (call !== undefined) {
    const other =
      what === 'child' ? childWait(world, pid) : what === 'end' ? onlyPipe(world, pid, wchan!) : undefined
    return { does: `waits, probably in ${call}`, proofs: seen, other }
  }
  if (wchan !== undefined) return { does: `waits in the kernel's ${wchan}`, proofs: seen, other: undefined }
  const unseen = { does: 'waits for something that cannot be seen', proofs: seen, other: undefined }
  // What its command line and its children make probable is about the process, not about each of its threads.
  if (tid !== pid) return unseen
  const children = world.family().children(pid)
  const [word] = readCommandLine(pid) ?? []
  if (word?.split('/').at(-1) === 'sleep')
    return { does: 'waits, probably for time to pass', proofs: seen, other: undefined }
  if (children.length > 0) {
    const other = childWait(world, pid)
    return { does: `waits, probably for ${other.object}`, proofs: seen, other: { ...other, step: undefined } }
  }
  return unseen
}

/** The only pipe or socket that it can be, among its open files. */
function onlyPipe(world: World, pid: number, wchan: string): Other | undefined {
  const kind = wchan.includes('pipe') ? 'pipe' : 'socket'
  const access = wchan.includes('write') ? 'writing' : 'reading'
  const fits = openFiles(pid).filter(({ fd }) => {
    return openObject(pid, fd)?.kind === kind && isOpenFor(access, { pid, fd })
  })
  return fits.length === 1 ? otherEnd(world, pid, fits[0]!.fd, access) : undefined
}

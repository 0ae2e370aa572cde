/** Finds what blocks a thread, from the system call that it is in. */
import { unreadBytes } from '../ipc/descriptor-state.js'
import { pipeFill } from '../ipc/pipe-fill.js'
import { readDescriptorLink } from '../proc/links.js'
import { openObject } from '../proc/open-object.js'
import { readTimespec } from '../proc/process-memory.js'
import { readCpuUse } from '../proc/sched.js'
import { readSyscall } from '../proc/syscall.js'
import { callName, hasUsualArguments } from '../proc/syscall-names.js'
import { readWchan } from '../proc/task.js'
import { type Blocker, noWaker } from './blocker.js'
import { childWait, whomOfWait4, whomOfWaitid } from './blockers/child.js'
import { connecting } from './blockers/connect.js'
import { fileEnd, otherEnd } from './blockers/descriptor.js'
import { fifoOpening } from './blockers/fifo.js'
import { fileLock } from './blockers/file-lock.js'
import { futexWait } from './blockers/futex.js'
import { leaseWait } from './blockers/lease.js'
import { changedUnder, closing } from './blockers/lost-descriptor.js'
import { pollCalls, polled } from './blockers/poll.js'
import { posixQueue } from './blockers/posix-queue.js'
import { signalWait } from './blockers/signal.js'
import { noCall, unknownCall } from './blockers/state.js'
import { systemV } from './blockers/system-v.js'
import { sleeping } from './blockers/timer.js'
import type { World } from './snapshot.js'
import { guess } from './without-ptrace.js'

/** A thread, and what blocks it. */
export interface ThreadWait {
  pid: number
  tid: number
  /** The kernel's letter for its state. */
  state: string
  /** The name of the system call that it is in; undefined where it is in none, or in one without a name here. */
  call?: string
  /** The number of that call, as the kernel shows it in /proc. */
  number?: number
  /** Whether it is a 32-bit program, whose calls have other numbers. */
  is32?: true
  /** Whether the kernel restarted the call after a stop: restart_syscall(2). */
  isResumed?: true
  /** The descriptor that it waits on. */
  fd?: number
  /** The first argument of its call, mostly a descriptor or an address: another one is another wait. */
  first?: bigint
  /** The kernel function that it sleeps in. */
  wchan?: string
  /** Whether the kernel hides its system call from this user. */
  isHidden?: true
  /** Where it is hidden: the call that its kernel function belongs to, most likely. */
  likelyCall?: string
  blocker: Blocker
}

const inputs = ['read', 'readv', 'pread64', 'recvfrom', 'recvmsg', 'recvmmsg', 'accept', 'accept4']
const outputs = ['write', 'writev', 'sendto', 'sendmsg', 'sendmmsg', 'sendfile', 'vmsplice']

/** F_SETLKW of fcntl(2), and F_OFD_SETLKW. */
const openFileLock = 38
const lockCommands = [7, openFileLock]

/** What a thread that sleeps (S or D) waits for; undefined where it no longer exists. */
export function waitingThread(world: World, pid: number, tid: number): ThreadWait | undefined {
  const state = readCpuUse(pid, tid)?.state
  if (state === undefined) return undefined
  const seen = readSyscall(pid, tid)
  const wchan = readWchan(pid, tid)
  const thread = { pid, tid, state, ...(wchan !== undefined && { wchan }) }
  if (seen === undefined) return { ...thread, isHidden: true, ...guess(world, pid, tid, wchan) }
  if (seen === 'running' || seen.number < 0) return { ...thread, blocker: noCall(seen === 'running') }
  const { number, args, is32 } = seen
  const first = args[0] ?? 0n
  const shown = callName(seen)
  const place = { ...thread, number, ...(is32 && { is32 }), first }
  if (shown === undefined) return { ...place, blocker: unknownCall(number) }
  if (!hasUsualArguments(seen)) return { ...place, call: shown, blocker: unknownCall() }
  const resumed = shown === 'restart_syscall' ? resumedCall(pid, args, wchan) : undefined
  const call = resumed ?? shown
  const { blocker = unknownCall(), fd } = fileServer.test(wchan ?? '')
    ? fileServerWait(world, pid, call, args)
    : blockerOf(world, pid, tid, call, seen, wchan)
  return {
    ...place,
    call,
    ...(resumed !== undefined && { isResumed: true }),
    ...(fd !== undefined && blocker.kind !== 'unknown-call' && { fd }),
    blocker,
  }
}

/** Kernel functions in which a thread waits for the server of a file system: FUSE, NFS, SMB, 9p, Ceph. */
const fileServer =
  /^(request_wait_answer|fuse_|rpc_wait|nfs4?_|cifs_|smb2_|wait_for_response|p9_client|ceph_)/

function fileServerWait(world: World, pid: number, call: string, args: bigint[]): Found {
  if (!inputs.includes(call) && !outputs.includes(call) && !/sync$/.test(call)) return {}
  const fd = int(args[0])
  const target = readDescriptorLink(pid, fd)
  return target === undefined ? {} : { blocker: fileEnd(world, { pid, fd, target, ...noWaker }), fd }
}

/**
 * After a stop and a SIGCONT the kernel continues a timed call with restart_syscall(2), and still shows the arguments of that
 * call. The kernel function that it sleeps in tells which call it was, or else a clock and a time among the arguments.
 */
function resumedCall(pid: number, args: bigint[], wchan = ''): string | undefined {
  if (/poll/.test(wchan)) return 'poll'
  if (/^futex/.test(wchan)) return 'futex'
  // The clocks of clock_nanosleep(2) are small numbers; an address never is.
  const [clock = 0n, , address = 0n] = args
  const time = clock < 16n ? readTimespec(pid, address) : undefined
  if (time !== undefined && time >= 0) return 'clock_nanosleep'
  return /nanosleep/.test(wchan) ? 'nanosleep' : undefined
}

interface Found {
  blocker?: Blocker | undefined
  /** The descriptor that the call is about. */
  fd?: number
}

function blockerOf(
  world: World,
  pid: number,
  tid: number,
  call: string,
  { number, args }: { number: number; args: bigint[] },
  wchan: string | undefined,
): Found {
  const fd = int(args[0])
  if (wchan === '__break_lease') return { blocker: leaseWait(world, pid, { number, args }) }
  const changed =
    inputs.includes(call) || outputs.includes(call)
      ? changedUnder(world, { pid, tid }, fd, call, wchan)
      : undefined
  if (changed) return { blocker: changed, fd }
  if (call === 'connect') return { blocker: connecting(world, pid, fd, args), fd }
  if (inputs.includes(call)) return { blocker: otherEnd(world, pid, fd, 'reading'), fd }
  if (outputs.includes(call)) return { blocker: otherEnd(world, pid, fd, 'writing'), fd }
  if (pollCalls.includes(call)) {
    const blocker = polled(world, pid, call, args)
    return call.startsWith('epoll') ? { blocker, fd } : { blocker }
  }
  switch (call) {
    case 'open':
    case 'openat':
    case 'openat2':
      return { blocker: fifoOpening(world, pid, tid, { number, args }) }
    case 'futex':
      return { blocker: futexWait(world, pid, tid, args) }
    case 'wait4':
      return { blocker: childWait(world, pid, whomOfWait4(fd)) }
    case 'waitid':
      return { blocker: childWait(world, pid, whomOfWaitid(fd, int(args[1]))) }
    case 'vfork':
    case 'clone':
    case 'clone3':
      return { blocker: childWait(world, pid, { whom: 'any' }, true) }
    case 'nanosleep':
    case 'clock_nanosleep':
      return { blocker: sleeping(pid, call, args) }
    case 'pause':
    case 'rt_sigsuspend':
    case 'rt_sigtimedwait':
      return { blocker: signalWait(pid, tid, call, args) }
    case 'flock':
      return { blocker: fileLock(world, pid, fd), fd }
    case 'fcntl':
      return lockCommands.includes(int(args[1]))
        ? { blocker: fileLock(world, pid, fd, int(args[1]) === openFileLock), fd }
        : {}
    case 'close':
      return { blocker: closing(world, pid, fd, wchan), fd }
    case 'mq_timedsend':
    case 'mq_timedreceive':
      return { blocker: posixQueue(world, pid, call, fd, args), fd }
    case 'msgsnd':
    case 'msgrcv':
    case 'semop':
    case 'semtimedop':
      return { blocker: systemV(pid, call, fd, args) }
    case 'splice':
    case 'tee':
      return spliced(world, pid, fd, int(call === 'tee' ? args[1] : args[2]))
    default:
      return {}
  }
}

/** An argument of type int: its low 32 bits, signed. */
function int(argument = 0n): number {
  return Number(BigInt.asIntN(32, argument))
}

/** splice(2) and tee(2) wait for input or for room. With bytes in the input, which may be a socket, it is room in the output. */
function spliced(world: World, pid: number, from: number, to: number): Found {
  const kind = openObject(pid, from)?.kind
  const bytes = kind === 'pipe' ? pipeFill(pid, from)?.bytes : unreadBytes(pid, from)
  const isFile = kind !== 'pipe' && kind !== 'socket' && kind !== 'terminal'
  return isFile || (bytes ?? 0) > 0
    ? { blocker: otherEnd(world, pid, to, 'writing'), fd: to }
    : { blocker: otherEnd(world, pid, from, 'reading'), fd: from }
}

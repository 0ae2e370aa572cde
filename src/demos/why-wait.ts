/** From the system call that a thread is in to what it waits for. */
import { readProgress } from '../proc/progress.js'
import { folder } from '../proc/read.js'
import { syscallName } from '../proc/syscalls.js'
import { readSyscall, readWchan } from '../proc/task.js'
import { otherEnd } from './why-end.js'
import { futexWait } from './why-futex.js'
import { guess } from './why-guess.js'
import { fileLock } from './why-lock.js'
import { childWait, posixQueue, signalWait, sleeping, systemV } from './why-other-calls.js'
import { fifoOpening } from './why-pipe.js'
import { pollCalls, polled } from './why-poll.js'
import type { Other, Proof, World } from './why-world.js'

export interface Waiting {
  pid: number
  tid: number
  /** The kernel's letter for its state. */
  state: string
  /** The system call that it is in. */
  call: string | undefined
  /** What goes on after its name: `waits in read(2) on fd 0, an empty pipe (inode 7), for somebody to write into it`. */
  does: string
  /** Of the call itself. */
  proofs: Proof[]
  other: Other | undefined
  /** Whether the kernel does not show us its system call. */
  isClosed?: boolean
}

const inputs = ['read', 'readv', 'pread64', 'recvfrom', 'recvmsg', 'recvmmsg', 'accept', 'accept4']
const outputs = ['write', 'writev', 'sendto', 'sendmsg', 'sendmmsg', 'sendfile', 'connect', 'vmsplice']

/** F_SETLKW of fcntl(2), and F_OFD_SETLKW. */
const lockCommands = [7, 38]

/** What a thread that sleeps (S or D) waits for; undefined where it is gone. */
export function waitingThread(world: World, pid: number, tid: number): Waiting | undefined {
  const progress = readProgress(pid, tid)
  if (!progress) return undefined
  const { state } = progress
  const seen = readSyscall(pid, tid)
  const wchan = readWchan(pid, tid)
  const place = folder(pid, tid)
  if (seen === undefined)
    return { pid, tid, state, call: undefined, isClosed: true, ...guess(world, pid, tid, wchan) }
  if (seen === 'running' || seen.number < 0) {
    const does = seen === 'running' ? 'has just run' : 'waits, but not in a system call'
    return { pid, tid, state, call: undefined, does, proofs: [], other: undefined }
  }
  const call = syscallName(seen.number)
  const proofs: Proof[] = [
    {
      source: `${place}/syscall`,
      value: call ?? `number ${seen.number}`,
      about: 'the system call that it is in',
    },
  ]
  if (wchan) proofs.push({ source: `${place}/wchan`, value: wchan, about: 'where in the kernel it sleeps' })
  const name = call === undefined ? `system call ${seen.number}` : `${call}(2)`
  const { other, fd } = describe(world, pid, tid, call, seen.args, seen.number)
  const on = other ? ` on ${fd === undefined ? '' : `fd ${fd}, `}${other.object}, for ${other.event}` : ''
  const where = other || !wchan ? '' : ` (in the kernel's ${wchan})`
  const deep = state === 'D' ? ', uninterruptibly (D)' : ''
  return { pid, tid, state, call, does: `waits in ${name}${on}${where}${deep}`, proofs, other }
}

function describe(
  world: World,
  pid: number,
  tid: number,
  call: string | undefined,
  args: bigint[],
  number: number,
): { other?: Other | undefined; fd?: number } {
  const fd = Number(BigInt.asIntN(32, args[0]!))
  if (call === undefined) return {}
  if (inputs.includes(call)) return { other: otherEnd(world, pid, fd, 'reading'), fd }
  if (outputs.includes(call)) return { other: otherEnd(world, pid, fd, 'writing'), fd }
  if ((pollCalls as readonly string[]).includes(call)) {
    const other = polled(world, pid, call, args)
    return call.startsWith('epoll') ? { other, fd } : { other }
  }
  switch (call) {
    case 'open':
    case 'openat':
    case 'openat2':
      return { other: fifoOpening(world, pid, { number, args }) }
    case 'futex':
      return { other: futexWait(pid, tid, args) }
    case 'wait4':
      return { other: childWait(world, pid, fd) }
    case 'waitid':
      // P_PID of waitid(2) is 1.
      return { other: childWait(world, pid, fd === 1 ? Number(args[1]) : -1) }
    case 'vfork':
    case 'clone':
    case 'clone3':
      return { other: childWait(world, pid) }
    case 'nanosleep':
    case 'clock_nanosleep':
      return { other: sleeping(pid, call, args) }
    case 'pause':
    case 'rt_sigsuspend':
    case 'rt_sigtimedwait':
      return { other: signalWait(pid, call, args) }
    case 'flock':
      return { other: fileLock(world, pid, fd), fd }
    case 'fcntl':
      return lockCommands.includes(Number(args[1])) ? { other: fileLock(world, pid, fd), fd } : { fd }
    case 'mq_timedsend':
    case 'mq_timedreceive':
      return { other: posixQueue(world, pid, call, fd), fd }
    case 'msgsnd':
    case 'msgrcv':
    case 'semop':
    case 'semtimedop':
      return { other: systemV(call, fd) }
    case 'splice':
    case 'tee':
      // From a pipe into another, or to or from one; which of the two it waits for is not told: the first is tried.
      return { other: otherEnd(world, pid, fd, 'reading'), fd }
    default:
      return {}
  }
}

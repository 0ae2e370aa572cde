/** From the system call that a thread is in to what it waits for. */
import { pipeFill } from '../ipc/pipe-fill.js'
import { openObject } from '../proc/open-object.js'
import { readTimespec } from '../proc/process-memory.js'
import { readCpuUse } from '../proc/sched.js'
import { readSyscall } from '../proc/syscall.js'
import { syscallName } from '../proc/syscall-names.js'
import { readWchan } from '../proc/task.js'
import { connecting } from './blockers/connect.js'
import { otherEnd } from './blockers/descriptor.js'
import { fifoOpening } from './blockers/fifo.js'
import { fileLock } from './blockers/file-lock.js'
import { futexWait } from './blockers/futex.js'
import { childWait, posixQueue, signalWait, sleeping, systemV, vforkWait } from './blockers/other-calls.js'
import { pollCalls, polled } from './blockers/poll.js'
import { type Other, type Proof, threadFolder, type World } from './snapshot.js'
import { guess } from './without-ptrace.js'

export interface Waiting {
  pid: number
  tid: number
  /** The kernel's letter for its state. */
  state: string
  /** The system call that it is in. */
  call: string | undefined
  /** What it gave to its call first, mostly a descriptor or an address: another one is another wait. */
  first?: bigint | undefined
  /** What goes on after its name: `waits in read(2) on fd 0, an empty pipe (inode 7), for somebody to write into it`. */
  does: string
  /** Of the call itself. */
  proofs: Proof[]
  other: Other | undefined
  /** Whether the kernel does not show us its system call. */
  isClosed?: boolean
}

const inputs = ['read', 'readv', 'pread64', 'recvfrom', 'recvmsg', 'recvmmsg', 'accept', 'accept4']
const outputs = ['write', 'writev', 'sendto', 'sendmsg', 'sendmmsg', 'sendfile', 'vmsplice']

/** F_SETLKW of fcntl(2), and F_OFD_SETLKW. */
const lockCommands = [7, 38]

/** What a thread that sleeps (S or D) waits for; undefined where it is gone. */
export function waitingThread(world: World, pid: number, tid: number): Waiting | undefined {
  const progress = readCpuUse(pid, tid)
  if (!progress) return undefined
  const { state } = progress
  const seen = readSyscall(pid, tid)
  const wchan = readWchan(pid, tid)
  const place = threadFolder(pid, tid)
  if (seen === undefined)
    return { pid, tid, state, call: undefined, isClosed: true, ...guess(world, pid, tid, wchan) }
  if (seen === 'running' || seen.number < 0) {
    const does = seen === 'running' ? 'has just run' : 'waits, but not in a system call'
    return { pid, tid, state, call: undefined, does, proofs: [], other: undefined }
  }
  const shown = syscallName(seen.number)
  const resumed = shown === 'restart_syscall' ? resumedCall(pid, seen.args, wchan) : undefined
  const call = resumed ?? shown
  const proofs: Proof[] = [
    {
      source: `${place}/syscall`,
      value: shown ?? `number ${seen.number}`,
      about: 'the system call that it is in',
    },
  ]
  if (wchan) proofs.push({ source: `${place}/wchan`, value: wchan, about: 'where in the kernel it sleeps' })
  const name = call === undefined ? `system call ${seen.number}` : `${call}(2)`
  const { other, fd } = describe(world, pid, tid, call, seen.args, seen.number)
  const again = resumed ? ', taken up again after a stop (restart_syscall),' : ''
  const on = other ? ` on ${fd === undefined ? '' : `fd ${fd}, `}${other.object}, for ${other.event}` : ''
  const where = other || !wchan ? '' : ` (in the kernel's ${wchan})`
  const deep = state === 'D' ? ', uninterruptibly (D)' : ''
  const does = `waits in ${name}${again}${on}${where}${deep}`
  return { pid, tid, state, call, first: seen.args[0], does, proofs, other }
}

/**
 * After a stop and a SIGCONT the kernel goes on with a timed call by restart_syscall(2): its arguments are still those of
 * the call. Which one it was is told by the function that it sleeps in; or by a clock and a time where those belong.
 */
function resumedCall(pid: number, args: bigint[], wchan = ''): string | undefined {
  const functions: [RegExp, string][] = [
    [/poll/, 'poll'],
    [/^futex/, 'futex'],
  ]
  const [, call] = functions.find(([pattern]) => pattern.test(wchan)) ?? []
  if (call !== undefined) return call
  // The clocks of clock_nanosleep(2) are small numbers, which are no addresses.
  const time = args[0]! < 16n ? readTimespec(pid, args[2]!) : undefined
  return time !== undefined && time >= 0
    ? 'clock_nanosleep'
    : /nanosleep/.test(wchan)
      ? 'nanosleep'
      : undefined
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
  if (call === 'connect') return { other: connecting(world, pid, fd, args), fd }
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
      return { other: fifoOpening(world, pid, tid, { number, args }) }
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
      return { other: vforkWait(world, pid) }
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
      return spliced(world, pid, fd, Number(BigInt.asIntN(32, call === 'tee' ? args[1]! : args[2]!)))
    default:
      return {}
  }
}

/** From a pipe into another, or to or from one: which of the two it waits for is told by whether there is something to take. */
function spliced(world: World, pid: number, from: number, to: number) {
  const hasInput = openObject(pid, from)?.kind === 'pipe' && (pipeFill(pid, from)?.bytes ?? 0) > 0
  return hasInput
    ? { other: otherEnd(world, pid, to, 'writing'), fd: to }
    : { other: otherEnd(world, pid, from, 'reading'), fd: from }
}

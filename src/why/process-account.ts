/** What can be said of one process as a whole: its state, and what each of its threads waits for. */
import { isInBackground, readStat, readWaitStatus } from '../proc/stat.js'
import { readStatus } from '../proc/status.js'
import { readSyscall } from '../proc/syscall.js'
import { syscallName } from '../proc/syscall-names.js'
import { threads } from '../proc/task.js'
import { endCommand, named, type Other, type Proof, threadFolder, type World } from './snapshot.js'
import { type Waiting, waitingThread } from './thread-wait.js'

export interface Account {
  pid: number
  startTicks: number
  /** The kernel's letter for its main thread. */
  state: string
  threads: Waiting[]
  /** Threads that wait for work of their own process, as the pools of Node do, or for what cannot be seen: told in one line. */
  idle: Waiting[]
}

/** More threads than this in futex(2) beside the main one are a pool. */
const fewThreads = 3

/**
 * @param isAsked whether it is the one that was asked about, whose few threads are all told
 * @returns undefined where the process is gone
 */
export function accountOf(world: World, pid: number, isAsked: boolean): Account | undefined {
  const stat = readStat(pid)
  if (!stat) return undefined
  const all = threads(pid).flatMap((tid) => threadOf(world, pid, tid) ?? [])
  if (all.length === 0) return undefined
  const beside = all.filter(({ tid }) => tid !== pid)
  const asleep = beside.filter(({ call }) => call === 'futex')
  const isPool = asleep.length > (isAsked ? fewThreads : 0)
  const isIdle = ({ call, isClosed, other }: Waiting) =>
    // What an epoll instance of a thread beside the main one watches are mostly the timers of a pool.
    isClosed ? other === undefined : isPool && (call === 'futex' || call?.startsWith('epoll'))
  const idle = beside.filter(isIdle)
  return {
    pid,
    startTicks: stat.startTicks,
    state: stat.state,
    threads: all.filter((thread) => !idle.includes(thread)),
    idle,
  }
}

function threadOf(world: World, pid: number, tid: number): Waiting | undefined {
  const stat = readStat(pid, tid)
  if (!stat) return undefined
  const { state } = stat
  const source = `${threadFolder(pid, tid)}/stat`
  const base = {
    pid,
    tid,
    state,
    call: undefined,
    proofs: [{ source, value: state, about: `the state of ${tid}` }],
  }
  if (state === 'T') return { ...base, does: stoppedIn(pid, tid), other: stopped(pid) }
  if (state === 't') return { ...base, does: 'is stopped by a debugger', other: traced(pid, tid) }
  if (state === 'Z' || state === 'X') {
    // A main thread that has ended before the others looks like a zombie.
    if (tid === pid && threads(pid).length > 1) {
      return { ...base, does: 'has ended its main thread; the others go on', other: nobody }
    }
    return { ...base, does: endedHow(pid), other: zombie(pid, stat.ppid) }
  }
  if (state === 'R') return { ...base, does: 'waits for nothing: it runs, or is ready to', other: nobody }
  return waitingThread(world, pid, tid)
}

const nobody: Other = { object: '', event: '', who: '', proofs: [], wakers: [], open: true }

function stoppedIn(pid: number, tid: number): string {
  const call = readSyscall(pid, tid)
  const name = typeof call === 'object' ? syscallName(call.number) : undefined
  return `is stopped by a signal${name === undefined ? '' : `, in ${name}(2)`}`
}

function stopped(pid: number): Other {
  return {
    object: 'a stop signal',
    event: 'SIGCONT',
    who: isInBackground(pid)
      ? 'It is a job in the background of its terminal: fg in that shell continues it. After kill -CONT it stops again if it reads there.'
      : 'Whoever may signal it can let it go on: its own user and root.',
    proofs: [],
    wakers: [],
    open: true,
    step: { command: `kill -CONT ${pid}`, effect: 'continues it' },
  }
}

function traced(pid: number, tid: number): Other {
  const tracer = readStatus(pid, tid)?.tracer ?? 0
  return {
    object: 'a debugger',
    event: 'the debugger to continue it',
    who: tracer > 0 ? `Its debugger is ${named(tracer)}.` : 'Its debugger cannot be seen.',
    proofs: [
      { source: `${threadFolder(pid, tid)}/status`, value: `TracerPid ${tracer}`, about: 'who traces it' },
    ],
    wakers: tracer > 0 ? [tracer] : [],
    open: true,
    ...(tracer > 0 && {
      step: {
        command: endCommand([tracer]),
        effect: 'ends the debugger, which lets go of what it was attached to',
      },
    }),
  }
}

function endedHow(pid: number): string {
  const status = readWaitStatus(pid) ?? 0
  const rest = 'and is a zombie: its parent has not waited for it'
  // The kernel says 0 where we may not know.
  const user = process.geteuid!()
  if (status === 0 && user !== 0 && readStatus(pid)?.euid !== user) return `has ended ${rest}`
  const signal = status & 0x7f
  const how = signal > 0 ? `by signal ${signal}` : `with exit code ${status >> 8}`
  return `has ended ${how} ${rest}`
}

function zombie(pid: number, parent: number): Other {
  return {
    object: 'its parent',
    event: 'its parent to call wait(2)',
    who: parent === 0 ? 'Its parent cannot be seen.' : `Its parent is ${named(parent)}.`,
    proofs: [{ source: `/proc/${pid}/stat`, value: `${parent}`, about: `the parent of ${pid}` }],
    wakers: parent > 0 ? [parent] : [],
    open: false,
    step:
      parent > 1
        ? {
            command: endCommand([parent]),
            effect: 'ends the parent; whoever adopts the zombie then waits for it',
          }
        : undefined,
  }
}

/** What proofs there are for one thread: of its call, and of what is at the other end. */
export function proofsOf({ proofs, other }: Waiting): Proof[] {
  return [...proofs, ...(other?.proofs ?? [])]
}

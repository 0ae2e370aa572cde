/** What is known of one process as a whole: its state, and what blocks each of its threads. */
import { readStat } from '../proc/stat.js'
import { readStatus } from '../proc/status.js'
import { readWchan, threads } from '../proc/task.js'
import { namesIn } from './blockers/signal.js'
import { frozen, mainThreadExited, running, stopped, traced, zombie } from './blockers/state.js'
import type { World } from './snapshot.js'
import { type ThreadWait, waitingThread } from './thread-wait.js'

export interface Account {
  pid: number
  startTicks: number
  /** The kernel's letter for its main thread. */
  state: string
  threads: ThreadWait[]
  /** Threads that wait for work from their own process, as those of Node's pool do, or for what cannot be seen. */
  idle: ThreadWait[]
  /** The names of the signals of timers that it has a handler for: setitimer(2), alarm(2). The kernel does not show the timer. */
  timerSignals: string[]
}

/** SIGALRM, SIGVTALRM and SIGPROF. */
const timerSignals = (1n << 13n) | (1n << 25n) | (1n << 26n)

/** More threads than this in futex(2) beside the main one are a pool. */
const fewThreads = 3

/**
 * @param isAsked whether it is the one that was asked about: its few threads are all reported, not taken for a pool
 * @returns undefined where the process no longer exists
 */
export function accountOf(world: World, pid: number, isAsked: boolean): Account | undefined {
  const stat = readStat(pid)
  if (!stat) return undefined
  const all = threads(pid).flatMap((tid) => threadOf(world, pid, tid) ?? [])
  if (all.length === 0) return undefined
  const beside = all.filter(({ tid }) => tid !== pid)
  const asleep = beside.filter(waitsForWork)
  const isPool = asleep.length > (isAsked ? fewThreads : 0)
  const isIdle = (thread: ThreadWait) =>
    thread.isHidden
      ? thread.blocker.kind === 'hidden'
      : isPool && (waitsForWork(thread) || watchesOwn(thread))
  const idle = beside.filter(isIdle)
  return {
    pid,
    startTicks: stat.startTicks,
    state: stat.state,
    threads: all.filter((thread) => !idle.includes(thread)),
    idle,
    timerSignals: namesIn((readStatus(pid)?.caught ?? 0n) & timerSignals),
  }
}

/** A thread that waits for a lock with a known owner, or for the exit of a thread, is part of no pool. */
function waitsForWork({ blocker }: ThreadWait): boolean {
  return blocker.kind === 'futex' && blocker.owner === undefined && blocker.joined === undefined
}

/** Whether its epoll instance only watches timers and the like, and no other process has an end of what it watches. */
function watchesOwn({ pid, call, blocker }: ThreadWait): boolean {
  return call?.startsWith('epoll') === true && blocker.wakers.every((waker) => waker === pid)
}

function threadOf(world: World, pid: number, tid: number): ThreadWait | undefined {
  const state = readStat(pid, tid)?.state
  if (state === undefined) return undefined
  const thread = { pid, tid, state }
  switch (state) {
    case 'T':
      return { ...thread, blocker: stopped(pid, tid) }
    case 't':
      return { ...thread, blocker: traced(pid, tid) }
    case 'Z':
    case 'X': {
      // A main thread that has exited before the others looks like a zombie.
      const isWhole = tid === pid && threads(pid).length > 1
      return { ...thread, blocker: isWhole ? mainThreadExited : zombie(pid) }
    }
    case 'R':
      return { ...thread, blocker: running }
    default: {
      const blocker = frozen(pid, readWchan(pid, tid))
      return blocker ? { ...thread, blocker } : waitingThread(world, pid, tid)
    }
  }
}

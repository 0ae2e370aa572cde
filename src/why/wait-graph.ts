/** The wait-for graph: a process, those that could let it continue, those that they wait for, and whether that is a cycle. */
import { type Account, accountOf } from './process-account.js'
import type { World } from './snapshot.js'
import type { ThreadWait } from './thread-wait.js'

/** How many processes are followed at most. */
const most = 64

/** The process itself first, then those that it waits for, the nearest first. */
export type Chain = Map<number, Account>

export function follow(world: World, pid: number): Chain {
  const chain: Chain = new Map()
  for (const next of queue([pid], (each) => wakers(chain.get(each)))) {
    if (chain.size >= most) break
    // osdemo may have inherited the descriptor, but no process waits for it.
    const account = next === process.pid ? undefined : accountOf(world, next, next === pid)
    if (account) chain.set(next, account)
  }
  return chain
}

/** Breadth first, each once; `more` is called after its argument was yielded. */
function* queue(first: number[], more: (of: number) => number[]): Generator<number> {
  const seen = new Set(first)
  for (const each of seen) {
    yield each
    for (const next of more(each)) seen.add(next)
  }
}

/** The pids of those that could let a process continue. */
export function wakers(account: Account | undefined): number[] {
  return account ? [...account.threads, ...account.idle].flatMap(({ blocker }) => blocker.wakers) : []
}

export interface Cycle {
  /** Its members, each of which waits for the next, and the last for the first. */
  members: number[]
  /** Whether the kernel reports each link. Otherwise the cycle is only likely. */
  certain: boolean
  /** The threads among them that wait for each other in a circle, each for the next: where the kernel or a mutex tells. */
  threads?: number[]
}

/**
 * The cycle that keeps a process from continuing; undefined where it may continue. A process may continue when one of its
 * threads may: the thread runs, or something other than a process can wake it, or a process that it waits for may continue.
 */
export function findCycle(chain: Chain, pid: number): Cycle | undefined {
  const free = new Set<ThreadWait>()
  const all = [...chain.values()].flatMap((account) => [...account.threads, ...account.idle])
  const isWaker = (thread: ThreadWait, other: ThreadWait) => {
    const { wakerThread } = thread.blocker
    return wakerThread === undefined ? other !== thread : other.tid === wakerThread
  }
  const mayWake = (thread: ThreadWait, waker: number) =>
    !chain.has(waker) || all.some((other) => other.pid === waker && isWaker(thread, other) && free.has(other))
  for (let before = -1; before !== free.size; ) {
    before = free.size
    for (const thread of all) {
      const { open, wakers, needsAll = false } = thread.blocker
      const may = wakers.map((waker) => mayWake(thread, waker))
      if (open || (needsAll ? may.every(Boolean) : may.some(Boolean))) free.add(thread)
    }
  }
  const stuck = (each: number) =>
    chain.has(each) && !all.some((thread) => thread.pid === each && free.has(thread))
  if (!stuck(pid)) return undefined
  const path: number[] = []
  let next: number | undefined = pid
  while (next !== undefined && !path.includes(next)) {
    path.push(next)
    const from: number = next
    const onward: number[] = wakers(chain.get(from)).filter(stuck)
    next = onward.find((each) => each !== from) ?? onward[0]
  }
  if (next === undefined) return undefined
  const members = path.slice(path.indexOf(next))
  const certain = members.every((member) => {
    const account = chain.get(member)
    return account?.timerSignals.length === 0 && account.threads.every(({ blocker }) => blocker.certain)
  })
  const circle = circleOf(all.filter((thread) => members.includes(thread.pid)))
  return { members, certain, ...(circle.length > 0 && { threads: circle }) }
}

/**
 * Threads that wait for each other in a circle, and that no time limit ends, where other threads of their process may continue: an
 * idle main thread, for example. Empty where there are none.
 */
export function findThreadCircle(chain: Chain): number[] {
  const all = [...chain.values()].flatMap(({ threads }) => threads)
  return circleOf(all.filter(({ blocker }) => !blocker.open))
}

/** The first circle of threads of which each can only be woken up by the next; empty where there is none. */
function circleOf(threads: readonly ThreadWait[]): number[] {
  const next = new Map(threads.map(({ tid, blocker }) => [tid, blocker.wakerThread]))
  for (const { tid } of threads) {
    const path: number[] = []
    let at: number | undefined = tid
    while (at !== undefined && !path.includes(at)) {
      path.push(at)
      at = next.get(at)
    }
    if (at !== undefined) return path.slice(path.indexOf(at))
  }
  return []
}

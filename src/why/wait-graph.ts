/** Who waits for whom: from a process to those who could let it go on, to theirs, and whether that is a circle. */
import { type Account, accountOf } from './process-account.js'
import type { World } from './snapshot.js'
import type { Waiting } from './thread-wait.js'

/** So many processes are followed at most. */
const most = 12

/** The process itself first, then those it waits for, nearest first. */
export type Chain = Map<number, Account>

export function follow(world: World, pid: number): Chain {
  const chain: Chain = new Map()
  for (const next of queue([pid], (each) => wakers(chain.get(each)))) {
    if (chain.size >= most) break
    // Who looks is none of those who are waited for, even where it has inherited an end of theirs.
    const account = next === process.pid ? undefined : accountOf(world, next, next === pid)
    if (account) chain.set(next, account)
  }
  return chain
}

/** Each once, those first that were asked for first; `more` is asked after one has been given. */
function* queue(first: number[], more: (of: number) => number[]): Generator<number> {
  const seen = new Set(first)
  for (const each of seen) {
    yield each
    for (const next of more(each)) seen.add(next)
  }
}

/** Those that could let a process go on. */
export function wakers(account: Account | undefined): number[] {
  return account ? [...account.threads, ...account.idle].flatMap(({ other }) => other?.wakers ?? []) : []
}

export interface Circle {
  /** Its members, each of which waits for the next, and the last for the first. */
  members: number[]
  /** Whether one of the links is merely probable. */
  likely: boolean
}

/**
 * The circle that keeps a process from going on; undefined where it may go on. A process may go on when one of its threads
 * may: it runs, or something else than a process lets it go on, or one of those it waits for may go on.
 */
export function findCircle(chain: Chain, pid: number): Circle | undefined {
  const free = new Set<Waiting>()
  const all = [...chain.values()].flatMap((account) => [...account.threads, ...account.idle])
  const mayWake = (thread: Waiting, waker: number) =>
    !chain.has(waker) || all.some((other) => other.pid === waker && other !== thread && free.has(other))
  for (let before = -1; before !== free.size; ) {
    before = free.size
    for (const thread of all) {
      const { other } = thread
      if (!other || other.open || other.wakers.some((waker) => mayWake(thread, waker))) free.add(thread)
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
  const likely = members.some((member) => chain.get(member)!.threads.some(({ other }) => other?.likely))
  return { members, likely }
}

/** What blocks each process of a traced run, as the kernel shows it while the processes still exist. */
import { now } from '../../events.js'
import type { Stage } from '../../run/stage.js'
import { duration, thousands } from '../../text.js'
import type { Block, Process } from '../../trace/model.js'
import { createWorld } from '../../why/snapshot.js'
import { isStill, lookAt } from '../../why/still.js'
import { type Chain, findCycle, findThreadCircle, follow } from '../../why/wait-graph.js'
import { tellThread } from '../why/render/thread.js'
import { named } from '../why/render/words.js'
import { deadlock, threadDeadlock } from '../why/report.js'

/** At most this many processes are looked at, and of each this many threads are told. */
const [most, mostThreads] = [12, 4]

/** The processes as they were at one moment. */
export interface Standing {
  circles: Circle[]
  threads: { pid: number; text: string; block?: Block | undefined }[]
  /** How many processes were not looked at. */
  more: number
}

/** Processes, or threads, that wait for each other. */
interface Circle {
  text: string
  members: number[]
  certain: boolean
}

/**
 * @param alive the processes of the run
 * @param blocked their calls that have not returned, as the log tells
 */
export function lookAtBlocked(alive: readonly Process[], blocked: readonly Block[]): Standing {
  const world = createWorld()
  const seen = alive.slice(0, most).flatMap(({ pid, stoppedBy }) => {
    const chain = follow(world, pid)
    const account = chain.get(pid)
    return account ? [{ pid, stoppedBy, chain, account, before: lookAt(account) }] : []
  })
  const moving = new Set(
    seen.flatMap(({ pid, account, before }) => {
      const after = lookAt(account)
      // A process that strace stops makes a system call just now.
      return before && after && isStill(before, after) && after.state !== 't' ? [] : [pid]
    }),
  )
  const circles = new Map<string, Circle>()
  for (const { pid, chain } of seen) {
    const circle = circleIn(chain, pid)
    if (circle && !circle.pids.some((each) => moving.has(each)))
      circles.set(`${circle.members.toSorted()}`, circle)
  }
  return {
    circles: [...circles.values()],
    threads: seen.flatMap(({ pid, stoppedBy, account: { threads } }) => {
      if (stoppedBy !== undefined)
        return [
          { pid, text: `${named(pid)} is stopped by ${stoppedBy}: it continues when it receives SIGCONT.` },
        ]
      if (moving.has(pid)) return [{ pid, text: `${named(pid)} is not blocked: it makes system calls.` }]
      return threads.slice(0, mostThreads).map((thread) => ({
        pid,
        text: tellThread(thread, threads.length === 1, true).headline,
        block: blocked.find(({ tid }) => tid === thread.tid),
      }))
    }),
    more: Math.max(0, alive.length - most),
  }
}

function circleIn(chain: Chain, pid: number): (Circle & { pids: number[] }) | undefined {
  const cycle = findCycle(chain, pid)
  if (cycle) return { ...cycle, pids: cycle.members, text: deadlock(chain, cycle.members[0] ?? pid, cycle) }
  const threads = findThreadCircle(chain)
  if (threads.length === 0) return undefined
  return { text: threadDeadlock(chain, threads), members: threads, pids: [pid], certain: true }
}

/** @param end the time of strace until which the calls had not returned */
export function tellStanding(stage: Stage, { circles, threads, more }: Standing, end: number): void {
  // The stage may be aborted: these are the last words.
  const say = (
    role: 'opening' | 'step' | 'aside',
    text: string,
    data?: Record<string, string | number | number[] | boolean>,
  ) => stage.say({ event: 'note', role, text, ...(data && { data }) })
  for (const { text, members, certain } of circles)
    say('opening', text, { kind: 'deadlock', members, certain })
  say('opening', 'What blocked each process, before the end')
  for (const { pid, text, block } of threads) {
    const data = block && { call: block.call, object: block.object, since: Math.round(block.begin) }
    const time = block
      ? ` It has been in ${block.call}(2) for ${duration(Math.max(0, end - block.begin))}.`
      : ''
    say('step', text + time, { pid, ...data })
  }
  if (more > 0) say('aside', `… and ${thousands(more)} more processes.`)
}

/** After so many milliseconds without a line of the log the processes are looked at. */
const silence = 1000

/** For so many microseconds after the next line, what was seen then still counts. */
const freshness = 300_000

/**
 * Ctrl-C on a terminal reaches the program and osdemo at the same moment: then there is nothing left to look at. So osdemo looks
 * once in each silence of the log.
 */
export function lookInSilence(lookNow: () => Standing) {
  let seen: Standing | undefined
  let brokenAt: number | undefined
  // A process may exit at any moment. The end of the run must not depend on what is seen of it.
  const look = () => {
    try {
      return lookNow()
    } catch {
      return undefined
    }
  }
  const timer = setTimeout(() => {
    seen = look()
    brokenAt = undefined
  }, silence)
  timer.unref()
  return {
    /** A line has come. */
    heard(): void {
      brokenAt ??= now()
      timer.refresh()
    },
    /** What was seen in a silence that has lasted until now, or else what is to be seen now. */
    last: () => (seen && (brokenAt === undefined || now() - brokenAt < freshness) ? seen : look()),
    stop: () => clearTimeout(timer),
  }
}

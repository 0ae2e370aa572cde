/** Looks at one process, short enough to be repeated: is it where it was? */
import { DemoFailed } from '../errors.js'
import { now } from '../events.js'
import { readCpuUse } from '../proc/sched.js'
import { readStat, type Stat } from '../proc/stat.js'
import { readSyscall } from '../proc/syscall.js'
import { syscallName } from '../proc/syscall-names.js'
import { readWchan, threads } from '../proc/task.js'
import type { Stage } from '../run/stage.js'
import { createWorld, type World } from './snapshot.js'
import { type Chain, follow } from './wait-graph.js'

export interface Look {
  /** When, in microseconds. */
  t: number
  /** The kernel's letter for its main thread. */
  state: string
  /** What it is in, in words: `read`, `running`, `stopped`, ... */
  doing: string
  /** Two looks with the same have found it in the same call with the same arguments. */
  key: string
  /** How often it has left a CPU, how often of these by itself, and clock ticks (1/100 s) that it was on one. */
  switches: number
  voluntary: number
  cpuTicks: number
}

/** @throws DemoFailed when it has ended meanwhile */
export function lookAt({ pid, startTicks }: Pick<Stat, 'pid' | 'startTicks'>): Look {
  const progress = readCpuUse(pid, pid)
  if (!progress || readStat(pid)?.startTicks !== startTicks) {
    throw new DemoFailed(`process ${pid} ended while it was looked at`, {
      hint: 'ps -e lists those that there are',
    })
  }
  const { state } = progress
  const sleeps = state === 'S' || state === 'D'
  const call = sleeps ? readSyscall(pid, pid) : undefined
  const wchan = sleeps ? readWchan(pid, pid) : undefined
  const name = typeof call === 'object' ? syscallName(call.number) : undefined
  const where = typeof call === 'object' ? `${call.number} ${call.args.join(' ')}` : (call ?? wchan ?? '')
  const key = `${state} ${where}`
  const wait = name === undefined ? (wchan ?? 'waiting') : `in ${name}(2)`
  // The main thread may have ended before the others.
  const zombie = threads(pid).length > 1 ? 'without its main thread' : 'a zombie'
  const doing = { R: 'running', T: 'stopped', t: 'traced', Z: zombie }[state] ?? wait
  return { ...progress, t: now(), doing, key }
}

/** Pause between two looks in milliseconds, and how many of them show that it moves. */
const pause = 100
const patience = 6

export function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pause))
}

/** Whom a process waits for. */
export interface Found {
  world: World
  chain: Chain
}

interface Settled {
  looks: Look[]
  /** Whether it was in the same call, or was running, in the last two of them. */
  still: boolean
  /** Where it stands still: what was found between the last two of three looks. */
  found?: Found
}

/** Looks until it has not run between two looks, or was running in both; gives all of them. */
export async function settle({ signal }: Pick<Stage, 'signal'>, stat: Stat): Promise<Settled> {
  const looks = [lookAt(stat)]
  while (looks.length <= patience) {
    await rest()
    if (isSame(looks.at(-1)!, see())) {
      if (looks.at(-1)!.state === 'R') return { looks, still: true }
      // Its time may come while others are asked: then what was found is of two moments, and is not told.
      const world = createWorld()
      const chain = follow(world, stat.pid)
      if (isSame(looks.at(-1)!, see())) return { looks, still: true, found: { world, chain } }
    }
    signal.throwIfAborted()
  }
  return { looks, still: false }

  function see(): Look {
    looks.push(lookAt(stat))
    return looks.at(-1)!
  }
}

/** Who is found running twice, and has slept in between, is no busy loop. */
function isSame(before: Look, last: Look): boolean {
  return before.key === last.key && before.voluntary === last.voluntary
}

/** Looks at a process several times, until it is clear whether it is blocked or makes progress. */
import type { Stat } from '../../proc/stat.js'
import type { Stage } from '../../run/stage.js'
import { createWorld, type World } from '../../why/snapshot.js'
import { isStill, type Look, lookAt } from '../../why/still.js'
import { type Chain, follow } from '../../why/wait-graph.js'
import { exited } from './leader.js'

/** The pause between two looks in milliseconds, and after how many of them it counts as making progress. */
const pause = 100
const patience = 6

/** @throws DemoFailed when the process has exited */
export function look(process: Pick<Stat, 'pid' | 'startTicks'>): Look {
  const seen = lookAt(process)
  if (seen) return seen
  throw exited(process.pid)
}

export function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pause))
}

/** What a process waits for. */
export interface Found {
  world: World
  chain: Chain
}

export interface Settled {
  looks: Look[]
  /** Whether it was in the same call, or was running, in the last two of them. */
  still: boolean
  /** Where it did not run: what was found between the last two of three looks. */
  found?: Found
}

/** Looks until it has not run between two looks, or was running in both; returns all of them. */
export async function settle({ signal }: Pick<Stage, 'signal'>, process: Stat): Promise<Settled> {
  const looks: Look[] = []
  let last = see()
  while (looks.length <= patience) {
    await rest()
    const before = last
    last = see()
    if (isStill(before, last)) {
      if (last.state === 'R') return { looks, still: true }
      // It may run while other processes are inspected: then the findings are of two moments and worthless.
      const world = createWorld()
      const chain = follow(world, process.pid)
      const after = see()
      if (isStill(last, after)) return { looks, still: true, found: { world, chain } }
      last = after
    }
    signal.throwIfAborted()
  }
  return { looks, still: false }

  function see(): Look {
    const seen = look(process)
    looks.push(seen)
    return seen
  }
}

/** @param back 1 for the last one. There is always one: settle looks three times before it finds something */
export function lastOf(looks: readonly Look[], back = 1): Look {
  const found = looks.at(-back)
  if (!found) throw new RangeError(`fewer than ${back} looks`)
  return found
}

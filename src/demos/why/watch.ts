/** `why --watch`: reports what has changed, until the process has exited. */
import { readStat, type Stat } from '../../proc/stat.js'
import type { Stage } from '../../run/stage.js'
import type { Account } from '../../why/process-account.js'
import { createWorld } from '../../why/snapshot.js'
import { findCircle, follow } from '../../why/wait-graph.js'
import { tellAccount, tellCircle, tellStep } from './report.js'

/** Between two looks, in milliseconds. */
const pause = 300

export async function watchOn(stage: Stage, { pid, startTicks }: Stat): Promise<void> {
  let told = new Map<number, string>()
  for (let first = true; readStat(pid)?.startTicks === startTicks; first = false) {
    const world = createWorld()
    const chain = follow(world, pid)
    const now = new Map([...chain].map(([each, account]) => [each, keyOf(account)]))
    const changed = [...chain.values()].filter((account) => told.get(account.pid) !== now.get(account.pid))
    told = now
    if (!first && changed.length > 0) {
      for (const account of changed) tellAccount(stage, account)
      const circle = findCircle(chain, pid)
      if (circle) tellCircle(stage, world, circle)
      const account = chain.get(pid)
      if (account && changed.includes(account)) tellStep(stage, chain, account)
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
    stage.signal.throwIfAborted()
  }
  stage.say({ event: 'state', child: pid, state: 'gone', kernel: '', source: `/proc/${pid}/stat` })
}

/** Two accounts with the same key find each thread in the same wait. */
function keyOf({ threads }: Account): string {
  return threads
    .map(
      ({ tid, state, call, first, blocker }) =>
        `${tid} ${state} ${call} ${first} ${blocker.kind} ${blocker.wakers}`,
    )
    .join('\n')
}

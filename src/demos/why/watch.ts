/** `why --watch`: reports what has changed, until the process has exited. */
import { readStat, type Stat } from '../../proc/stat.js'
import type { Stage } from '../../run/stage.js'
import type { Account } from '../../why/process-account.js'
import { createWorld } from '../../why/snapshot.js'
import { type Chain, findCycle, follow } from '../../why/wait-graph.js'
import { named } from './render/words.js'
import { tellAdvice, tellFindings } from './report.js'

/** Between two looks, in milliseconds. */
const pause = 500

/** @param answer the accounts in the answer, so that a change since then is reported */
export async function watchOn(stage: Stage, { pid, startTicks }: Stat, answer: Chain): Promise<void> {
  const name = named(pid)
  let told = keysOf(answer)
  while (readStat(pid)?.startTicks === startTicks) {
    const world = createWorld()
    const chain = follow(world, pid)
    const now = keysOf(chain)
    const changed = [...chain.values()].filter((account) => told.get(account.pid) !== now.get(account.pid))
    told = now
    const asked = chain.get(pid)
    if (asked && changed.length > 0) {
      const findings = { world, chain, asked, cycle: findCycle(chain, pid) }
      tellFindings(stage, findings, changed)
      if (changed.includes(asked)) tellAdvice(stage, findings)
    }
    await stage.pause(pause)
  }
  stage.say({ event: 'state', child: pid, state: 'gone', kernel: '', source: `/proc/${pid}/stat` })
  stage.note(`${name} has exited.`, 'closing')
}

function keysOf(chain: Chain): Map<number, string> {
  return new Map([...chain].map(([pid, account]) => [pid, keyOf(account)]))
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

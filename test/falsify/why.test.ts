/** The claims of `why` come out false when the process does something else between two looks. */
import { execFileSync } from 'node:child_process'
import { describe, vi } from 'vitest'
import { why } from '../../src/demos/why/index.js'
import type { Event } from '../../src/events.js'
import * as sched from '../../src/proc/sched.js'
import { readStat } from '../../src/proc/stat.js'
import { start, temporaryFolder } from '../support/children.js'
import { falsify } from '../support/falsify.js'
import { perform } from '../support/perform.js'
import { inCall, startShell } from '../support/why-ask.js'

/** Returns when the process has been stopped. Nothing else happens in this process meanwhile. */
function stop(pid: number): void {
  process.kill(pid, 'SIGSTOP')
  for (const end = Date.now() + 10_000; readStat(pid)?.state !== 'T' && Date.now() < end; );
}

/** Reports about a sleeping process whose state the kernel shows as these letters, one after the other, and never any CPU time. */
async function whyOf(letters: string): Promise<Event[]> {
  const { pid } = start('sleep', ['1000'])
  await inCall(pid, /nanosleep/)
  const real = sched.readCpuUse
  let looks = 0
  vi.spyOn(sched, 'readCpuUse').mockImplementation((...of) => {
    const use = real(...of)
    return use && { ...use, state: letters[looks++] ?? 'S' }
  })
  return (await perform(why(pid))).events
}

describe.runIf(process.platform === 'linux')('why', () => {
  falsify(['why/still-blocked'], 'the process is stopped after it was found blocked', async () => {
    const { pid } = start('sleep', ['1000'])
    await inCall(pid, /nanosleep/)
    // The state is reported between the looks that find it blocked and the last look.
    const watch = ({ event }: Event) => event === 'state' && stop(pid)
    return (await perform(why(pid), watch)).events
  })

  falsify(['why/deadlock-stands-still'], 'a process of the deadlock is stopped', async () => {
    const cwd = temporaryFolder()
    execFileSync('mkfifo', ['a', 'b'], { cwd })
    const one = startShell('exec 3>a 4<b; read line <&4', cwd).pid
    const two = startShell('exec 3<a 4>b; read line <&3', cwd).pid
    await Promise.all([one, two].map((pid) => inCall(pid, /^read$/)))
    // After this claim, both processes are looked at, and then osdemo rests before it looks again.
    const watch = (event: Event) =>
      event.event === 'claim' && event.id === 'why/still-blocked' && setImmediate(stop, two)
    return (await perform(why(one), watch)).events
  })

  falsify(
    ['why/ran-between-looks'],
    'the state of the process changes, and the kernel counts no time on a CPU',
    () => whyOf('RSRSRSR'),
  )

  falsify(['why/runs-or-ready'], 'the process was runnable, got no CPU, and then sleeps', () => whyOf('RR'))
})

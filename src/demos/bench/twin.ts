/** The same work in C, beside osdemo's: examples/bench.c, which is compiled on first use. */
import type { Mode, Task } from '../../bench/round.js'
import { DemoFailed } from '../../errors.js'
import { compiled } from '../../run/compile.js'
import type { Stage } from '../../run/stage.js'
import { makePrivateMessageQueue } from '../queue/keyed-queue.js'
import { printedNothing, startLineProgram } from '../shared/line-program.js'

/** What the C program knows. It has no ring buffer, but room for one message, so it tells nothing about the throughput of a ring. */
const known = [
  'pipe',
  'socketpair',
  'unix-datagram',
  'tcp',
  'udp',
  'sysv-queue',
  'posix-queue',
  'eventfd',
  'posix-shm',
]
const latencyOnly = ['shm-ring', 'shm-ring-spin']

/** Plays a round in C. @returns microseconds: the p50 of the round trips, or the time of a message */
export type Twin = (
  task: Omit<Task, 'peer'>,
  labels: { cpus: string; round: number; pinned: readonly number[] },
) => Promise<number>

/** @returns undefined where the C program does not have this mechanism @throws Unavailable where it cannot be compiled */
export async function startTwin(stage: Stage, mechanism: string, mode: Mode): Promise<Twin | undefined> {
  if (!known.includes(mechanism) && !(mode === 'latency' && latencyOnly.includes(mechanism))) return undefined
  const program = await compiled('bench', '-O2', '-pthread', '-lrt')
  const quiet = { ...stage, say: () => {} }
  const id = mechanism === 'sysv-queue' ? [`${makePrivateMessageQueue(quiet).id}`] : []
  const words = [program, mechanism, ...id]
  const twin = await startLineProgram(stage, `${mechanism}-c`, words)
  return async ({ size, count, window }, { cpus, round, pinned }) => {
    const [one = -1, other = -1] = pinned
    twin.tell(`${mode} ${size} ${count} ${window} ${one} ${other}`)
    const line = await twin.next()
    if (line === undefined) throw printedNothing(`${mechanism} C`, words)
    const [p50 = 0, p90 = 0, p99 = 0, elapsed = 0] = line.split(' ').map(Number)
    if (!(elapsed > 0))
      throw new DemoFailed(`the C program printed ${JSON.stringify(line)}, which is no result`)
    stage.say({
      event: 'evidence',
      source: 'CLOCK_MONOTONIC',
      value: `${count} messages of ${size} B in ${Math.round(elapsed)} µs`,
      about: `${mode} in C, round ${round}`,
      data: { mode, size, count, mechanism, cpus, round, side: 'c', elapsed, p50, p90, p99 },
      detail: true,
    })
    return mode === 'latency' ? p50 : elapsed / count
  }
}

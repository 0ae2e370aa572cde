/** Busy children share one CPU: which runs when, and what share a nice value gives it. */
import { getPriority } from 'node:os'
import { now } from '../../events.js'
import { renice } from '../../ipc/scheduling.js'
import { weightOf } from '../../proc/nice-weights.js'
import { readSwitches } from '../../proc/sched.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { zip } from '../shared/lists.js'
import {
  busyCpu,
  type Count,
  compute,
  countAll,
  countsSince,
  dismiss,
  gap,
  inMilliseconds,
  release,
  report,
  requireScheduler,
  startBusy,
} from './busy-children.js'
import { judged, showShares, total } from './cpu-shares.js'

export interface ProcessScheduleOptions {
  /** How many busy children, 2 to 16. Without a list of nice values all have the same. */
  processes?: number | undefined
  /** The nice value of each, -20 to 19; by default 0, 5 and 10. */
  nice?: number[] | undefined
  /** CPU time that the child with the least weight must have received before the shares are compared, in milliseconds. */
  sample?: number
  /** How long the measurement may take, in milliseconds. After that the shares are compared as they are. */
  patience?: number
}

/** The last part of the measurement, in microseconds: of this part, the children report every time that they were running. */
const window = 240_000

/** So few voluntary switches may happen without spoiling the shares: for example, a thread blocks for the garbage collector. */
const fewSleeps = 10

/** The longest timer tick, 1/100 s, in nanoseconds. The kernel updates the CPU time of a running child once a tick. */
const tick = 10_000_000

export function processSchedule(options: ProcessScheduleOptions = {}): Demo {
  const { sample = 60, patience = 15_000 } = options
  return async (stage) => {
    const cpus = requireScheduler('process schedule')
    const cpu = busyCpu(cpus)
    stage.note(
      'The scheduler shares a CPU in proportion to weights, and the nice value sets the weight. ' +
        'Watch how close each share comes to the prediction.',
      'opening',
    )
    const nice = options.nice ?? defaultNice(stage, options.processes)
    const children = await startBusy(
      stage,
      nice.map((_, index) => `child-${index + 1}`),
    )
    stage.evidence(
      'sched_prio_to_weight in kernel/sched/core.c',
      nice.map((value) => `nice ${value}: ${weightOf(value)}`).join(', '),
      'the weights',
      { data: nice.map((value) => ({ nice: value, weight: weightOf(value) })) },
    )
    stage.note(
      `${nice.length === 2 ? 'Both' : `All ${nice.length}`} children compute on CPU ${cpu}, and on no other CPU.`,
    )
    const { sums, sleeps } = await stage.holdEvents(async () => {
      await compute(children, cpu)
      // Not earlier, because a child with a high nice value would take long to start.
      for (const [{ id }, value] of zip(children, nice)) renice(id, value)
      const awake = sleepsOf(children)
      const before = countAll(children)
      const look = () => countsSince(before, children)
      const sums = (await stage.poll(() => judged(look(), nice, sample), patience)) ?? look()
      const until = now()
      const sleeps = sleepsOf(children) - awake
      release(children, cpus)
      // By the latest of these times every child has been counted.
      const since = Math.max(...before.map(({ t }) => t))
      await report(children, Math.max(since, until - window), until)
      return { sums, sleeps }
    })
    showOneCpu(stage, children, sums)
    if (judged(sums, nice, sample) || sleeps <= fewSleeps) {
      showShares(stage, { children, nice, sums, sample, cpu })
    } else {
      stage.note(
        `Not observed: the shares. The children gave up the CPU voluntarily ${sleeps} times, so not all were ready.`,
        'aside',
      )
    }
    await dismiss(children)
    stage.note(
      'A nice value is not a share: the share depends on the weights of all threads that are ready. ' +
        'Each step of the nice value changes a weight by a factor of about 1.25.',
      'closing',
    )
    stage.note('Next: `osdemo process switch` shows what it costs to change to another process.', 'next')
  }
}

/** Voluntary switches of all children. A child that waits now and then does not receive its whole share. */
function sleepsOf(children: Actor[]): number {
  return children.reduce((sum, { id }) => sum + (readSwitches(id)?.voluntary ?? 0), 0)
}

/** Nice values that every user may set: a user without privileges may only raise the nice value of osdemo. */
function defaultNice(stage: Stage, processes: number | undefined): number[] {
  const own = Math.max(0, getPriority())
  if (processes !== undefined) return Array<number>(processes).fill(own)
  if (own > 0) stage.note(`The nice value of osdemo is ${own}, so the children start from ${own}.`, 'aside')
  return [0, 5, 10].map((more) => Math.min(19, own + more))
}

function showOneCpu(stage: Stage, children: Actor[], sums: Count[]): void {
  for (const [{ id, name }, { t, run, delay, turns }] of zip(children, sums)) {
    stage.evidence(
      `/proc/${id}/schedstat`,
      `running +${inMilliseconds(run)}, ready +${inMilliseconds(delay)}, on the CPU ${turns} times`,
      `${name}, within ${inMilliseconds(t * 1000)}`,
      { data: { runNs: run, delayNs: delay, turns, wallNs: t * 1000 } },
    )
  }
  const wall = Math.max(...sums.map(({ t }) => t)) * 1000
  stage.claim(
    'scheduler/one-cpu-runs-one-at-a-time',
    `One CPU runs one process at a time: together they ran ${inMilliseconds(total(sums))} of ${inMilliseconds(wall)}.`,
    total(sums) <= wall + tick * sums.length,
  )
  showTurns(stage, children.flatMap(turnsOf))
}

function showTurns(stage: Stage, turns: Turn[]): void {
  if (turns.length === 0) {
    stage.note('Not observed: which child ran when, because other processes kept the CPU busy.', 'aside')
    return
  }
  stage.claim(
    'scheduler/turns-do-not-overlap',
    `No two processes run on one CPU at the same time: the children ran ${turns.length} times, one after the other.`,
    // A child does not notice that it lost the CPU for less than a gap.
    overlapOf(turns) <= turns.length * gap,
  )
}

interface Turn {
  from: number
  to: number
}

/** The times when a child was running, as it reported them. */
function turnsOf({ events }: Actor): Turn[] {
  const states = events.filter((event) => event.event === 'state')
  return zip(states, states.slice(1))
    .filter(([{ state }]) => state === 'running')
    .map(([start, end]) => ({ from: start.t, to: end.t }))
}

/** The microseconds in which two or more children were running. */
function overlapOf(turns: Turn[]): number {
  let overlap = 0
  let end = 0
  for (const { from, to } of turns.toSorted((a, b) => a.from - b.from)) {
    overlap += Math.max(0, Math.min(end, to) - from)
    end = Math.max(end, to)
  }
  return overlap
}

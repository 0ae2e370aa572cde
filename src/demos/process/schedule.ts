/** Busy children share one CPU: who runs when, and what a nice value is worth. */
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
  /** Busy children, 2 to 16. Without a list of nice values all have the same. */
  processes?: number | undefined
  /** The nice value of each, -20 to 19; by default 0, 5 and 10. */
  nice?: number[] | undefined
  /** Milliseconds of the CPU that the child with the least weight is to get before the shares are judged. */
  sample?: number
  /** Milliseconds after which it is judged all the same, or cannot be. */
  patience?: number
}

/** The children report their single turns on the CPU for this long at the end, in microseconds. */
const window = 240_000

/** So many voluntary switches do not count: the garbage collector, for example, makes a thread wait. */
const fewSleeps = 10

/** A timer tick in nanoseconds, at most 1/100 s: the kernel updates a running child's count only then. */
const tick = 10_000_000

export function processSchedule(options: ProcessScheduleOptions = {}): Demo {
  const { sample = 60, patience = 15_000 } = options
  return async (stage) => {
    const cpus = requireScheduler('process schedule')
    const cpu = busyCpu(cpus)
    const nice = options.nice ?? defaultNice(stage, options.processes)
    const children = await startBusy(
      stage,
      nice.map((_, index) => `child-${index + 1}`),
    )
    stage.evidence(
      'sched_prio_to_weight of the kernel',
      nice.map((value) => `${weightOf(value)} (nice ${value})`).join(', '),
      'the weights',
      { data: nice.map((value) => ({ nice: value, weight: weightOf(value) })) },
    )
    stage.note(
      `all ${nice.length} compute without a pause, on CPU ${cpu} alone; it is measured who gets how much`,
      'opening',
    )
    const { sums, sleeps } = await stage.holdEvents(async () => {
      await compute(children, cpu)
      // Only now: with a high nice value, a child would take long to start.
      for (const [{ id }, value] of zip(children, nice)) renice(id, value)
      const awake = sleepsOf(children)
      const before = countAll(children)
      const look = () => countsSince(before, children)
      const sums = (await stage.poll(() => judged(look(), nice, sample), patience)) ?? look()
      const until = now()
      const sleeps = sleepsOf(children) - awake
      release(children, cpus)
      // Every child was counted by then.
      const since = Math.max(...before.map(({ t }) => t))
      await report(children, Math.max(since, until - window), until)
      return { sums, sleeps }
    })
    showOneCpu(stage, children, sums)
    if (judged(sums, nice, sample) || sleeps <= fewSleeps) showShares(stage, children, nice, sums, sample)
    else
      stage.note(
        `the shares cannot be judged here: the children left the CPU ${sleeps} times by themselves`,
        'aside',
      )
    await dismiss(children)
  }
}

/** Voluntary switches of the children: a child that sleeps now and then does not get its whole share. */
function sleepsOf(children: Actor[]): number {
  return children.reduce((sum, { id }) => sum + (readSwitches(id)?.voluntary ?? 0), 0)
}

/** Values that every user may set: a user without privileges cannot go below the nice value of osdemo. */
function defaultNice(stage: Stage, processes: number | undefined): number[] {
  const own = Math.max(0, getPriority())
  if (processes !== undefined) return Array<number>(processes).fill(own)
  if (own > 0) stage.note(`osdemo itself runs with nice ${own}, and the children count from there`, 'aside')
  return [0, 5, 10].map((more) => Math.min(19, own + more))
}

function showOneCpu(stage: Stage, children: Actor[], sums: Count[]): void {
  for (const [{ id, name }, { t, run, delay, turns }] of zip(children, sums)) {
    stage.evidence(
      `/proc/${id}/schedstat`,
      `ran ${inMilliseconds(run)}, was ready for ${inMilliseconds(delay)}, got the CPU ${turns} times`,
      `${name} in ${inMilliseconds(t * 1000)}`,
      { data: { runNs: run, delayNs: delay, turns, wallNs: t * 1000 } },
    )
  }
  const wall = Math.max(...sums.map(({ t }) => t)) * 1000
  stage.claim(
    'scheduler/one-cpu-runs-one-at-a-time',
    `all together ran for ${inMilliseconds(total(sums))} of ${inMilliseconds(wall)}: no more than one CPU has`,
    total(sums) <= wall + tick * sums.length,
  )
  showTurns(stage, children.flatMap(turnsOf))
}

function showTurns(stage: Stage, turns: Turn[]): void {
  if (turns.length === 0) {
    stage.note('cannot be seen here: who ran when, for others had the CPU all the time at the end', 'aside')
    return
  }
  stage.claim(
    'scheduler/turns-do-not-overlap',
    `of ${turns.length} turns that they saw by the clock no two were at the same time`,
    // A child does not notice that it was off the CPU for less than a gap.
    overlapOf(turns) <= turns.length * gap,
  )
}

interface Turn {
  from: number
  to: number
}

/** When a child was on the CPU, as the child reported it. */
function turnsOf({ events }: Actor): Turn[] {
  const states = events.filter((event) => event.event === 'state')
  return zip(states, states.slice(1))
    .filter(([{ state }]) => state === 'running')
    .map(([start, end]) => ({ from: start.t, to: end.t }))
}

/** Microseconds for which two or more were on the CPU. */
function overlapOf(turns: Turn[]): number {
  let overlap = 0
  let end = 0
  for (const { from, to } of turns.toSorted((a, b) => a.from - b.from)) {
    overlap += Math.max(0, Math.min(end, to) - from)
    end = Math.max(end, to)
  }
  return overlap
}

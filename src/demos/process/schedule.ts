/** Busy children share one CPU: who runs when, and what a nice value is worth. */
import { getPriority } from 'node:os'
import { now } from '../../events.js'
import { renice } from '../../ipc/scheduling.js'
import { sharesOf, weightOf } from '../../proc/nice-weights.js'
import { readSwitches } from '../../proc/sched.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import {
  between,
  type Count,
  compute,
  countAll,
  dismiss,
  gap,
  inMilliseconds,
  release,
  report,
  requireScheduler,
  startBusy,
} from './busy-children.js'

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

/** How far a share may be from what the weights predict. */
const tolerance = 0.15

/** How long who ran when is told in single turns, in microseconds. */
const window = 240_000

/** So often a child may leave the CPU by itself, as for the garbage collector, and still be said to want all of it. */
const fewSleeps = 10

/** What the kernel's count of a child that runs right now may be behind, in nanoseconds: a timer tick of 1/100 s. */
const tick = 10_000_000

export function processSchedule(options: ProcessScheduleOptions = {}): Demo {
  const { sample = 60, patience = 15_000 } = options
  return async (stage) => {
    const cpus = requireScheduler('process schedule')
    const cpu = cpus.at(-1)!
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
      // Not before: starting would take long for one that others are preferred to.
      for (const [index, { id }] of children.entries()) renice(id, nice[index]!)
      const awake = sleepsOf(children)
      const before = countAll(children)
      const look = () => countAll(children).map((count, index) => between(before[index]!, count))
      const sums = (await stage.poll(() => judged(look(), nice, sample), patience)) ?? look()
      const until = now()
      const sleeps = sleepsOf(children) - awake
      release(children, cpus)
      await report(children, Math.max(before.at(-1)!.t, until - window), until)
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

/** How often children have left the CPU by themselves: who does not want it all the time does not get its share. */
function sleepsOf(children: Actor[]): number {
  return children.reduce((sum, { id }) => sum + (readSwitches(id)?.voluntary ?? 0), 0)
}

/** Values that every user may set, also one whose shell has been given a nice value. */
function defaultNice(stage: Stage, processes: number | undefined): number[] {
  const own = Math.max(0, getPriority())
  if (processes !== undefined) return Array<number>(processes).fill(own)
  if (own > 0) stage.note(`osdemo itself runs with nice ${own}, and the children count from there`, 'aside')
  return [0, 5, 10].map((more) => Math.min(19, own + more))
}

/** The counts, once all have got enough to be judged and none is off what is predicted; when patience is over, it is. */
function judged(sums: Count[], nice: number[], sample: number): Count[] | undefined {
  const predicted = sharesOf(nice)
  const off = deviations(sums, predicted).some((one) => Math.abs(one) > tolerance)
  return off || !isEnough(sums, predicted, sample) ? undefined : sums
}

function isEnough(sums: Count[], predicted: number[], sample: number): boolean {
  return total(sums) * Math.min(...predicted) >= sample * 1e6
}

/** How far each share is from what is predicted, as a part of that. */
function deviations(sums: Count[], predicted: number[]): number[] {
  return sums.map(({ run }, index) => run / total(sums) / predicted[index]! - 1)
}

/** Nanoseconds of the CPU that all together have got. */
function total(sums: Count[]): number {
  return sums.reduce((sum, { run }) => sum + run, 0)
}

function showOneCpu(stage: Stage, children: Actor[], sums: Count[]): void {
  for (const [index, { id, name }] of children.entries()) {
    const { t, run, delay, turns } = sums[index]!
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
    // What is shorter than a gap may hide in the turn of another one.
    overlapOf(turns) <= turns.length * gap,
  )
}

interface Turn {
  from: number
  to: number
}

/** When a child was on the CPU, as it told. */
function turnsOf({ events }: Actor): Turn[] {
  const states = events.filter((event) => event.event === 'state')
  return states.flatMap(({ state, t }, index) =>
    state === 'running' && states[index + 1] ? [{ from: t, to: states[index + 1]!.t }] : [],
  )
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

function showShares(stage: Stage, children: Actor[], nice: number[], sums: Count[], sample: number): void {
  const predicted = sharesOf(nice)
  if (!isEnough(sums, predicted, sample)) {
    const least = inMilliseconds(total(sums) * Math.min(...predicted))
    stage.note(
      `too little to judge the shares by: a child that is due ${percent(Math.min(...predicted))} of ` +
        `${inMilliseconds(total(sums))} gets some ${least}, a few turns; take values that are closer, or a calmer moment`,
      'aside',
    )
    return
  }
  deviations(sums, predicted).forEach((deviation, index) => {
    const got = percent(sums[index]!.run / total(sums))
    stage.claim(
      'scheduler/weights-predict-shares',
      `${children[index]!.name} (nice ${nice[index]}) got ${got} of what all got; its weight predicts ` +
        `${percent(predicted[index]!)}, which is within ${100 * tolerance} %`,
      Math.abs(deviation) <= tolerance,
    )
  })
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`
}

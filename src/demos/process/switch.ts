/** Context switches: how many a process makes that waits and one that computes, and what one costs. */
import type { PasserConfig, PasserWord } from '../../actors/passer.js'
import { DemoFailed } from '../../errors.js'
import { now } from '../../events.js'
import { pin } from '../../ipc/scheduling.js'
import { readSwitches, type Switches } from '../../proc/sched.js'
import type { Actor, ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { micro } from '../../text.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { zip } from '../shared/lists.js'
import { toldNumber } from '../shared/told-number.js'
import {
  busyCpu,
  compute,
  dismiss,
  release,
  requireScheduler,
  startBusy,
  tellAndWait,
} from './busy-children.js'

/** The one that begins, and the one that answers. */
type Passers = [ActorOf<'passer'>, ActorOf<'passer'>]

export interface ProcessSwitchOptions {
  /** How often a byte is passed at most, and for how long at most, in milliseconds: each time that it is measured. */
  times?: number
  patience?: number
}

/** How often one sleeps, a millisecond each. */
const sleeps = 50

/** How many switches of one that computes are waited for. */
const enough = 10

export function processSwitch({ times = 2000, patience = 500 }: ProcessSwitchOptions = {}): Demo {
  return async (stage) => {
    const cpus = requireScheduler('process switch')
    await showKinds(stage, cpus)
    const { both, alone } = await enterPassers(stage, times, patience)
    await showCost(stage, both, alone, cpus)
    both[0].tell('end')
    await Promise.all(both.map(({ ended }) => ended))
  }
}

/** @throws DemoFailed when it is gone */
function switches({ id, name }: Actor): Switches {
  const found = readSwitches(id)
  if (found) return found
  throw new DemoFailed(`the ${name} (pid ${id}) is gone`, { hint: 'run it again' })
}

function since(before: Switches, actor: Actor): Switches {
  const after = switches(actor)
  return {
    voluntary: after.voluntary - before.voluntary,
    involuntary: after.involuntary - before.involuntary,
  }
}

function showSwitches(
  stage: Stage,
  { id, name }: Actor,
  { voluntary, involuntary }: Switches,
  when: string,
): void {
  stage.evidence(
    `/proc/${id}/status`,
    `${voluntary} voluntary, ${involuntary} involuntary`,
    `switches of ${name} ${when}`,
    { data: { voluntary, involuntary } },
  )
}

async function showKinds(stage: Stage, cpus: number[]): Promise<void> {
  const [sleeper, watched, rival] = await startBusy(stage, ['sleeper', 'busy-1', 'busy-2'])
  // Once it is awake: starting takes switches too.
  sleeper.tell('here')
  await sleeper.until('note')
  const awake = switches(sleeper)
  await tellAndWait(sleeper, `sleep ${sleeps}`, 'end')
  const slept = since(awake, sleeper)
  showSwitches(stage, sleeper, slept, `while it slept ${sleeps} times`)
  stage.claim(
    'scheduler/waiting-switches-voluntarily',
    'who waits leaves the CPU by itself: a voluntary switch, mostly one each time',
    slept.voluntary >= sleeps / 2,
  )

  const busy = [watched, rival]
  await compute(busy, busyCpu(cpus))
  const before = switches(watched)
  const computed = await stage.poll(() => {
    const count = since(before, watched)
    return count.involuntary >= enough && count
  }, 5000)
  if (computed) {
    showSwitches(stage, watched, computed, 'while it computed beside busy-2')
    stage.claim(
      'scheduler/computing-is-preempted',
      'from who computes the kernel takes the CPU: its switches are involuntary',
      computed.involuntary > computed.voluntary,
    )
  } else {
    stage.note(
      `cannot be seen here: within 5 seconds the kernel did not take the CPU from busy-1 ${enough} times`,
      'aside',
    )
  }
  release(busy, cpus)
  await dismiss([sleeper, ...busy])
}

/** The one that begins, and the one that answers; and what the calls alone take, in microseconds. */
async function enterPassers(
  stage: Stage,
  times: number,
  patience: number,
): Promise<{ both: Passers; alone: number }> {
  const there = await makePrivateFifo(stage, 'there')
  const back = await makePrivateFifo(stage, 'back')
  const config: PasserConfig = { there, back, begins: true, times, patience }
  const first = await stage.start({ program: 'passer', name: 'first', config })
  const { median: alone } = await measure(first, 'alone')
  const second = await stage.start({
    program: 'passer',
    name: 'second',
    config: { ...config, begins: false },
  })
  first.tell('open')
  await first.until('call', ({ call, phase }) => call === 'open' && phase === 'end')
  return { both: [first, second], alone }
}

/** Lets a byte be passed, and gives how often, and how long once took, in microseconds, as the one that measures tells. */
async function measure(
  first: ActorOf<'passer'>,
  word: PasserWord,
): Promise<{ times: number; median: number }> {
  const sent = now()
  first.tell(word)
  const { messages } = await first.until('tally', ({ t }) => t >= sent)
  const median = await toldNumber(first, { name: 'microseconds', source: 'CLOCK_MONOTONIC', since: sent })
  return { times: messages, median }
}

async function showCost(stage: Stage, both: Passers, alone: number, cpus: number[]): Promise<void> {
  const [one, other] = [busyCpu(cpus), cpus.at(-2)]
  const near = await pass(stage, both, [one, one])
  stage.claim(
    'scheduler/round-trip-takes-a-switch-each',
    `on one CPU, ${near.times} times there and back took each of the two at least ${near.times} switches`,
    near.switches.every(({ voluntary, involuntary }) => voluntary + involuntary >= near.times),
  )
  if (other === undefined)
    stage.note('cannot be seen here: the same on two CPUs, since osdemo may use one only', 'aside')
  else await pass(stage, both, [one, other])
  const half = near.median / 2
  const left = half - alone
  stage.note(
    'There and back is two passings. Each is a write(2), a read(2), waking the other one and the switch to it. ' +
      (left > 0
        ? `On one CPU a passing took ${micro(half)}, of which the two calls alone, with what Node adds to them, take ` +
          `${micro(alone)}: about ${micro(left)} are left for one switch, with the waking. `
        : 'What is left for the switch cannot be told here: the two calls alone took no less time. ') +
      'Whoever else wants the CPU makes it longer.',
    'closing',
  )
}

async function pass(stage: Stage, both: Passers, cpus: [number, number]) {
  for (const [{ id }, cpu] of zip(both, cpus)) pin(id, [cpu])
  const before = both.map(switches)
  const { times, median } = await measure(
    both[0],
    cpus[0] === cpus[1] ? `pass both on CPU ${cpus[0]}` : `pass on CPUs ${cpus[0]} and ${cpus[1]}`,
  )
  const counts = zip(before, both).map(([count, actor]) => since(count, actor))
  for (const [actor, count] of zip(both, counts)) showSwitches(stage, actor, count, 'meanwhile')
  return { times, median, switches: counts }
}

/** Context switches: which kind a process makes that waits, which kind one that computes, what a switch saves and restores, and what it costs. */
import type { PasserConfig, PasserWord } from '../../actors/passer.js'
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
  hasExited,
  release,
  requireScheduler,
  startBusy,
  tellAndWait,
} from './busy-children.js'
import { showRegisters } from './switch-registers.js'

/** The process that sends the byte first and measures, and the process that sends it back. */
type Passers = [ActorOf<'passer'>, ActorOf<'passer'>]

export interface ProcessSwitchOptions {
  /** The most round trips of one measurement, and the most milliseconds that it may take. */
  times?: number
  patience?: number
}

/** How many times the sleeper sleeps, for 1 ms each. */
const sleeps = 50

/** The demo waits for so many involuntary switches of the busy process. */
const enough = 10

const lesson =
  'During a switch no program makes progress, so a scheduler avoids switches that are not needed.'

export function processSwitch({ times = 2000, patience = 500 }: ProcessSwitchOptions = {}): Demo {
  return async (stage) => {
    const cpus = requireScheduler('process switch')
    stage.note(
      'A process that waits gives up the CPU voluntarily. A process that computes is preempted. ' +
        'Watch both kinds of context switch, what a switch saves and restores, and what it costs.',
      'opening',
    )
    await showKinds(stage, cpus)
    await showRegisters(stage, cpus)
    const { both, alone } = await enterPassers(stage, times, patience)
    const cost = await showCost(stage, both, alone, cpus)
    both[0].tell('end')
    await Promise.all(both.map(({ ended }) => ended))
    stage.note(
      cost > 0
        ? `A context switch took about ${micro(cost)}, which includes waking the other process. ${lesson}`
        : `The cost of one switch was not observed: the system calls alone took as long. ${lesson}`,
      'closing',
    )
    stage.note('Next: `osdemo why $$` shows what your shell is waiting for.', 'next')
  }
}

/** @throws DemoFailed when the process has exited */
function switches(actor: Actor): Switches {
  const found = readSwitches(actor.id)
  if (found) return found
  throw hasExited(actor)
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
    `voluntary_ctxt_switches: +${voluntary}, nonvoluntary_ctxt_switches: +${involuntary}`,
    `${name}, ${when}`,
    { data: { voluntary, involuntary } },
  )
}

async function showKinds(stage: Stage, cpus: number[]): Promise<void> {
  const [sleeper, watched, rival] = await startBusy(stage, ['sleeper', 'busy-1', 'busy-2'])
  // The count begins when the sleeper has started, because starting takes switches too.
  sleeper.tell('here')
  await sleeper.until('note')
  const awake = switches(sleeper)
  await tellAndWait(sleeper, `sleep ${sleeps}`, 'end')
  const slept = since(awake, sleeper)
  showSwitches(stage, sleeper, slept, `during ${sleeps} sleeps`)
  stage.claim(
    'scheduler/waiting-switches-voluntarily',
    `A process that waits gives up the CPU voluntarily: ${slept.voluntary} voluntary switches in ${sleeps} sleeps.`,
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
    const all = computed.involuntary + computed.voluntary
    showSwitches(stage, watched, computed, 'while busy-2 wanted the same CPU')
    stage.claim(
      'scheduler/computing-is-preempted',
      `A process that computes is preempted: ${computed.involuntary} of its ${all} switches were involuntary.`,
      computed.involuntary > computed.voluntary,
    )
  } else {
    stage.note(
      `Not observed: preemption. The kernel preempted busy-1 fewer than ${enough} times in 5 s.`,
      'aside',
    )
  }
  release(busy, cpus)
  await dismiss([sleeper, ...busy])
}

/** Starts both processes. `alone` is the time of the system calls without a switch, in microseconds. */
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

/** Lets the first process measure. @returns the number of round trips, and their median in microseconds, as it reports them */
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

/** @returns the time that remains for one switch when the calls alone are subtracted, in microseconds */
async function showCost(stage: Stage, both: Passers, alone: number, cpus: number[]): Promise<number> {
  const [one, other] = [busyCpu(cpus), cpus.at(-2)]
  const near = await pass(stage, both, [one, one])
  stage.claim(
    'scheduler/round-trip-takes-a-switch-each',
    `On one CPU, a round trip costs each process a switch: ${near.times} round trips, at least ${near.times} switches each.`,
    near.switches.every(({ voluntary, involuntary }) => voluntary + involuntary >= near.times),
  )
  if (other === undefined)
    stage.note('Not observed: the same on two CPUs, because osdemo may use only one.', 'aside')
  else {
    await pass(stage, both, [one, other])
    stage.note('On two CPUs each byte has to wake a process on the other CPU, which takes time too.')
  }
  const half = near.median / 2
  stage.note(
    `Half a round trip on one CPU took ${micro(half)}. The write(2) and the read(2) in it take ${micro(alone)}.`,
  )
  return half - alone
}

async function pass(stage: Stage, both: Passers, cpus: [number, number]) {
  for (const [{ id }, cpu] of zip(both, cpus)) pin(id, [cpu])
  const before = both.map(switches)
  const { times, median } = await measure(both[0], `pass ${cpus[0]} ${cpus[1]}`)
  const counts = zip(before, both).map(([count, actor]) => since(count, actor))
  for (const [actor, count] of zip(both, counts)) showSwitches(stage, actor, count, `in ${times} round trips`)
  return { times, median, switches: counts }
}

/** Processes count in one System V segment: plainly, atomically, and under a lock whose holder may die. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { CounterConfig } from '../../actors/counter.js'
import { countingRoom, layBarrier, lockAt, roomBytes } from '../../ipc/shared-counter.js'
import { layMutex } from '../../ipc/shared-mutex.js'
import { attachSegment } from '../../ipc/sysv-shm.js'
import { readStat } from '../../proc/stat.js'
import { readSegment } from '../../proc/sysvipc-shm.js'
import type { Actor, ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { seeWait } from '../shared/claim-waiting.js'
import { countOnce, dismiss, type Race, showRace } from './count-race.js'
import { makePrivateSegment, requireSegments, showSegment } from './segment.js'

export interface ShmRaceOptions {
  /** Counting processes, 2 to 16. */
  processes: number
  /** Additions by each of them in a round. */
  times: number
}

/** How long a process that waits for the lock is watched, in milliseconds. */
const watching = 300

export function shmRace({ processes, times }: ShmRaceOptions): Demo {
  return async (stage) => {
    requireSegments('shm race')
    const id = makePrivateSegment(stage, roomBytes)
    // Stays attached until this process ends: nobody can touch it afterwards, not even a demo whose run was aborted.
    const attached = attachSegment(id, roomBytes)
    const { cell, barrier } = countingRoom(attached.memory)
    layBarrier(barrier, processes)
    layMutex(attached.address + BigInt(lockAt))

    const config: CounterConfig = { memory: { segment: id, size: roomBytes }, times }
    const counters = await Promise.all(
      Array.from({ length: processes }, (_, index) =>
        stage.start({ program: 'counter', name: `counter-${index + 1}`, config }),
      ),
    )
    const all = await stage.poll(() => readSegment(id)?.attached === processes + 1)
    showSegment(stage, id, 'the segment that all of them count in')
    stage.claim(
      'shm/several-processes-attach-one-segment',
      `${processes} processes and this one have the segment attached`,
      all !== undefined,
    )
    const race: Race = { counters, cell, times }
    await showRace(stage, race)
    await showLock(stage, race)
    const [holder, waiter] = counters
    // The option allows no fewer than two processes.
    await showDeath(stage, holder!, waiter!)
    await dismiss(counters)
  }
}

async function showLock(stage: Stage, race: Race): Promise<void> {
  const expected = race.counters.length * race.times
  const locked = await countOnce(race, 'locked')
  stage.evidence(
    'cell[0]',
    `${locked}`,
    `the counter after ${race.counters.length} times ${race.times} plain additions under the lock`,
    { data: locked },
  )
  stage.claim(
    'lock/prevents-lost-updates',
    `plain additions under a lock lost none of ${expected} updates`,
    locked === expected,
  )
}

type Counter = ActorOf<'counter'>

/** The holder of the lock is killed while another process waits for the lock. */
async function showDeath(stage: Stage, holder: Counter, waiter: Counter): Promise<void> {
  holder.tell('hold')
  await holder.until('call', ({ call, phase }) => call === 'pthread_mutex_lock' && phase === 'end')
  waiter.tell('lock')
  await waiter.until('call', ({ call, phase }) => call === 'pthread_mutex_lock' && phase === 'begin')
  await seeWait(stage, {
    pid: waiter.id,
    tid: waiter.id,
    calls: ['futex'],
    id: 'lock/waiter-sleeps-in-futex',
    claim: `${waiter.name} waits for the lock that ${holder.name} holds, and sleeps in futex(2)`,
  })
  await showIdle(stage, waiter)
  holder.kill('SIGKILL')
  stage.note(`${holder.name} (pid ${holder.id}) is killed with SIGKILL while it holds the lock`)
  const got = await waiter.until(
    'call',
    ({ call, phase }) => call === 'pthread_mutex_lock' && phase === 'end',
  )
  stage.claim(
    'lock/owner-death-is-reported',
    `the kernel gives the lock to ${waiter.name}, and tells it that the holder died (EOWNERDEAD)`,
    got.errno === 'EOWNERDEAD',
  )
  await waiter.until('call', ({ call }) => call === 'pthread_mutex_unlock')
  waiter.tell('lock')
  const again = await waiter.until(
    'call',
    ({ call, phase, t }) => call === 'pthread_mutex_lock' && phase === 'end' && t > got.t,
  )
  stage.claim(
    'lock/can-be-repaired-after-owner-death',
    'mended, the lock can be taken again as if nothing had happened',
    again.result === 0,
  )
}

/** What the kernel counts for a thread that waits: nothing. */
async function showIdle(stage: Stage, { id, name }: Actor): Promise<void> {
  const source = `/proc/${id}/task/${id}/stat`
  const before = readStat(id, id)
  await sleep(watching)
  const after = readStat(id, id)
  if (!before || !after)
    return stage.note(`cannot be seen here: how much CPU time ${name} uses while it waits`, 'aside')
  stage.evidence(
    source,
    `state ${after.state}, ${before.cpuTicks} and then ${after.cpuTicks} ticks of CPU time`,
    `${name}, before and after ${watching} ms of waiting`,
    { data: { state: after.state, ticksBefore: before.cpuTicks, ticksAfter: after.cpuTicks } },
  )
  stage.claim(
    'lock/waiting-costs-no-cpu-time',
    `waiting for the lock cost ${name} no CPU time`,
    after.cpuTicks === before.cpuTicks,
  )
}

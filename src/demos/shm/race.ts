/** Processes count in one System V segment: plainly, atomically, and with a lock. Then the lock's holder is killed. */
import { countingRoom, layBarrier, lockAt, roomBytes } from '../../ipc/shared-counter.js'
import { layMutex } from '../../ipc/shared-mutex.js'
import { attachSegment } from '../../ipc/sysv-shm.js'
import { readStat } from '../../proc/stat.js'
import { readSegment } from '../../proc/sysvipc-shm.js'
import type { Actor, ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { thousands } from '../../text.js'
import { lastCallReturned, seeWait } from '../shared/claim-waiting.js'
import { requireProc } from '../shared/require-proc.js'
import { countOnce, dismiss, type Race, showRace } from './count-race.js'
import { makePrivateSegment, requireSegments, showSegment } from './segment.js'

export interface ShmRaceOptions {
  /** Counting processes, 2 to 16. */
  processes: number
  /** Additions per process in a round. */
  times: number
}

/** How long the process that waits for the lock is watched, in milliseconds: long enough for 30 clock ticks. */
const watching = 300

export function shmRace({ processes, times }: ShmRaceOptions): Demo {
  return async (stage) => {
    requireProc('shm race')
    requireSegments('shm race')
    stage.note(
      'Without a lock, processes that count in one segment lose updates. ' +
        'Watch a lock prevent that. Then watch what happens when its holder is killed.',
      'opening',
    )
    const id = makePrivateSegment(stage, roomBytes)
    // Never detached: the code of an aborted demo may still touch this memory, and would be killed by SIGSEGV.
    const attached = attachSegment(id, roomBytes)
    const { barrier } = countingRoom(attached.memory)
    layBarrier(barrier, processes)
    layMutex(attached.address + BigInt(lockAt))

    const memory = { segment: id, size: roomBytes }
    const counters = await Promise.all(
      Array.from({ length: processes }, (_, index) =>
        stage.start({ program: 'counter', name: `counter-${index + 1}`, config: { memory, times, index } }),
      ),
    )
    const all = await stage.poll(() => readSegment(id)?.attached === processes + 1)
    showSegment(stage, id, 'the shared counter is in it')
    stage.claim(
      'shm/several-processes-attach-one-segment',
      `Several processes can attach one segment: ${processes} processes and osdemo share it.`,
      all !== undefined,
    )
    const race: Race = { counters, kind: 'processes', memory: attached.memory, times }
    await showRace(stage, race)
    await showLock(stage, race)
    const [holder, waiter] = counters
    // The option allows no fewer than two processes.
    await showDeath(stage, holder!, waiter!)
    await dismiss(counters)
    stage.note(
      'A counter that processes share needs a lock, or atomic operations. A robust lock, pthread_mutexattr_setrobust(3), still works after its holder was killed.',
      'closing',
    )
    stage.note('Next: `osdemo shm ring` passes messages through a segment without a lock.', 'next')
  }
}

async function showLock(stage: Stage, race: Race): Promise<void> {
  const expected = race.counters.length * race.times
  const locked = await countOnce(race, 'locked')
  stage.evidence(
    'cell[0]',
    `${locked}`,
    `after ${race.counters.length} x ${thousands(race.times)} plain additions with the lock`,
    { data: locked },
  )
  stage.claim(
    'lock/prevents-lost-updates',
    `A lock prevents lost updates: all ${thousands(expected)} plain additions were counted.`,
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
    hasReturned: () => lastCallReturned(waiter),
    id: 'lock/waiter-sleeps-in-futex',
    claim: `A process that waits for a lock blocks in futex(2): ${waiter.name} waits for ${holder.name}.`,
  })
  await showIdle(stage, waiter)
  stage.note(`The supervisor kills the lock holder, ${holder.name} (pid ${holder.id}), with SIGKILL.`)
  holder.kill('SIGKILL')
  const got = await waiter.until(
    'call',
    ({ call, phase }) => call === 'pthread_mutex_lock' && phase === 'end',
  )
  stage.claim(
    'lock/owner-death-is-reported',
    `The kernel reports that a lock holder died: ${waiter.name} gets the lock with EOWNERDEAD.`,
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
    `A lock works again after pthread_mutex_consistent(3): ${waiter.name} locks it a second time.`,
    again.result === 0,
  )
}

/** Shows that the kernel charges a blocked process no CPU time. */
async function showIdle(stage: Stage, { id, name }: Actor): Promise<void> {
  const source = `/proc/${id}/task/${id}/stat`
  const before = readStat(id, id)
  await stage.pause(watching)
  const after = readStat(id, id)
  if (!before || !after)
    return stage.note(
      `Not observed: the CPU time of ${name} while it waits. ${source} cannot be read.`,
      'aside',
    )
  stage.evidence(
    source,
    `state ${after.state}, utime + stime ${before.cpuTicks}, then ${after.cpuTicks}`,
    `clock ticks before and after ${watching} ms`,
    { data: { state: after.state, ticksBefore: before.cpuTicks, ticksAfter: after.cpuTicks } },
  )
  stage.claim(
    'lock/waiting-costs-no-cpu-time',
    `A blocked process uses no CPU time: ${name} used none in ${watching} ms.`,
    after.cpuTicks === before.cpuTicks,
  )
}

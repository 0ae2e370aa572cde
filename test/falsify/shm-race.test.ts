/** Claims of `shm race` that come out false. */
import { describe, vi } from 'vitest'
import type { ProgramThatRunsAs } from '../../src/actor-types.js'
import type { CounterWord } from '../../src/actors/counter.js'
import { shmRace } from '../../src/demos/shm/race.js'
import { roomBytes } from '../../src/ipc/shared-counter.js'
import { waitingThreads } from '../../src/proc/task.js'
import type { ActorOf, ActorSpec } from '../../src/run/actor.js'
import type { Demo } from '../../src/run/stage.js'
import { falsify } from '../support/falsify.js'
import { liars } from '../support/impostors.js'
import { meddled } from '../support/meddle.js'
import { perform } from '../support/perform.js'
import { attachedWhenCreated, withNatives } from '../support/segments.js'
import { until } from '../support/until.js'

type Counter = ActorOf<'counter'>

/** A `shm race` of three, in which something happens before the waiter, counter-2, is told to lock the lock. */
function whenItLocks(act: (third: Counter, time: number) => Promise<unknown>): Demo {
  return (stage) => {
    let third: Counter
    let times = 0
    async function start<P extends ProgramThatRunsAs<'process'>>(spec: ActorSpec<P>): Promise<ActorOf<P>> {
      const actor = await stage.start(spec)
      // This demo starts no other program.
      if (spec.name === 'counter-3') third = actor as Counter
      if (spec.name !== 'counter-2') return actor
      const waiter = actor as Counter
      const tell = (word: CounterWord) => {
        if (word === 'lock') void act(third, ++times).then(() => waiter.tell(word))
        else waiter.tell(word)
      }
      return { ...waiter, tell } as ActorOf<P>
    }
    return shmRace({ processes: 3, times: 50_000 })({ ...stage, start })
  }
}

describe.runIf(process.platform === 'linux')('shm race', () => {
  falsify(
    [
      'shm/several-processes-attach-one-segment',
      'shm/plain-add-loses-updates',
      'shm/atomic-add-loses-no-updates',
      'lock/prevents-lost-updates',
      'lock/waiter-sleeps-in-futex',
      'lock/waiting-costs-no-cpu-time',
    ],
    'counters that add twenty times as often as they are told, a lock that waits busily, and one more process that attaches',
    async () => {
      const addOften = `const { parse } = JSON
JSON.parse = (text) => {
  const value = parse(text)
  if (value?.config?.times) value.config.times *= 20
  return value
}`
      const EBUSY = 16
      const waitBusily = withNatives(`(prototype, native, library) => {
  if (!prototype.includes('pthread_mutex_lock')) return native
  const lock = library.func(prototype.replace('_lock', '_trylock'))
  return (address) => {
    for (;;) {
      const errno = lock(address)
      if (errno !== ${EBUSY}) return errno
    }
  }
}`)
      vi.stubEnv('NODE_OPTIONS', liars({ counter: `${addOften}\n${waitBusily}` }).NODE_OPTIONS)
      const other = attachedWhenCreated(roomBytes)
      const { events } = await perform(meddled(shmRace({ processes: 2, times: 1000 }), other.look))
      return events
    },
  )

  falsify(
    ['lock/owner-death-is-reported'],
    'another process waits for the lock before the waiter does, and repairs it',
    async () => {
      const { events } = await perform(
        whenItLocks(async (third, time) => {
          if (time > 1) return
          third.tell('lock')
          await until(() =>
            waitingThreads(third.id).some(({ tid, syscall }) => tid === third.id && syscall === 'futex'),
          )
        }),
      )
      return events
    },
  )

  falsify(
    ['lock/can-be-repaired-after-owner-death'],
    'another process locks the repaired lock, and is killed too',
    async () => {
      const { events } = await perform(
        whenItLocks(async (third, time) => {
          if (time === 1) return
          third.tell('hold')
          await third.until('call', ({ call, phase }) => call === 'pthread_mutex_lock' && phase === 'end')
          third.kill('SIGKILL')
          await third.ended
        }),
      )
      return events
    },
  )
})

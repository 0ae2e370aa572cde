/** Claims of `semaphore demo` that come out false. */
import { describe, onTestFinished, vi } from 'vitest'
import { semaphoreDemo } from '../../src/demos/semaphore/demo.js'
import type { Fact } from '../../src/events.js'
import { makeNamed, openNamed, semaphoreAt, unlinkNamed } from '../../src/ipc/posix-sem.js'
import { operate } from '../../src/ipc/sysv-sem.js'
import { falsify } from '../support/falsify.js'
import { liars } from '../support/impostors.js'
import { meddled } from '../support/meddle.js'
import { perform } from '../support/perform.js'
import { withNatives } from '../support/segments.js'

/** How long a poll may take on a busy machine, in milliseconds, and how long one that waits in vain. */
const [long, inVain] = [10_000, 500]

/** @param last the last poll whose success the claim needs; all later ones take less time */
async function played(last: number, before: (fact: Fact) => void = () => {}) {
  const demo = meddled(semaphoreDemo, before, undefined, long)
  let polls = 0
  const { events } = await perform((stage) =>
    demo({ ...stage, poll: (look) => stage.poll(look, ++polls > last ? inVain : long) }),
  )
  return events
}

/** Actors whose semop(2) is another one. @param change code that gets `operation`: number, change, flags */
function playedWithSemop(last: number, change: string, call = 'native(id, bytes, count)') {
  const lie = withNatives(`(prototype, native, library) => {
  if (!prototype.includes('semop')) return native
  return (id, bytes, count) => {
    const operation = new Int16Array(bytes.buffer, bytes.byteOffset, 3)
    ${change}
    return ${call}
  }
}`)
  vi.stubEnv('NODE_OPTIONS', liars({ 'semaphore-user': lie }).NODE_OPTIONS)
  return played(last)
}

describe.runIf(process.platform === 'linux')('semaphore demo', () => {
  falsify(
    ['semaphore/waiter-blocks-in-semop', 'semaphore/waiting-costs-no-cpu-time'],
    'processes that ask again and again, with IPC_NOWAIT',
    () =>
      playedWithSemop(
        2,
        `operation[2] |= 0o4000
    const value = library.func('int semctl(int id, int number, int command, long none)')
    const pause = library.func('int usleep(unsigned int microseconds)')
    while (native(id, bytes, count) === -1 && value(id, 0, 12, 0) !== -1) pause(2000)`,
        '0',
      ),
  )

  falsify(
    ['semaphore/admits-its-value', 'semaphore/post-admits-one'],
    'another process adds 1 to the new set',
    () =>
      played(2, (fact) => {
        if (fact.event === 'created' && fact.kind === 'semaphore' && fact.id.startsWith('id '))
          operate(Number(fact.id.slice(3)), [{ semaphore: 0, change: 1 }])
      }),
  )

  falsify(['semaphore/undo-gives-back'], 'processes that leave out SEM_UNDO', () =>
    playedWithSemop(6, 'operation[2] &= ~0o10000'),
  )

  falsify(
    [
      'semaphore/value-is-lost-without-undo',
      'semaphore/why-names-the-last-process',
      'semaphore/removal-ends-the-wait',
    ],
    'processes that always use SEM_UNDO',
    () => playedWithSemop(99, 'operation[2] |= 0o10000'),
  )

  falsify(
    ['semaphore/posix-has-no-undo', 'semaphore/unlink-removes-only-the-name'],
    'another process adds 2 to the POSIX semaphore, and later creates one with its name',
    () =>
      played(99, (fact) => {
        const [, name] = /^(\/osdemo-\d+-\d+)$/.exec('id' in fact ? `${fact.id}` : '') ?? []
        if (fact.event === 'created' && name) {
          const semaphore = openNamed(name)
          semaphore.post()
          semaphore.post()
          semaphore.close()
        }
        if (fact.event === 'removed' && name && makeNamed(name, 0))
          onTestFinished(() => {
            if (semaphoreAt(name)) unlinkNamed(name)
          })
      }),
  )
})

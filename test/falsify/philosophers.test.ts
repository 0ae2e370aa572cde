/** Claims of `semaphore philosophers` that come out false, because the C program does something else. */
import { describe } from 'vitest'
import type { Event } from '../../src/events.js'
import { noCompiler, pathWithCompiler, whyNoCompiler } from '../support/compiler.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { playedWith } from '../support/impostors.js'

/** Plays the demo with a program that was edited by sed. */
function playEdited(...edits: string[]): Promise<Event[]> {
  const env = { XDG_CACHE_HOME: temporaryFolder(), PATH: pathWithCompiler(...edits) }
  return playedWith(env, ['semaphore', 'philosophers'])
}

describe.skipIf(noCompiler)(`with a C compiler${whyNoCompiler}`, () => {
  falsify(
    [
      'philosophers/mutual-exclusion',
      'philosophers/no-preemption',
      'philosophers/circular-wait',
      'philosophers/preemption-ends-the-deadlock',
      'philosophers/neighbours-never-eat-together',
    ],
    'two philosophers may have the same fork, and eat for long',
    () =>
      playEdited(
        's/SETVAL, (union semun){.val = 1}/SETVAL, (union semun){.val = 2}/',
        's/usleep(1000)/usleep(20000)/',
      ),
  )

  falsify(
    ['philosophers/hold-and-wait', 'philosophers/order-prevents-the-circle'],
    'each begins with its right fork, and eats once less in order',
    () =>
      playEdited(
        's/left = me, right = (me + 1) % PEOPLE/right = me, left = (me + 1) % PEOPLE/',
        's/meal < meals/meal < meals - ordered/',
      ),
  )
})

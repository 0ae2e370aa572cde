/** Claims of `semaphore buffer` that come out false, because the C program does something else. */
import { describe } from 'vitest'
import type { Event } from '../../src/events.js'
import { noCompiler, pathWithCompiler, whyNoCompiler } from '../support/compiler.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { playedWith } from '../support/impostors.js'

/** Plays the demo with a program that was edited by sed. */
function playEdited(...edits: string[]): Promise<Event[]> {
  const env = { XDG_CACHE_HOME: temporaryFolder(), PATH: pathWithCompiler(...edits) }
  return playedWith(env, ['semaphore', 'buffer'])
}

describe.skipIf(noCompiler)(`with a C compiler${whyNoCompiler}`, () => {
  falsify(
    ['buffer/full-buffer-blocks-producer', 'buffer/empty-buffer-blocks-consumer', 'buffer/values-add-up'],
    'the semaphores begin with one place too many',
    () => playEdited('s/{.val = PLACES}/{.val = PLACES + 1}/', 's/{.val = 0}/{.val = 1}/'),
  )

  falsify(
    ['buffer/no-number-is-lost', 'buffer/order-is-kept', 'buffer/while-tests-again'],
    'consumers read the first place only, and do not test again',
    () =>
      playEdited(
        's/numbers\\[buffer->taken % PLACES\\]/numbers[0]/',
        's/take_with_lock(1)/take_with_lock(0)/',
      ),
  )

  falsify(
    ['buffer/mutex-first-deadlocks', 'buffer/why-names-the-holder', 'buffer/if-takes-from-empty-buffer'],
    'no process waits with the mutex, and all test again',
    () => playEdited('s/change(FREE, -1); .. wrong/\\/* wrong/', 's/take_with_lock(0)/take_with_lock(1)/'),
  )
})

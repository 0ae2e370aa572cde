/** Claims of `signal demo` that come out false, because the C program does something else. */
import { describe } from 'vitest'
import type { Event } from '../../src/events.js'
import { noCompiler, pathWithCompiler, whyNoCompiler } from '../support/compiler.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { playedWith } from '../support/impostors.js'

/** Plays the demo with a program that was edited by sed. */
function playEdited(...edits: string[]): Promise<Event[]> {
  const env = { XDG_CACHE_HOME: temporaryFolder(), PATH: pathWithCompiler(...edits) }
  return playedWith(env, ['signal', 'demo'])
}

describe.skipIf(noCompiler)(`with a C compiler${whyNoCompiler}`, () => {
  falsify(
    [
      'signal/default-action-terminates',
      'signal/handler-replaces-default-action',
      'signal/standard-signals-merge',
      'signal/handler-interrupts-slow-call',
      'signal/sa-restart-continues-slow-call',
    ],
    'the program ignores SIGUSR1',
    () =>
      playEdited(
        's/^  setvbuf(/  signal(SIGUSR1, SIG_IGN); &/',
        's/if (sigaction(number, &action, NULL) < 0)/if (number != SIGUSR1 \\&\\& sigaction(number, \\&action, NULL) < 0)/',
      ),
  )

  falsify(
    [
      'signal/ignored-is-discarded',
      'signal/blocked-stays-pending',
      'signal/thread-has-its-own-pending-set',
      'signal/sa-restart-continues-slow-call',
      'signal/one-wait-leaves-zombies',
    ],
    'the program handles SIGUSR2, blocks nothing, restarts no call, and always reaps in a loop',
    () =>
      playEdited(
        's/signal(SIGUSR2, SIG_IGN)/handle(SIGUSR2, 0)/',
        's/sigaddset(&set, SIGUSR1), sigaddset(&set, SIGHUP), /(void)0, /',
        's/slow_read(SA_RESTART)/slow_read(0)/',
        's/has_loop = loop/has_loop = 1/',
      ),
  )

  falsify(
    [
      'signal/real-time-signals-queue',
      'signal/loop-reaps-all',
      'signal/kill-and-stop-cannot-be-caught',
      'signal/kill-and-stop-cannot-be-blocked',
    ],
    'the sender counts down, the handler never has a loop, and SIGTERM is caught and not blocked',
    () =>
      playEdited(
        's/sival_int = i/sival_int = 4 - i/',
        's/has_loop = loop/has_loop = 0/',
        's/try_to_catch(SIGKILL)/try_to_catch(SIGUSR2)/',
        's/sigfillset/sigemptyset/',
      ),
  )
})

/** Claims of `process exit` that come out false, because the C program does something else. */
import { describe } from 'vitest'
import type { Event } from '../../src/events.js'
import { noCompiler, pathWithCompiler, whyNoCompiler } from '../support/compiler.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { playedWith } from '../support/impostors.js'

/** Plays the demo with a program that was edited by sed. */
function playEdited(...edits: string[]): Promise<Event[]> {
  const env = { XDG_CACHE_HOME: temporaryFolder(), PATH: pathWithCompiler(...edits) }
  return playedWith(env, ['process', 'exit'])
}

describe.skipIf(noCompiler)(`with a C compiler${whyNoCompiler}`, () => {
  falsify(
    [
      'exit/code-is-in-the-high-byte',
      'exit/code-has-eight-bits',
      'exit/signal-is-in-the-low-bits',
      'exit/kernel-keeps-the-status',
      'exit/exit-writes-the-buffer',
      'exit/fork-copies-the-buffer',
    ],
    'the codes and signals are others, the status is changed after waitpid(2), and nothing is printed',
    () =>
      playEdited(
        's/one_ending(3, 0)/one_ending(4, 0)/',
        's/one_ending(259, 0)/one_ending(5, 0)/',
        's/one_ending(0, SIGTERM)/one_ending(15, 0)/',
        's/^  printf("status/  if (status == 5 << 8) status = 6 << 8;\\n&/',
        's/^  fprintf(out/  if (0) &/',
      ),
  )

  falsify(
    [
      'exit/quick-exit-loses-the-buffer',
      'exit/fork-copies-the-buffer',
      'exit/flush-before-fork',
      'exit/child-quick-exit-writes-nothing',
      'exit/terminal-is-written-line-by-line',
    ],
    'each printf(3) is flushed, and each child prints again',
    () =>
      playEdited(
        's/^  fprintf(out.*/&\\n  fflush(out);/',
        's/^  if (how & QUICK)/  if (how \\& FORK) write(fd, "hello\\\\nhello\\\\n", 12);\\n&/',
      ),
  )
})

/** Claims of `process exec` that come out false, because the C programs do something else. */
import { describe } from 'vitest'
import type { Event } from '../../src/events.js'
import { noCompiler, pathWithCompiler, whyNoCompiler } from '../support/compiler.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { playedWith } from '../support/impostors.js'

/** Plays the demo with programs that were edited by sed. */
function playEdited(...edits: string[]): Promise<Event[]> {
  const env = { XDG_CACHE_HOME: temporaryFolder(), PATH: pathWithCompiler(...edits) }
  return playedWith(env, ['process', 'exec'])
}

/** Code that the other program executes before it prints its line. */
const otherProgram = (code: string) => `s/^  printf("another/  ${code}\\n&/`
const headers =
  's/^#include <stdio.h>/&\\n#include <fcntl.h>\\n#include <signal.h>\\n#include <stdlib.h>\\n#include <sys\\/resource.h>/'

describe.skipIf(noCompiler)(`with a C compiler${whyNoCompiler}`, () => {
  falsify(['exec/keeps-pid'], 'a child executes the other program', () =>
    playEdited(
      headers.replace('/&', '/&\\n#include <sys\\/wait.h>'),
      's/^  execv(argv/  if (fork() > 0) { while (wait(NULL) < 0) ; _exit(0); }\\n&/',
    ),
  )

  falsify(
    [
      'exec/returns-only-when-it-fails',
      'exec/replaces-program',
      'exec/replaces-memory',
      'exec/resets-handlers',
    ],
    'the program does not call execve(2), and only prints what the other program would print',
    () =>
      playEdited(
        's/^  execv("[^)]*);/  errno = EACCES;/',
        's/^  execv(argv.*/  printf("another program in process %d\\\\n", (int)getpid()); next_step(); exit(0);/',
      ),
  )

  falsify(
    [
      'exec/keeps-descriptors',
      'exec/closes-close-on-exec',
      'exec/keeps-nice-value',
      'exec/keeps-folder',
      'exec/keeps-ignored-signals',
      'exec/keeps-pending-signals',
    ],
    'the other program changes all that it has found',
    () =>
      playEdited(
        headers,
        's/ | O_CLOEXEC//',
        // It must be below 19, which the other program sets.
        's/getpriority(PRIO_PROCESS, 0) + 5/getpriority(PRIO_PROCESS, 0) + 0/',
        otherProgram(
          'static sigset_t none; close(3); setpriority(PRIO_PROCESS, 0, 19); if (chdir("\\/")) return 1; ' +
            'signal(SIGHUP, SIG_IGN); signal(SIGUSR2, SIG_DFL); sigemptyset(\\&none); sigprocmask(SIG_SETMASK, \\&none, NULL);',
        ),
      ),
  )
})

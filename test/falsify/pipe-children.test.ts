/** Claims of `pipe anonymous` and `pipe pipeline` that come out false, because the C program does something else. */
import { describe } from 'vitest'
import type { Event } from '../../src/events.js'
import { noCompiler, pathWithCompiler, whyNoCompiler } from '../support/compiler.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { impostors, playedWith } from '../support/impostors.js'

/** Plays the demo with a program that was edited by sed. */
function playEdited(demo: string, ...edits: string[]): Promise<Event[]> {
  const env = { XDG_CACHE_HOME: temporaryFolder(), PATH: pathWithCompiler(...edits) }
  return playedWith(env, ['pipe', demo])
}

describe.skipIf(noCompiler)(`with a C compiler${whyNoCompiler}`, () => {
  falsify(['anonymous/one-pipe-has-two-descriptors'], 'the ends are the other way round', () =>
    playEdited('anonymous', 's/pipe %d %d.n", ends\\[0\\], ends\\[1\\]/pipe %d %d\\\\n", ends[1], ends[0]/'),
  )

  falsify(
    [
      'anonymous/children-inherit-both-ends',
      'anonymous/open-write-end-prevents-end-of-file',
      'anonymous/why-names-the-holder',
      'anonymous/end-of-file-after-last-write-end',
    ],
    'the other child closes its write end',
    () =>
      playEdited(
        'anonymous',
        's/while (steps) pause();/close(ends[1]);&/',
        // The parent continues when it is closed.
        's@^  printf("parent: reader@  char end[64]; sprintf(end, "/proc/%d/fd/%d", other, ends[1]); while (access(end, F_OK) == 0) usleep(1000);&@',
      ),
  )

  falsify(['anonymous/each-side-closes-what-it-does-not-use'], 'the parent keeps its read end', () =>
    playEdited('anonymous', 's/^  close(ends\\[0\\]);//'),
  )

  falsify(['pipeline/children-inherit-the-pipes'], 'the children redirect before they stop', () =>
    playEdited('pipeline', 's/^  redirect(in, out);//', '0,/^  stop();/s//  redirect(in, out); stop();/'),
  )

  falsify(
    ['pipeline/stdout-and-stdin-are-one-pipe', 'pipeline/no-other-end-stays-open'],
    'the children take /dev/null for stdin',
    () =>
      playEdited('pipeline', 's@^  if (in >= 0) move(in,@  if (in >= 0) move(open("/dev/null", O_RDONLY),@'),
  )

  falsify(['pipeline/shell-closes-its-ends'], 'the shell keeps the write ends', () =>
    playEdited('pipeline', 's/^    if (!is_last) close(out\\[1\\]);//'),
  )

  falsify(['pipeline/execve-keeps-descriptors'], 'the children close stdin before execve(2)', () =>
    playEdited('pipeline', 's/^  execvp(/  close(0); &/'),
  )

  falsify(['pipeline/sigpipe-kills-a-writer-without-reader'], 'yes ignores SIGPIPE', () =>
    playedWith(impostors({ yes: 'trap "" PIPE; "$real" "$@" 2>/dev/null; exit 0' }), ['pipe', 'pipeline']),
  )
})

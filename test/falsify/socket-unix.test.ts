/** Claims of `socket pair` that come out false, because the C program does something else. */
import { describe } from 'vitest'
import type { Event } from '../../src/events.js'
import { noCompiler, pathWithCompiler, whyNoCompiler } from '../support/compiler.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { playedWith } from '../support/impostors.js'

/** Plays a demo with a program that was edited by sed. */
function playEdited(member: string, ...edits: string[]): Promise<Event[]> {
  const env = { XDG_CACHE_HOME: temporaryFolder(), PATH: pathWithCompiler(...edits) }
  return playedWith(env, ['socket', member])
}

describe.skipIf(noCompiler)(`with a C compiler${whyNoCompiler}`, () => {
  falsify(
    [
      'pair/sockets-are-each-others-peer',
      'pair/descriptor-carries-both-directions',
      'pair/credentials-are-those-of-the-creator',
    ],
    'the two sockets are not connected',
    () =>
      playEdited(
        'pair',
        's/socketpair(AF_UNIX, kind_of(name), 0, pair)/(pair[0] = socket(AF_UNIX, 1, 0), pair[1] = socket(AF_UNIX, 1, 0), 0)/',
      ),
  )

  falsify(
    [
      'pair/pipe-has-one-direction',
      'pair/shutdown-ends-one-direction',
      'pair/copy-prevents-end-of-file',
      'pair/end-of-file-after-last-close',
    ],
    'a pipe has two directions, shutdown(2) ends both of the pair, and dup(2) makes no copy',
    () =>
      playEdited(
        'pair',
        's/pipe(ends);/socketpair(AF_UNIX, 1, 0, ends);/',
        's/SHUT_WR/SHUT_RDWR/',
        's/dup(fd)/dup(1)/',
      ),
  )
})

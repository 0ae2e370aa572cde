/** Claims of `lock demo` that come out false, because the C program does something else. */
import { describe } from 'vitest'
import type { Event } from '../../src/events.js'
import { noCompiler, pathWithCompiler, whyNoCompiler } from '../support/compiler.js'
import { falsify } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { playedWith } from '../support/impostors.js'

/** Plays the demo with a program that was edited by sed. */
function playEdited(...edits: string[]): Promise<Event[]> {
  const env = { XDG_CACHE_HOME: temporaryFolder(), PATH: pathWithCompiler(...edits) }
  return playedWith(env, ['lock', 'demo'])
}

describe.skipIf(noCompiler)(`with a C compiler${whyNoCompiler}`, () => {
  falsify(
    ['lock/shared-locks-coexist', 'lock/child-shares-description-locks'],
    'every lock is exclusive, and the child opens the file again',
    () =>
      playEdited(
        's/shared = strcmp(access, "shared") == 0/shared = 0/',
        's/if (getppid() != parent) _exit(1);/char name[40]; sprintf(name, "\\/proc\\/self\\/fd\\/%d", fd); fd = open(name, O_RDWR);/',
      ),
  )

  falsify(
    [
      'lock/exclusive-lock-waits',
      'lock/locks-are-advisory',
      'lock/child-has-no-record-locks',
      'lock/any-close-releases-record-locks',
    ],
    'exclusive locks of flock(2) are shared, record locks belong to the description, and nothing is written',
    () =>
      playEdited(
        's/LOCK_EX/LOCK_SH/',
        's/may_wait ? F_SETLKW : F_SETLK/byte < 0 \\&\\& !unlock ? F_OFD_SETLK : &/',
        's/write(fd, text, strlen(text))/0/',
      ),
  )

  falsify(
    [
      'lock/description-locks-survive-other-close',
      'lock/record-locks-cover-bytes',
      'lock/kernel-refuses-record-deadlock',
      'lock/description-locks-can-deadlock',
      'lock/killed-holder-releases-locks',
    ],
    'there are no locks of descriptions, and every byte is the same',
    () =>
      playEdited(
        's/may_wait ? F_OFD_SETLKW : F_OFD_SETLK/-1/',
        's/may_wait ? F_SETLKW : F_SETLK/F_SETLK/',
        's/lock.l_start = byte/lock.l_start = 0/',
      ),
  )
})

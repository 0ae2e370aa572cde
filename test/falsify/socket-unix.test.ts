/** Claims of the demos of Unix sockets that come out false, because the C program does something else. */
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

  falsify(
    [
      'unix/bind-makes-a-file',
      'unix/file-is-only-a-name',
      'unix/accept-makes-a-socket',
      'unix/passed-descriptor-is-the-same-file',
      'unix/connection-outlives-its-name',
      'unix/file-stays-behind',
      'unix/bind-needs-a-free-path',
    ],
    'every name is abstract, and another file is taken',
    () =>
      playEdited(
        'unix',
        's/if (name\\[0\\] == .@.) //',
        's/return passed;/return open("\\/dev\\/null", O_RDONLY);/',
      ),
  )

  falsify(
    [
      'unix/connect-needs-a-listener',
      'unix/kernel-names-the-client',
      'unix/passed-descriptor-shares-offset',
      'unix/abstract-name-ends-with-its-socket',
    ],
    'bind(2) makes a listener, the server names itself, opens the file again, and nothing is closed',
    () =>
      playEdited(
        'unix',
        's/report("bind", with_address(fd, name, bind)/& | listen(fd, 5)/',
        's/peer.pid, peer.uid/getpid(), peer.uid/',
        's/return passed;/char p[40]; sprintf(p, "\\/proc\\/self\\/fd\\/%d", passed); return open(p, O_RDONLY);/',
        's/report("close", close(fd), "")/report("close", 0, "")/',
      ),
  )

  falsify(
    [
      'datagram/stream-has-no-boundaries',
      'datagram/stream-keeps-the-rest',
      'datagram/full-queue-blocks-the-sender',
      'datagram/no-message-is-lost',
      'datagram/datagrams-have-no-end-of-file',
    ],
    'every socket is a seqpacket socket',
    () => playEdited('datagram', 's/SOCK_STREAM;/SOCK_SEQPACKET;/', 's/? SOCK_DGRAM/? SOCK_SEQPACKET/'),
  )

  falsify(
    [
      'datagram/messages-keep-boundaries',
      'datagram/small-buffer-cuts-a-message',
      'datagram/empty-message-is-no-end-of-file',
      'datagram/connections-have-end-of-file',
    ],
    'a seqpacket socket is a stream, no message is empty, and the sender sends again before it exits',
    () =>
      playEdited(
        'datagram',
        's/? SOCK_SEQPACKET/? SOCK_STREAM/',
        's/send(fd, "", 0, 0)/send(fd, "-", 1, 0)/',
        's/"exit") == 0) break;/"exit") == 0) { for (fd = 3; fd < 20; fd++) send(fd, "again", 5, 0); break; }/',
      ),
  )
})

/** Claims of `socket udp` and `socket listen` that come out false, because the C program does something else. */
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
  // IP_RECVERR is option 11 of level 0. With MSG_MORE a datagram waits for the next send(2).
  falsify(
    [
      'udp/datagrams-keep-their-boundaries',
      'udp/short-receive-loses-the-rest',
      'udp/unconnected-sender-learns-nothing',
      'udp/connected-sender-is-refused',
    ],
    'datagrams stay in the buffer, every sender learns of errors, and a connected one sends nothing',
    () =>
      playEdited(
        'udp',
        's/MSG_WAITALL/one < 3000 ? MSG_PEEK : MSG_WAITALL/',
        's/return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO/int on = 1; setsockopt(fd, 0, 11, \\&on, sizeof on); &/',
        's/one, MSG_NOSIGNAL/one, one < 3000 ? MSG_MORE : 0/',
        's/tv_sec = 2/tv_usec = 1000/',
      ),
  )

  falsify(
    [
      'udp/full-buffer-drops-datagrams',
      'udp/sender-is-not-told-of-loss',
      'udp/full-buffer-keeps-the-first',
      'udp/tcp-sender-waits',
      'udp/tcp-loses-nothing',
    ],
    'the receive buffer has room for everything, and TCP sends a part',
    () =>
      playEdited(
        'udp',
        's/option(fd, SO_RCVBUF, bytes) < 0/0/',
        's/one, MSG_NOSIGNAL/one < 3000 ? one : 1000, MSG_NOSIGNAL/',
        's/MSG_WAITALL/one < 3000 ? 0 : MSG_DONTWAIT/',
      ),
  )

  falsify(
    [
      'listen/port-without-listener-refuses',
      'listen/full-backlog-blocks-connect',
      'listen/backlog-admits-one-more',
      'listen/full-backlog-drops-the-first-packet',
      'listen/why-names-the-listener',
      'listen/forgotten-close-stays-in-close-wait',
      'listen/client-that-closes-first-has-time-wait',
    ],
    'bind(2) makes a listener, its queue has room for all, and the server sends no more once it has accepted',
    () =>
      playEdited(
        'listen',
        's/return getsockname(fd/listen(fd, 9); &/',
        's/^static char buffer.*/&\\nstatic int again;/',
        's/result = listen(fd, one)/result = again++ ? 0 : accept(fd, NULL, NULL)/',
        's/result = accept(fd, NULL, NULL)/&, shutdown(result, SHUT_WR)/',
      ),
  )

  falsify(
    [
      'listen/connected-before-accept',
      'listen/client-tries-again',
      'listen/server-that-closes-first-has-time-wait',
      'listen/time-wait-keeps-the-port',
      'listen/reuseaddr-frees-the-port',
      'listen/reuseaddr-on-both-sockets',
    ],
    'each client sends no more once it is connected, and waits only a moment for that',
    () =>
      playEdited(
        'listen',
        's/return connect(fd/struct timeval limit = {.tv_usec = 200000}; setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, \\&limit, sizeof limit); int result = connect(fd/',
        's/(struct sockaddr \\*)&to, sizeof to);$/&\\n  if (result == 0) shutdown(fd, SHUT_WR);\\n  return result;/',
      ),
  )
})

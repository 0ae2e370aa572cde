/** poll(2), select(2) and epoll(7): what is watched, and why it is not ready. */
import { counted } from '../../../text.js'
import type { Blocker } from '../../../why/blocker.js'
import type { PollBlocker, WatchedEnd } from '../../../why/blockers/poll.js'
import type { Telling } from './telling.js'
import { listed, named, seconds } from './words.js'

/** At most this number of the watched descriptors have a line of their own. */
const most = 6

/** @param tell what makes words of the blocker of one descriptor */
export function tellPoll(pid: number, blocker: PollBlocker, tell: (blocker: Blocker) => Telling): Telling {
  const { epoll, watched, limit, children } = blocker
  const time = limit === undefined ? '' : `, for at most ${seconds(limit)}`
  const told = watched
    .toSorted((one, other) => one.fd - other.fd)
    .slice(0, most)
    .map((end) => ({ end, telling: end.blocker && tellEnd(end.blocker, tell) }))
  const [only] = told
  const rest = watched.length - told.length
  const fds = listed(
    watched.map(({ fd }) => `${fd}`),
    12,
  )
  return {
    wait:
      only === undefined
        ? `for a signal${limit === undefined ? '' : ` or for time to pass`}${time}`
        : children.length > 0 && blocker.wakers.every((waker) => waker === pid || children.includes(waker))
          ? `for its handler of SIGCHLD, probably for the exit of ${childNames(children)}${time}`
          : watched.length > 1
            ? `until one of ${watched.length} descriptors is ready${time}`
            : `${onlyWait(only.end, only.telling)}${time}`,
    sentences: [],
    list: [
      ...told.map(({ end, telling }) => watchedLine(end, telling)),
      ...(children.length > 0
        ? [`It has a handler for SIGCHLD, so the exit of ${childNames(children)} may wake it up.`]
        : []),
      ...(rest > 0 ? [`It also watches ${counted(rest, 'more descriptor')}.`] : []),
    ],
    proofs: [
      {
        shows: `${named(pid)} watches ${counted(watched.length, 'descriptor')}.`,
        evidence: [
          {
            source: epoll === undefined ? `/proc/${pid}/mem` : `/proc/${pid}/fdinfo/${epoll}`,
            value: fds || 'none',
            about: epoll === undefined ? 'descriptors in its call' : 'descriptors in the epoll instance',
            data: watched.map(({ blocker: end, ...rest }) => ({ ...rest, kind: end?.kind ?? null })),
          },
        ],
      },
      ...told.flatMap(({ telling }) => telling?.proofs ?? []),
    ],
  }
}

function childNames(children: readonly number[]): string {
  const names = listed(children.map(named), 3)
  return children.length === 1 ? `its child ${names}` : `one of its children ${names}`
}

/** An epoll instance that another one watches: what it watches in turn. */
function tellEnd(blocker: Blocker, tell: (blocker: Blocker) => Telling): Telling {
  const telling = tell(blocker)
  if (blocker.kind !== 'poll') return telling
  return { ...telling, object: 'an epoll(7) instance', sentences: telling.list ?? [] }
}

function onlyWait({ fd, isDisabled, unread = 0 }: WatchedEnd, telling: Telling | undefined): string {
  if (isDisabled) return `for fd ${fd}, which its epoll instance no longer reports`
  if (unread > 0) return `for new data on fd ${fd}, where ${counted(unread, 'byte')} can be read already`
  return telling?.wait ?? `until fd ${fd} is ready`
}

function watchedLine(end: WatchedEnd, telling: Telling | undefined): string {
  const { fd, watchedAs } = end
  const stale =
    watchedAs === undefined
      ? []
      : [
          `Fd ${fd} was closed or refers to something else now.`,
          watchedAs < 0
            ? 'The epoll instance still watches the old object, which another process keeps open.'
            : `The epoll instance still watches the old object, which is fd ${watchedAs} too.`,
        ]
  if (!telling) return [...stale, `Not observed: what fd ${fd} is.`].join(' ')
  const { object, ready, sentences } = telling
  const what = `Fd ${watchedAs ?? fd} is ${object ?? 'an object'}`
  const ending = ready === undefined || end.isDisabled ? `${what}.` : `${what}, ready when ${ready}.`
  return [...stale, ending, ...sentences, ...modeOf(end)].join(' ')
}

/** Why epoll(7) does not report it. */
function modeOf({ mode, isDisabled, unread = 0 }: WatchedEnd): string[] {
  if (isDisabled)
    return [
      'EPOLLONESHOT: it was reported once, and is off since then.',
      'Only the program can turn it on again, with EPOLL_CTL_MOD.',
    ]
  if (mode !== 'edge') return []
  return unread > 0
    ? [
        `EPOLLET: ${counted(unread, 'byte')} can be read already, and are not reported again.`,
        'The program must read until EAGAIN.',
      ]
    : ['EPOLLET: each change is reported once.']
}

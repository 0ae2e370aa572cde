/** poll(2), select(2) and epoll(7): on which descriptors, and for how long. */
import { unreadBytes } from '../../ipc/descriptor-state.js'
import { readWatched, type Watched } from '../../proc/fd-details.js'
import { fdFlags, openFiles } from '../../proc/fds.js'
import { openObject } from '../../proc/open-object.js'
import { readMemory, readTimespec } from '../../proc/process-memory.js'
import { readStatus, signalsIn } from '../../proc/status.js'
import type { Blocker, Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { childWait } from './child.js'
import { otherEnd } from './descriptor.js'

export interface PollBlocker extends Waking {
  kind: 'poll'
  /** The epoll instance; undefined for poll(2) and select(2), whose descriptors are in the memory of the process. */
  epoll?: number
  /** The descriptors, and what each of the first 64 waits for; undefined where that cannot be seen. */
  watched: WatchedEnd[]
  /**
   * Children whose exit may wake it up: it has a handler for SIGCHLD, and watches a pipe or a counter that only it can write to.
   * Ruby and Node wait for children in this way. The kernel does not record what a handler does, so this is only likely.
   */
  children: number[]
}

export interface WatchedEnd {
  fd: number
  blocker: Blocker | undefined
  /** How epoll(7) reports it, where that is not as long as it is ready: once for each change, or once at all. */
  mode?: 'edge' | 'one-shot'
  /** Whether a one-shot was reported already: only EPOLL_CTL_MOD of epoll_ctl(2) enables it again. */
  isDisabled?: true
  /** The bytes that can be read at once. epoll(7) does not report them a second time. */
  unread?: number
  /** `fd` was closed or refers to something else now: the descriptor of what is watched, or -1 where this process has none. */
  watchedAs?: number
}

/** POLLIN and POLLOUT of poll.h; EPOLLIN and EPOLLOUT are the same. */
const IN = 1
const OUT = 4
/** EPOLLONESHOT and EPOLLET of sys/epoll.h. */
const ONE_SHOT = 2 ** 30
const EDGE = 2 ** 31
/** Events proper, without EPOLLEXCLUSIVE and the like. A one-shot that was reported has none of them. */
const anyEvent = 0xfff_ffff

export const pollCalls: readonly string[] = [
  'poll',
  'ppoll',
  'select',
  'pselect6',
  'epoll_wait',
  'epoll_pwait',
  'epoll_pwait2',
]

/** The other end is searched for so many descriptors at most. */
const most = 64

/** @param call a name in `pollCalls`; undefined where its arguments may not be read */
export function polled(world: World, pid: number, call: string, args: bigint[]): PollBlocker | undefined {
  const all = watchedBy(pid, call, args)
  if (!all) return undefined
  const limit = timeLimit(pid, call, args)
  const epoll = call.startsWith('epoll') ? Number(args[0]) : undefined
  return { ...setOf(world, pid, all, epoll, limit), ...(limit !== undefined && { limit }) }
}

function setOf(
  world: World,
  pid: number,
  all: readonly Watched[],
  epoll: number | undefined,
  limit?: number,
): PollBlocker {
  const watched = all.map((each, index) => endOf(world, pid, each, index < most))
  const children = watched.some(({ blocker }) => isOwn(pid, blocker)) ? reportedChildren(world, pid) : []
  const wakers = watched.flatMap(({ blocker }) => blocker?.wakers ?? [])
  return {
    kind: 'poll',
    ...(epoll !== undefined && { epoll }),
    watched,
    children,
    wakers: [...new Set([...wakers, ...children])],
    open: limit !== undefined || watched.some(({ blocker }) => blocker === undefined || blocker.open),
    certain: true,
    // The steps of its descriptors come with them: `stepsOf`.
    steps: [{ do: 'wait' }],
  }
}

/** A pipe, a socket pair or a counter of eventfd(2) that no other process has open. */
function isOwn(pid: number, blocker: Blocker | undefined): boolean {
  if (blocker?.kind === 'eventfd') return blocker.users.length === 0
  const isPair = blocker?.kind === 'pipe' || blocker?.kind === 'unix-connection'
  return isPair && blocker.wakers.length > 0 && blocker.wakers.every((waker) => waker === pid)
}

const SIGCHLD = 17

/** The children that have not exited, of a process with a handler for SIGCHLD. */
function reportedChildren(world: World, pid: number): number[] {
  if (!signalsIn(readStatus(pid)?.caught ?? 0n).includes(SIGCHLD)) return []
  return childWait(world, pid).wakers.filter((child) => child !== process.pid)
}

/** @param isSearched whether the other end is searched for */
function endOf(world: World, pid: number, { fd, events, ino }: Watched, isSearched: boolean): WatchedEnd {
  const at = ino === undefined || fdFlags(pid, fd)?.ino === ino ? fd : descriptorOf(pid, ino)
  const moved = at === fd ? {} : { watchedAs: at }
  if (!isSearched || at < 0) return { fd, blocker: undefined, ...moved }
  const access = events & OUT && !(events & IN) ? 'writing' : 'reading'
  const blocker =
    openObject(pid, at)?.kind === 'eventpoll'
      ? setOf(world, pid, readWatched(pid, at), at)
      : otherEnd(world, pid, at, access, true)
  const has = (bit: number) => Math.floor(events / bit) % 2 === 1
  if (has(ONE_SHOT) && (events & anyEvent) === 0) {
    // Only this process can enable it again.
    const disabled = blocker && { ...blocker, wakers: [pid], open: false, steps: [] }
    return { fd, blocker: disabled, mode: 'one-shot', isDisabled: true, ...moved }
  }
  if (!has(EDGE)) return { fd, blocker, ...(has(ONE_SHOT) && { mode: 'one-shot' }), ...moved }
  const unread = access === 'reading' ? unreadBytes(pid, at) : undefined
  return { fd, blocker, mode: 'edge', ...(unread !== undefined && { unread }), ...moved }
}

/** A descriptor of this inode; -1 where the process has none. Anonymous objects share one inode, so they are not found. */
function descriptorOf(pid: number, ino: number): number {
  const found = openFiles(pid).find((file) => file.ino === ino && !file.target.startsWith('anon_inode:'))
  return found?.fd ?? -1
}

function watchedBy(pid: number, call: string, args: bigint[]): Watched[] | undefined {
  if (call.startsWith('epoll')) return readWatched(pid, Number(args[0]))
  if (call === 'poll' || call === 'ppoll') return pollEntries(pid, args[0] ?? 0n, Number(args[1]))
  return selected(pid, Number(args[0]), args.slice(1, 4))
}

/** struct pollfd: int fd; short events; short revents. */
function pollEntries(pid: number, address: bigint, count: number): Watched[] | undefined {
  const bytes = count === 0 ? Buffer.alloc(0) : readMemory(pid, address, count * 8)
  if (bytes?.length !== count * 8) return undefined
  const entries = Array.from({ length: count }, (_, index) => ({
    fd: bytes.readInt32LE(index * 8),
    events: bytes.readUInt16LE(index * 8 + 4),
  }))
  return entries.filter(({ fd }) => fd >= 0)
}

/** The first two sets of select(2), a bit for each descriptor. The third, for exceptions, is hardly ever used. */
function selected(pid: number, count: number, sets: bigint[]): Watched[] | undefined {
  const length = Math.ceil(count / 8)
  const [reads, writes] = sets.map((address) =>
    address === 0n || length === 0 ? Buffer.alloc(length) : readMemory(pid, address, length),
  )
  if (reads?.length !== length || writes?.length !== length) return undefined
  const has = (set: Buffer, fd: number) => (((set[fd >> 3] ?? 0) >> (fd & 7)) & 1) !== 0
  return Array.from({ length: count }, (_, fd) => ({
    fd,
    events: (has(reads, fd) ? IN : 0) + (has(writes, fd) ? OUT : 0),
  })).filter(({ events }) => events !== 0)
}

/** The time limit that it asked for, in seconds; undefined without one. */
function timeLimit(pid: number, call: string, args: bigint[]): number | undefined {
  if (call === 'poll' || call === 'epoll_wait' || call === 'epoll_pwait') {
    const timeout = (call === 'poll' ? args[2] : args[3]) ?? 0n
    const milliseconds = Number(BigInt.asIntN(32, timeout))
    return milliseconds < 0 ? undefined : milliseconds / 1000
  }
  const address = { ppoll: args[2], epoll_pwait2: args[3] }[call] ?? args[4] ?? 0n
  if (address === 0n) return undefined
  const time = readTimespec(pid, address)
  // select(2) has microseconds where the others have nanoseconds.
  return call === 'select' && time !== undefined ? Math.trunc(time) + (time % 1) * 1000 : time
}

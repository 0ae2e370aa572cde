/** The fdinfo of special descriptors (epoll, eventfd, timerfd, pidfd, terminals): man 5 proc_pid_fdinfo. */
import { readText } from './read.js'

/** One descriptor that an epoll instance watches. */
export interface Watched {
  fd: number
  /** EPOLLIN, EPOLLOUT, ... of sys/epoll.h, which have the same numbers as POLLIN, POLLOUT, ... of poll(2). */
  events: number
  /** The inode number of what it watches. The descriptor may refer to something else by now. Missing for poll(2). */
  ino?: number
}

/** Parses the lines of an epoll instance: `tfd: 17 events: 19 data: 11 pos:0 ino:40f sdev:10`. */
export function parseWatched(text: string): Watched[] {
  const lines = text.matchAll(/^tfd:\s*(\d+) events:\s*([0-9a-f]+).*?(?: ino:([0-9a-f]+).*)?$/gm)
  return [...lines].map(([, fd, events = '', ino]) => ({
    fd: Number(fd),
    events: Number.parseInt(events, 16),
    ...(ino !== undefined && { ino: Number.parseInt(ino, 16) }),
  }))
}

/** The descriptors that an epoll instance watches; empty where they cannot be read. */
export function readWatched(pid: number, fd: number): Watched[] {
  return parseWatched(readFdInfoText(pid, fd))
}

/** Seconds until a timerfd expires, from its line `it_value: (SECONDS, NANOSECONDS)`; 0 for a timer that is not set. */
export function parseTimerValue(text: string): number | undefined {
  const [, seconds, nanoseconds] = /^it_value: \((\d+), (\d+)\)$/m.exec(text) ?? []
  return seconds === undefined ? undefined : Number(seconds) + Number(nanoseconds) / 1e9
}

/** The counter of an eventfd, from its line `eventfd-count:`, which is hexadecimal; undefined where there is no such line. */
export function parseEventCount(text: string): number | undefined {
  const count = /^eventfd-count:\s*([0-9a-f]+)$/m.exec(text)?.[1]
  return count === undefined ? undefined : Number.parseInt(count, 16)
}

/** The process that a pidfd refers to, from its line `Pid:`; undefined where there is no such line. */
export function parsePidfd(text: string): number | undefined {
  const pid = /^Pid:\s*(-?\d+)$/m.exec(text)?.[1]
  return pid === undefined ? undefined : Number(pid)
}

/** For a descriptor of /dev/ptmx, the side of the terminal emulator: the N of the other side, /dev/pts/N. */
export function parseTerminalIndex(text: string): number | undefined {
  const index = /^tty-index:\s*(\d+)$/m.exec(text)?.[1]
  return index === undefined ? undefined : Number(index)
}

/** The fdinfo file of a descriptor; empty where it cannot be read. */
export function readFdInfoText(pid: number, fd: number): string {
  return readText(`/proc/${pid}/fdinfo/${fd}`) ?? ''
}

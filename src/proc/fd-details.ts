/** What the fdinfo of special descriptors tells: epoll, eventfd, timerfd, signalfd, inotify, pidfd; man 5 proc_pid_fdinfo. */
import { readText } from './read.js'

/** One descriptor that an epoll instance watches. */
export interface Watched {
  fd: number
  /** EPOLLIN, EPOLLOUT, ... of sys/epoll.h; the same numbers as those of poll(2). */
  events: number
}

/** Reads the `tfd:` lines of an epoll instance: `tfd: 17 events: 19 data: 11 pos:0 ino:40f sdev:10`. */
export function parseWatched(text: string): Watched[] {
  return [...text.matchAll(/^tfd:\s*(\d+) events:\s*([0-9a-f]+)/gm)].map(([, fd, events = '']) => ({
    fd: Number(fd),
    events: Number.parseInt(events, 16),
  }))
}

/** What an epoll instance watches; empty where it cannot be seen. */
export function readWatched(pid: number, fd: number): Watched[] {
  return parseWatched(readFdInfoText(pid, fd))
}

/** Seconds until a timerfd fires, from its line `it_value: (SECONDS, NANOSECONDS)`; 0 for one that is not set. */
export function parseTimerValue(text: string): number | undefined {
  const [, seconds, nanoseconds] = /^it_value: \((\d+), (\d+)\)$/m.exec(text) ?? []
  return seconds === undefined ? undefined : Number(seconds) + Number(nanoseconds) / 1e9
}

/** The number of `eventfd-count:`, which is hexadecimal; undefined where there is none. */
export function parseEventCount(text: string): number | undefined {
  const count = /^eventfd-count:\s*([0-9a-f]+)$/m.exec(text)?.[1]
  return count === undefined ? undefined : Number.parseInt(count, 16)
}

/** The pid of `Pid:` that a pidfd stands for; undefined where there is none. */
export function parsePidfd(text: string): number | undefined {
  const pid = /^Pid:\s*(-?\d+)$/m.exec(text)?.[1]
  return pid === undefined ? undefined : Number(pid)
}

/** The terminal of which a descriptor of /dev/ptmx is the emulator's side: the N of its /dev/pts/N. */
export function parseTerminalIndex(text: string): number | undefined {
  const index = /^tty-index:\s*(\d+)$/m.exec(text)?.[1]
  return index === undefined ? undefined : Number(index)
}

/** The text of a descriptor's fdinfo; empty where it cannot be seen. */
export function readFdInfoText(pid: number, fd: number): string {
  return readText(`/proc/${pid}/fdinfo/${fd}`) ?? ''
}

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

/** The number of an eventfd, which its descriptors in all processes share; undefined before Linux 5.2. */
export function parseEventId(text: string): number | undefined {
  const id = /^eventfd-id:\s*(\d+)$/m.exec(text)?.[1]
  return id === undefined ? undefined : Number(id)
}

/** The FUSE connection that a descriptor of /dev/fuse serves; undefined before Linux 6.15. */
export function parseFuseConnection(text: string): number | undefined {
  const number = /^fuse_connection:\s*(\d+)$/m.exec(text)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** The signals that a signalfd accepts, as a set of bits where bit 0 is signal 1. */
export function parseSignalMask(text: string): bigint {
  return BigInt(`0x${/^sigmask:\s*([0-9a-f]+)$/m.exec(text)?.[1] ?? '0'}`)
}

/** A file or folder that an inotify instance watches. */
export interface FileWatch {
  ino: number
  /** `MAJOR:MINOR`, decimal. */
  device: string
  /** IN_MODIFY, IN_CREATE, ... without IN_. */
  events: string[]
}

/** The events of sys/inotify.h, from bit 0 on. */
const fileEvents = [
  'ACCESS',
  'MODIFY',
  'ATTRIB',
  'CLOSE_WRITE',
  'CLOSE_NOWRITE',
  'OPEN',
  'MOVED_FROM',
  'MOVED_TO',
  'CREATE',
  'DELETE',
  'DELETE_SELF',
  'MOVE_SELF',
]

/** What an inotify instance watches, from its lines `inotify wd:1 ino:9e7e sdev:800013 mask:2 ...`, which are hexadecimal. */
export function parseFileWatches(text: string): FileWatch[] {
  const lines = text.matchAll(/^inotify wd:\S+ ino:([0-9a-f]+) sdev:([0-9a-f]+) mask:([0-9a-f]+)/gm)
  return [...lines].map(([, ino = '', device = '', mask = '']) => {
    // MAJOR and MINOR have 12 and 20 bits: linux/kdev_t.h.
    const number = Number.parseInt(device, 16)
    const bits = Number.parseInt(mask, 16)
    return {
      ino: Number.parseInt(ino, 16),
      device: `${number >> 20}:${number & 0xfffff}`,
      events: fileEvents.filter((_, bit) => (bits >> bit) & 1),
    }
  })
}

/** The fdinfo file of a descriptor; empty where it cannot be read. */
export function readFdInfoText(pid: number, fd: number): string {
  return readText(`/proc/${pid}/fdinfo/${fd}`) ?? ''
}

/** What is at the other end of a descriptor, for a thread that waits for input on it, or for room for output. */
import { socketTimeLimit, unreadBytes } from '../../ipc/descriptor-state.js'
import {
  type FileWatch,
  parseEventCount,
  parseEventId,
  parseFileWatches,
  parseFuseConnection,
  parsePidfd,
  parseSignalMask,
  parseTerminalIndex,
  parseTimerValue,
  readFdInfoText,
} from '../../proc/fd-details.js'
import { openFiles } from '../../proc/fds.js'
import { mountOf } from '../../proc/mounts.js'
import type { Access } from '../../proc/open-descriptors.js'
import { type OpenObject, openObject } from '../../proc/open-object.js'
import { waitingThreads } from '../../proc/task.js'
import { type Blocker, noWaker, type Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { type Step, waitOrEnd } from '../step.js'
import { pipeEnd } from './pipe.js'
import { namesIn, sendHarmless } from './signal.js'
import { socketEnd } from './socket.js'

/** What is neither a pipe nor a socket. `target` is as /proc/PID/fd has it. */
export type DescriptorBlocker = Waking & { pid: number; fd: number; target: string } & (
    | { kind: 'eventpoll' }
    /** @property emulators pids of those with its master @property unread bytes that they have not read; 0 after Ctrl-S */
    | { kind: 'terminal'; access: Access; emulators: number[]; unread?: number }
    /** The master of a pseudoterminal, pty(7). @property users the pids of the processes that have the terminal open */
    | { kind: 'terminal-emulator'; terminal: string; users: number[] }
    /** @property count only roughly beyond 2^53 */
    /** @property users the pids of other processes that have it open */
    | { kind: 'eventfd'; access: Access; count: number | undefined; users: number[] }
    /** @property left seconds; 0 where it is not set, undefined where it cannot be seen */
    | { kind: 'timerfd'; left: number | undefined }
    /** @property signals names without SIG */
    | { kind: 'signalfd'; signals: string[] }
    /** @property watches with the path, where the process has that file open */
    | { kind: 'inotify'; watches: (FileWatch & { path?: string })[] }
    /** @property process undefined where it cannot be seen or has been reaped */
    | { kind: 'pidfd'; process: number | undefined }
    /** A file or a device: the kernel or a server has to complete the call. @property servers pids of the servers of FUSE */
    | { kind: 'file'; fileSystem?: string; servers: number[] }
  )

/**
 * @param isWatched whether this is one of several descriptors that it watches
 * @returns undefined where the descriptor cannot be seen
 */
export function otherEnd(
  world: World,
  pid: number,
  fd: number,
  access: Access,
  isWatched = false,
): Blocker | undefined {
  const object = openObject(pid, fd)
  const end = object && endOf(world, pid, object, access, isWatched)
  // A call of poll(2) has a time limit of its own.
  const limit = object?.kind === 'socket' && !isWatched ? socketTimeLimit(pid, fd, access) : undefined
  if (end && limit !== undefined) return { ...end, limit, open: true, steps: withWait(end.steps) }
  // A program that polls often has both ends of a pipe: its signal handlers and threads write to it.
  const isOwn = isWatched && end?.wakers.every((waker) => waker === pid)
  return end && isOwn ? { ...end, open: true } : end
}

function withWait(steps: readonly Step[]): Step[] {
  return steps.some((step) => step.do === 'wait') ? [...steps] : [...steps, { do: 'wait' }]
}

function endOf(world: World, pid: number, object: OpenObject, access: Access, isWatched: boolean): Blocker {
  const { fd, kind, target, dev } = object
  if (kind === 'pipe' && dev !== undefined) return pipeEnd(world, pid, { ...object, dev }, access, isWatched)
  if (kind === 'socket') return socketEnd(world, pid, object, access)
  const info = readFdInfoText(pid, fd)
  const index = target.endsWith('/ptmx') ? parseTerminalIndex(info) : undefined
  const about = { pid, fd, target, ...noWaker }
  if (index !== undefined) return emulatorEnd(world, about, `/dev/pts/${index}`)
  switch (kind) {
    case 'terminal':
      return terminalEnd(world, about, access)
    case 'eventfd': {
      const id = parseEventId(info)
      const users = id === undefined ? [] : (world.eventUsers().get(id) ?? []).filter((user) => user !== pid)
      const open = users.length === 0
      // Another thread of this process may be the one that acts on it.
      const wakers = open ? [] : [...users, pid]
      const change: Step = { do: access === 'reading' ? 'add-event' : 'read-event', pid, fd }
      const wait: Step[] = open ? [] : [{ do: 'wait' }]
      // What a process that polls sends to itself has a meaning that only its program knows.
      const steps = isWatched ? wait : [...wait, change]
      return { kind, access, count: parseEventCount(info), users, ...about, wakers, open, steps }
    }
    case 'timerfd': {
      const left = parseTimerValue(info)
      return { kind, left, ...about, steps: left === 0 ? [] : [{ do: 'wait' }] }
    }
    case 'signalfd': {
      const signals = namesIn(parseSignalMask(info))
      return { kind, signals, ...about, steps: sendHarmless(pid, signals) }
    }
    case 'inotify':
      return { kind, watches: fileWatches(pid, info), ...about }
    case 'eventpoll':
      return { kind, ...about }
    case 'pidfd': {
      const child = parsePidfd(info) ?? 0
      const process = child > 0 ? child : undefined
      const wakers = process === undefined ? [] : [process]
      return { kind, process, ...about, wakers, open: false, steps: waitOrEnd(wakers) }
    }
    default:
      return fileEnd(world, about)
  }
}

/** No stat(2) of that file: its answer would have to come from the same server, and osdemo would block too. */
export function fileEnd(
  world: World,
  about: Waking & { pid: number; fd: number; target: string },
): DescriptorBlocker {
  const mount = mountOf(about.pid, about.fd)
  const isFuse = mount?.type.startsWith('fuse') ?? false
  const served = isFuse ? world.census().withTarget((target) => target === '/dev/fuse') : []
  const all = served.filter(({ pid, fd }) => parseFuseConnection(readFdInfoText(pid, fd)) === mount?.minor)
  const servers = [...new Set(all.map(({ pid }) => pid))]
  return {
    kind: 'file',
    ...(mount && { fileSystem: mount.type }),
    servers,
    ...about,
    wakers: servers,
    open: servers.length === 0,
    steps: waitOrEnd(servers),
  }
}

function fileWatches(pid: number, info: string): (FileWatch & { path?: string })[] {
  const files = openFiles(pid).filter(({ target }) => target.startsWith('/'))
  return parseFileWatches(info).map((watch) => {
    const path = files.find(({ ino }) => ino === watch.ino)?.target
    return { ...watch, ...(path !== undefined && { path }) }
  })
}

/**
 * A terminal of a program, /dev/pts/N, whose master another process has: a terminal emulator, sshd(8), script(1). It passes on what
 * a user types, and reads what is printed.
 */
function terminalEnd(
  world: World,
  about: Waking & { pid: number; fd: number; target: string },
  access: Access,
): DescriptorBlocker {
  const index = /^\/dev\/pts\/(\d+)$/.exec(about.target)?.[1]
  const masters =
    index === undefined
      ? []
      : world
          .census()
          .withTarget((target) => target.endsWith('/ptmx'))
          .filter(({ pid, fd }) => parseTerminalIndex(readFdInfoText(pid, fd)) === Number(index))
  const emulators = [...new Set(masters.map(({ pid }) => pid))]
  const [master] = masters
  const unread = access === 'writing' && master ? unreadBytes(master.pid, master.fd) : undefined
  const isTheirTurn =
    access === 'writing' ? (unread ?? 0) > 0 : emulators.length > 0 && !emulators.some(isRelaying)
  return {
    kind: 'terminal',
    access,
    emulators,
    ...(unread !== undefined && { unread }),
    ...about,
    ...(isTheirTurn && { wakers: emulators, open: false }),
    steps: [{ do: 'wait' }],
  }
}

/** Whether a process waits for input: then what a user types will reach the terminal. */
function isRelaying(pid: number): boolean {
  return waitingThreads(pid).some(({ syscall = 'running' }) =>
    /poll|select|^read|^recv|running/.test(syscall),
  )
}

function emulatorEnd(
  world: World,
  about: Waking & { pid: number; fd: number; target: string },
  terminal: string,
): DescriptorBlocker {
  const all = world.census().ofTarget(terminal)
  const users = [...new Set(all.map(({ pid }) => pid))].filter((other) => other !== about.pid)
  return {
    kind: 'terminal-emulator',
    terminal,
    users,
    ...about,
    wakers: users,
    steps: [{ do: 'write', path: terminal }],
  }
}

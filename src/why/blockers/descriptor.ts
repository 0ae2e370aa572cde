/** What is at the other end of a descriptor, for a thread that waits for input on it, or for room for output. */
import { socketTimeLimit } from '../../ipc/descriptor-state.js'
import {
  parseEventCount,
  parsePidfd,
  parseTerminalIndex,
  parseTimerValue,
  readFdInfoText,
} from '../../proc/fd-details.js'
import { openFiles } from '../../proc/fds.js'
import type { Access } from '../../proc/open-descriptors.js'
import { type OpenObject, openObject } from '../../proc/open-object.js'
import { type Blocker, noWaker, type Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { type Step, waitOrEnd } from '../step.js'
import { pipeEnd } from './pipe.js'
import { socketEnd } from './socket.js'

/** What is neither a pipe nor a socket. `target` is as /proc/PID/fd has it. */
export type DescriptorBlocker = Waking & { pid: number; fd: number; target: string } & (
    | { kind: 'terminal'; access: Access }
    /** The master of a pseudoterminal, pty(7). @property users the pids of the processes that have the terminal open */
    | { kind: 'terminal-emulator'; terminal: string; users: number[] }
    /** @property count only roughly beyond 2^53 */
    | { kind: 'eventfd'; access: Access; count: number | undefined }
    /** @property left seconds; 0 where it is not set, undefined where it cannot be seen */
    | { kind: 'timerfd'; left: number | undefined }
    | { kind: 'signalfd' | 'inotify' | 'eventpoll' }
    /** @property process undefined where it cannot be seen or has been reaped */
    | { kind: 'pidfd'; process: number | undefined }
    /** A file or a device: the kernel itself has to complete the call. */
    | { kind: 'file' }
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
      return { kind, access, ...about, steps: [{ do: 'wait' }] }
    case 'eventfd':
      return { kind, access, count: parseEventCount(info), ...about }
    case 'timerfd':
      return { kind, left: parseTimerValue(info), ...about, steps: [{ do: 'wait' }] }
    case 'signalfd':
    case 'inotify':
    case 'eventpoll':
      return { kind, ...about }
    case 'pidfd': {
      const child = parsePidfd(info) ?? 0
      const process = child > 0 ? child : undefined
      const wakers = process === undefined ? [] : [process]
      return { kind, process, ...about, wakers, open: false, steps: waitOrEnd(wakers) }
    }
    default:
      return { kind: 'file', ...about }
  }
}

function emulatorEnd(
  world: World,
  about: Waking & { pid: number; fd: number; target: string },
  terminal: string,
): DescriptorBlocker {
  const users = world.census().pids.filter((other) => {
    return other !== about.pid && openFiles(other).some(({ target }) => target === terminal)
  })
  return {
    kind: 'terminal-emulator',
    terminal,
    users,
    ...about,
    wakers: users,
    steps: [{ do: 'write', path: terminal }],
  }
}

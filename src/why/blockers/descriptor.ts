/** What is at the other end of a descriptor, for who waits for input on it, or for room for output. */

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
import { endCommand, listed, named, type Other, seconds, type World } from '../snapshot.js'
import { pipeEnd } from './pipe.js'
import { socketEnd } from './socket.js'

/**
 * @param isPolled whether this is one of several descriptors that it watches
 * @returns undefined where the descriptor cannot be seen
 */
export function otherEnd(
  world: World,
  pid: number,
  fd: number,
  access: Access,
  isPolled = false,
): Other | undefined {
  const object = openObject(pid, fd)
  const end = object && endOf(world, pid, object, access, isPolled)
  // A program that polls keeps both ends of something for its own handlers of signals and its threads.
  const isOwn = isPolled && end?.wakers.every((waker) => waker === pid)
  return isOwn ? { ...end!, open: true } : end
}

function endOf(world: World, pid: number, object: OpenObject, access: Access, isPolled: boolean): Other {
  if (object.kind === 'pipe') return pipeEnd(world, pid, object, access, isPolled)
  if (object.kind === 'socket') return socketEnd(world, pid, object, access)
  const index = parseTerminalIndex(readFdInfoText(pid, object.fd))
  if (object.target.endsWith('/ptmx') && index !== undefined) return emulatorEnd(world, pid, object, index)
  if (object.kind === 'terminal') return terminal(pid, object, access)
  return { ...own(pid, object), proofs: [proofOf(pid, object)] }
}

function proofOf(pid: number, { fd, target }: OpenObject) {
  return { source: `/proc/${pid}/fd/${fd}`, value: target, about: `its fd ${fd}` }
}

function terminal(pid: number, object: OpenObject, access: Access): Other {
  const reads = access === 'reading'
  return {
    object: `the terminal ${object.target}`,
    event: reads ? 'somebody to type a line there' : 'it to take more output',
    who: reads
      ? 'Whoever sits at that terminal: Enter sends the line, Ctrl-D on an empty one ends the input.'
      : 'Its output may have been stopped by Ctrl-S there: Ctrl-Q lets it go on.',
    proofs: [proofOf(pid, object)],
    wakers: [],
    open: true,
    step: {
      command: endCommand([pid]),
      effect: `It goes on by what is typed at ${object.target}.`,
      ends: true,
    },
  }
}

/** The side of a pseudoterminal, pty(7), that a terminal emulator, ssh or script(1) has. */
function emulatorEnd(world: World, pid: number, object: OpenObject, index: number): Other {
  const path = `/dev/pts/${index}`
  const users = world.census().pids.filter((other) => {
    return other !== pid && openFiles(other).some(({ target }) => target === path)
  })
  return {
    object: `the terminal ${path}, from its emulator's side`,
    event: 'a program to print something there',
    who:
      users.length > 0
        ? `It is the terminal of ${listed(users.map(named))}.`
        : 'Which programs have that terminal cannot be seen.',
    proofs: [
      proofOf(pid, object),
      { source: `/proc/${pid}/fdinfo/${object.fd}`, value: `tty-index ${index}`, about: 'its terminal' },
    ],
    wakers: users,
    open: true,
    step: { command: `echo hello > ${path}`, effect: 'prints a line on that terminal' },
  }
}

/** What a process has for itself: it, its threads, or the kernel write there. */
function own(pid: number, object: OpenObject): Omit<Other, 'proofs'> {
  const info = readFdInfoText(pid, object.fd)
  const alone = { wakers: [], open: true }
  switch (object.kind) {
    case 'eventfd':
      return {
        object: `an eventfd (counter ${parseEventCount(info) ?? 'unknown'})`,
        event: 'somebody to add to it',
        who: 'Its own threads do, or whoever has inherited it.',
        ...alone,
      }
    case 'timerfd': {
      const left = parseTimerValue(info)
      const when = left === undefined ? '' : left === 0 ? ', not set' : `, due in ${seconds(left)}`
      return { object: `a timerfd${when}`, event: 'the time to come', who: 'The clock does.', ...alone }
    }
    case 'signalfd':
      return { object: 'a signalfd', event: 'a signal', who: 'Whoever may send one.', ...alone }
    case 'inotify':
      return {
        object: 'an inotify instance',
        event: 'a change of a file',
        who: 'Whoever changes one.',
        ...alone,
      }
    case 'pidfd': {
      const child = parsePidfd(info)
      const who = child === undefined || child <= 0 ? 'a process' : named(child)
      return {
        object: `a pidfd of ${who}`,
        event: 'it to end',
        who: `That is for ${who}.`,
        wakers: child !== undefined && child > 0 ? [child] : [],
        open: false,
      }
    }
    case 'eventpoll':
      return { object: 'an epoll instance', event: 'an event in it', who: 'It watches others.', ...alone }
    default:
      return {
        object: object.target,
        event: 'the file system or the device',
        who: 'The kernel itself has to finish this.',
        ...alone,
      }
  }
}

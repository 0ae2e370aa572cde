/** Calls that wait for no descriptor: poll, futex, children, time, signals, messages. */
import { counted } from '../../../text.js'
import type { Blocker } from '../../../why/blocker.js'
import type { ChildBlocker } from '../../../why/blockers/child.js'
import type { FutexBlocker } from '../../../why/blockers/futex.js'
import type { PollBlocker } from '../../../why/blockers/poll.js'
import type { PosixQueueBlocker } from '../../../why/blockers/posix-queue.js'
import type { SignalBlocker } from '../../../why/blockers/signal.js'
import type { SystemVBlocker } from '../../../why/blockers/system-v.js'
import type { TimerBlocker } from '../../../why/blockers/timer.js'
import type { Evidence, Telling } from './telling.js'
import { listed, named, seconds } from './words.js'

/** How many of the watched descriptors are told one by one. */
const most = 6

/** @param tell what tells the blocker of one descriptor */
export function tellPoll(pid: number, blocker: PollBlocker, tell: (blocker: Blocker) => Telling): Telling {
  const { epoll, watched, limit } = blocker
  const time = limit === undefined ? '' : `, for at most ${seconds(limit)}`
  const first =
    watched.length === 0
      ? `It watches no descriptor at all, and waits until time passes or a signal arrives${time}.`
      : watched.length === 1
        ? `It watches one descriptor, and waits until that is ready${time}.`
        : `It watches ${watched.length} descriptors, and waits until one of them is ready${time}.`
  const told = watched
    .slice(0, most)
    .map((each) => ({ fd: each.fd, telling: each.blocker && tell(each.blocker) }))
  const rest = watched.length - told.length
  const fds = listed(
    watched.map(({ fd }) => `${fd}`),
    12,
  )
  return {
    sentences: [
      first,
      ...told.map(({ fd, telling }) => telling?.sentences.join(' ') ?? `Fd ${fd} cannot be seen.`),
      ...(rest > 0 ? [`It also watches ${rest} more.`] : []),
    ],
    evidence: [
      {
        source: epoll === undefined ? `/proc/${pid}/mem` : `/proc/${pid}/fdinfo/${epoll}`,
        value: fds === '' ? 'none' : fds,
        about: 'the descriptors that it waits on',
        data: watched.map((each) => ({ fd: each.fd, kind: each.blocker?.kind ?? null })),
      },
      ...told.flatMap(({ telling }) => telling?.evidence ?? []),
    ],
  }
}

export function tellFutex(pid: number, tid: number, blocker: FutexBlocker): Telling {
  const { address, operation, isPrivate, mapping, value, joined, owner, isTimed, left } = blocker
  const place = mapping ? ` in ${mapping}` : ''
  const time = !isTimed
    ? ''
    : left === undefined
      ? ', or until the time is up'
      : `, or until ${seconds(left)} have passed`
  const memory = `/proc/${pid}/mem`
  const evidence: Evidence[] = [
    {
      source: `/proc/${pid}/task/${tid}/syscall`,
      value: `address 0x${address}, operation ${operation}, ${isPrivate ? 'private' : 'shared'}`,
      about: 'the word that it sleeps on',
      data: { address, operation, isPrivate },
    },
  ]
  if (mapping !== undefined) {
    const about = 'where that word lies'
    evidence.push({ source: `/proc/${pid}/maps`, value: mapping || 'nameless memory', about })
  }
  if (value !== undefined)
    evidence.push({ source: memory, value: `${value}`, about: 'what stands there now', data: value })
  if (owner) {
    const about = 'what a mutex keeps there: the thread that holds it'
    evidence.push({ source: memory, value: `${owner.tid}`, about, data: owner.tid })
  }
  return {
    sentences: [
      joined !== undefined
        ? `It waits until its thread ${joined} exits${time}.`
        : `It waits for a lock, a condition or the like at 0x${address}${place}, until another thread${isPrivate ? '' : ' or process'} wakes it${time}.`,
      wakerOf(blocker),
    ],
    evidence,
  }
}

function wakerOf({ isPrivate, joined, owner, mates, sharers, isTimed }: FutexBlocker): string {
  if (joined !== undefined)
    return `The kernel wakes it when thread ${joined} exits: it waits as pthread_join(3) does.`
  if (owner?.source === 'kernel') return `Thread ${owner.tid} holds the lock.`
  if (owner) {
    return `Probably thread ${owner.tid} holds the lock: that number stands beside it, as in a mutex of the C library.`
  }
  if (!isPrivate) {
    return sharers.length > 0
      ? `The kernel does not record who holds the lock; ${listed(sharers.map(named))} map this memory, too.`
      : 'Only a process that maps the same memory could wake it, and no other process appears to.'
  }
  if (mates.length === 0) {
    const end = isTimed ? '' : ' So nothing can: it waits for ever, unless a signal arrives.'
    return `Only a thread of this process could wake it, and it has no other.${end}`
  }
  const who =
    mates.length === 1
      ? `its thread ${mates[0]}`
      : mates.length <= 4
        ? `its threads ${listed(mates.map(String))}`
        : `its ${mates.length} other threads`
  return `The kernel does not record which thread holds it; only ${who} can wake it.`
}

export function tellChild({ children, untilExec }: ChildBlocker): Telling {
  const names = listed(children.map(({ pid }) => named(pid)))
  const end = untilExec ? 'exits or executes a program' : 'exits'
  const sentences =
    children.length === 0
      ? [`It waits until a child ${end}.`, 'Which child that is cannot be seen.']
      : children.length === 1
        ? [`It waits until its child ${names} ${end}.`]
        : [`It waits until one of its children ${end}: ${names}.`]
  if (children.length === 1 && children[0]?.pid === process.pid)
    sentences.push('That child is this osdemo, which exits by itself.')
  return {
    sentences,
    evidence: children.slice(0, 4).map(({ pid, ppid }) => ({
      source: `/proc/${pid}/stat`,
      value: `${ppid}`,
      about: `the parent of ${named(pid)}`,
      data: { pid, ppid },
    })),
  }
}

export function tellTimer(pid: number, { time }: TimerBlocker): Telling {
  const clock = 'The clock wakes it; no process has to do anything.'
  if (!time) return { sentences: ['It waits until time has passed.', clock], evidence: [] }
  const isSpan = 'span' in time
  return {
    sentences: [
      isSpan
        ? `It sleeps for ${seconds(time.span)}; when it began the kernel does not record.`
        : `It sleeps until a moment that comes in ${seconds(time.left)}.`,
      clock,
    ],
    evidence: [
      {
        source: `/proc/${pid}/mem`,
        value: isSpan ? `${time.span} s` : `until ${time.until.toFixed(3)} s of ${time.clock}`,
        about: 'the time that it asked for',
        data: { ...time },
      },
    ],
  }
}

export function tellSignal(pid: number, { signals, source }: SignalBlocker): Telling {
  const names =
    signals.length > 0 ? `one of these signals arrives: ${listed(signals, 8)}` : 'a signal arrives'
  return {
    sentences: [`It waits until ${names}.`, 'Its own user and root may send one.'],
    evidence: [
      {
        source: `/proc/${pid}/${source}`,
        value: signals.join(' ') || 'none',
        about: source === 'mem' ? 'the signals that it waits for' : 'the signals that it has a handler for',
        data: signals,
      },
    ],
  }
}

export function tellPosixQueue(pid: number, blocker: PosixQueueBlocker): Telling {
  const { access, fd, name, isRemoved, fill, wakers } = blocker
  const [state, must, side] =
    access === 'reading' ? ['empty', 'send to it', 'writing'] : ['full', 'receive from it', 'reading']
  const lost = isRemoved ? ', and its name is removed, so none can open it any more' : ''
  const evidence: Evidence[] = [{ source: `/proc/${pid}/fd/${fd}`, value: name, about: 'the queue' }]
  if (fill) {
    evidence.push({
      source: 'mq_getattr(3)',
      value: `${fill.messages} of ${fill.capacity} messages`,
      about: 'what it holds, and the most that it can hold',
      data: { ...fill },
    })
  }
  return {
    sentences: [
      `Fd ${fd} is the ${state} message queue ${name}${isRemoved ? ' (deleted)' : ''}: a process must ${must}.`,
      wakers.length > 0
        ? `It is open for ${side} in ${listed(wakers.map(named))}.`
        : `No other process has it open for ${side}${lost}.`,
    ],
    evidence,
  }
}

export function tellSystemV({ object, id, wanted, listed: row, lastUsers }: SystemVBlocker): Telling {
  const what = object === 'queue' ? 'message queue' : 'set of semaphores'
  const must = {
    message: 'a process must send to it',
    room: 'a process must receive from it',
    semaphore: 'a process must add to one of them',
  }[wanted]
  const value = !row
    ? undefined
    : 'messages' in row
      ? `key ${row.key}, ${counted(row.messages, 'message')}, ${counted(row.bytes, 'byte')}`
      : `key ${row.key}, ${counted(row.semaphores, 'semaphore')}`
  const source = `/proc/sysvipc/${object === 'queue' ? 'msg' : 'sem'}`
  return {
    sentences: [
      `It waits on the System V ${what} ${id}: ${must}.`,
      lastUsers.length > 0
        ? `The last to send or receive there: ${listed(lastUsers.map(named))}.`
        : 'The kernel does not record which processes use it.',
    ],
    evidence:
      row && value !== undefined ? [{ source, value, about: 'its line there', data: { ...row } }] : [],
  }
}

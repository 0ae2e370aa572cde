/** Calls that wait for no single descriptor: poll, futex, children, time, signals, messages. */

import type { SemaphoreState } from '../../../ipc/sysv-state.js'
import { counted } from '../../../text.js'
import type { Blocker } from '../../../why/blocker.js'
import type { ChildBlocker } from '../../../why/blockers/child.js'
import type { FutexBlocker } from '../../../why/blockers/futex.js'
import type { PollBlocker, WatchedEnd } from '../../../why/blockers/poll.js'
import type { PosixQueueBlocker } from '../../../why/blockers/posix-queue.js'
import type { SignalBlocker } from '../../../why/blockers/signal.js'
import type { SystemVBlocker } from '../../../why/blockers/system-v.js'
import type { TimerBlocker } from '../../../why/blockers/timer.js'
import { type Evidence, type Telling, verb } from './telling.js'
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

export function tellFutex(pid: number, tid: number, blocker: FutexBlocker): Telling {
  const { address, operation, isPrivate, mapping, value, owner, isTimed, left } = blocker
  const time = !isTimed ? '' : left === undefined ? ', with a time limit' : `, for at most ${seconds(left)}`
  const memory = `/proc/${pid}/mem`
  const evidence: Evidence[] = [
    {
      source: `/proc/${pid}/task/${tid}/syscall`,
      value: `0x${address} 0x${operation.toString(16)}`,
      about: `address and operation: a ${isPrivate ? 'private' : 'shared'} futex`,
      data: { address, operation, isPrivate },
    },
  ]
  if (mapping !== undefined) {
    const about = 'what is mapped at that address'
    evidence.push({ source: `/proc/${pid}/maps`, value: mapping || 'anonymous memory', about })
  }
  if (value !== undefined)
    evidence.push({ source: memory, value: `${value}`, about: 'the value at that address', data: value })
  if (owner) {
    const about =
      owner.source === 'kernel' ? 'the owner, as the kernel keeps it' : 'the owner, as glibc keeps it'
    evidence.push({ source: memory, value: `${owner.tid}`, about, data: { ...owner } })
  }
  return {
    wait: `${futexWait(tid, blocker)}${time}`,
    sentences: wakerOf(blocker),
    proofs: [{ shows: `Thread ${tid} of ${named(pid)} sleeps on a futex.`, evidence }],
  }
}

function futexWait(tid: number, { isPrivate, joined, owner, semaphore }: FutexBlocker): string {
  if (joined !== undefined) return `until its thread ${joined} exits`
  if (semaphore !== undefined) return `for the semaphore ${semaphore}`
  if (owner) {
    if (owner.isDead)
      return `for a lock that thread ${owner.tid} ${isPrivate ? 'probably ' : ''}did not unlock before it exited`
    if (owner.tid === tid) return 'for a lock that it holds itself'
    return owner.pid !== undefined && !isPrivate
      ? `for a lock that ${named(owner.pid)} holds`
      : `for a lock that its thread ${owner.tid} holds`
  }
  return isPrivate
    ? 'on a futex until another of its threads wakes it up'
    : 'on a futex until a process that shares its memory wakes it up'
}

const noRecord = 'It may be a lock, a semaphore or a condition: the kernel does not record that.'

function wakerOf(blocker: FutexBlocker): string[] {
  const { isPrivate, joined, owner, semaphore, value, mates, sharers, isTimed } = blocker
  if (joined !== undefined) return ['This is how pthread_join(3) waits.']
  if (semaphore !== undefined) {
    const others =
      sharers.length > 0 ? [`${listed(sharers.map(named))} ${verb(sharers, 'maps', 'map')} it too.`] : []
    return [`Its value is ${value}.`, 'Any process that may open it can post to it: sem_post(3).', ...others]
  }
  if (owner) {
    const source = owner.source === 'kernel' ? 'The kernel' : 'A mutex of glibc'
    if (owner.isDead)
      return [`${source} keeps its owner, and no such thread exists.`, 'So no thread will unlock it.']
    const more =
      owner.pid === undefined || isPrivate || owner.source === 'kernel'
        ? []
        : owner.isRobust
          ? ['The mutex is robust: when its owner exits, the next process gets the lock with EOWNERDEAD.']
          : ['The mutex is not robust: if its owner is terminated, no process gets the lock.']
    return [`${source} keeps its owner: thread ${owner.tid}.`, ...more]
  }
  if (!isPrivate) {
    return sharers.length > 0
      ? [`${listed(sharers.map(named))} ${verb(sharers, 'maps', 'map')} that memory too.`, noRecord]
      : ['No other process maps that memory.']
  }
  if (mates.length === 0) {
    return isTimed
      ? ['It has no other thread.']
      : ['It has no other thread, so it blocks forever unless a signal arrives.']
  }
  const threads =
    mates.length === 1
      ? `its thread ${mates[0]}`
      : mates.length <= 4
        ? `its threads ${listed(mates.map(String))}`
        : `its ${mates.length} other threads`
  return [`Only ${threads} can wake it up.`, noRecord]
}

export function tellChild(blocker: ChildBlocker): Telling {
  const { pid, whom, group, fd, children, others, needsAll, untilExec } = blocker
  const names = listed(children.map((child) => named(child.pid)))
  const [only, ...more] = children
  const end = untilExec ? 'exits or executes a program' : 'exits'
  const among = group === undefined ? '' : ` in process group ${group}`
  const evidence: Evidence[] = [
    ...(group === undefined
      ? []
      : children.slice(0, 4).map((child) => ({
          source: `/proc/${child.pid}/status`,
          value: `NSpgid: ${group}`,
          about: 'process group',
        }))),
    ...(whom === 'pidfd' && only
      ? [{ source: `/proc/${pid}/fdinfo/${fd}`, value: `Pid: ${only.pid}`, about: 'a pidfd' }]
      : []),
    ...(needsAll ? [{ source: `/proc/${pid}/status`, value: 'SigIgn: CHLD', about: 'decoded' }] : []),
  ]
  return {
    wait:
      only === undefined
        ? `until a child${among} ${end}`
        : more.length === 0
          ? `until its child ${names} ${end}`
          : needsAll
            ? `until all its children${among} exit`
            : `until one of its children${among} ${end}`,
    sentences: [
      ...(only === undefined
        ? ['Not observed: which child that is.']
        : more.length > 0
          ? [`${group === undefined ? 'Its children are' : 'These are'} ${names}.`]
          : only.pid === process.pid
            ? ['That child is this osdemo, which exits by itself.']
            : []),
      ...(needsAll ? ['It ignores SIGCHLD, so wait(2) returns when no child is left, with ECHILD.'] : []),
      ...(others.length > 0
        ? [
            `It does not wait for its ${verb(others, 'child', 'children')} ${listed(others.map(named))}: the call names ${whom === 'group' ? `process group ${group}` : 'another one'}.`,
          ]
        : []),
    ],
    proofs: [
      ...(evidence.length > 0
        ? [{ shows: `Only some events end this wait of ${named(pid)}.`, evidence }]
        : []),
      ...children.slice(0, 4).map((child) => ({
        shows: `${named(child.pid)} is a child of process ${child.ppid} and has not exited.`,
        evidence: [
          {
            source: `/proc/${child.pid}/status`,
            value: `PPid: ${child.ppid}`,
            about: '',
            data: { pid: child.pid, ppid: child.ppid },
          },
        ],
      })),
    ],
  }
}

export function tellTimer(pid: number, { time }: TimerBlocker): Telling {
  if (!time) return { wait: 'until its sleep is over', sentences: [], proofs: [] }
  const isSpan = 'span' in time
  return {
    wait: isSpan
      ? `until its sleep of ${seconds(time.span)} is over`
      : `until its sleep is over, in ${seconds(time.left)}`,
    sentences: isSpan ? ['Not observed: when that sleep began.'] : [],
    proofs: [
      {
        shows: `${named(pid)} asked the kernel to sleep.`,
        evidence: [
          {
            source: `/proc/${pid}/mem`,
            value: isSpan ? `${time.span} s` : `${time.until.toFixed(3)} s of ${time.clock}`,
            about: isSpan ? 'the time in its call' : 'the moment in its call',
            data: { ...time },
          },
        ],
      },
    ],
  }
}

export function tellSignal(pid: number, blocker: SignalBlocker): Telling {
  const { signals, blocked, pending, source, isTimed } = blocker
  const names = signals.map((name) => `SIG${name}`)
  const time = isTimed ? ', with a time limit' : ''
  const kept = blocked.map((name) => `SIG${name}`)
  const sent = pending.map((name) => `SIG${name}`)
  return {
    wait: `for a signal${names.length === 1 ? `, ${names[0]}` : ''}${time}`,
    sentences: [
      ...(names.length > 1
        ? [`It ${source === 'mem' ? 'accepts' : 'has a handler for'} ${listed(names, 8)}.`]
        : names.length === 0 && kept.length === 0
          ? ['It has no signal handler, so any signal either does nothing or terminates it.']
          : []),
      ...(kept.length > 0
        ? [
            `It has a handler for ${listed(kept, 8)}, but blocks ${verb(kept, 'that signal', 'those signals')}.`,
            `So \`kill -${blocked[0]} ${pid}\` only makes the signal pending.`,
          ]
        : []),
      ...(sent.length > 0 ? [`${listed(sent, 8)} ${verb(sent, 'is', 'are')} pending already.`] : []),
      ...(kept.length > 0 && names.length === 0
        ? ['Only the program itself can unblock it, and no other signal has a handler.']
        : []),
    ],
    proofs: [
      {
        shows:
          source === 'mem'
            ? `${named(pid)} waits for these signals.`
            : `${named(pid)} has ${names.length === 0 ? 'no handler that could run' : 'a handler for these signals'}.`,
        evidence: [
          {
            source: `/proc/${pid}/${source}`,
            value: `${source === 'mem' ? '' : 'SigCgt without SigBlk: '}${names.join(' ') || 'none'}`,
            about: 'decoded',
            data: signals,
          },
          ...(kept.length > 0
            ? [
                {
                  source: `/proc/${pid}/status`,
                  value: `SigCgt and SigBlk: ${kept.join(' ')}; pending: ${sent.join(' ') || 'none'}`,
                  about: 'decoded',
                  data: { blocked, pending },
                },
              ]
            : []),
        ],
      },
    ],
  }
}

export function tellPosixQueue(pid: number, blocker: PosixQueueBlocker): Telling {
  const { access, fd, name, isRemoved, fill, wakers } = blocker
  const side = access === 'reading' ? 'writing' : 'reading'
  const evidence: Evidence[] = [{ source: `/proc/${pid}/fd/${fd}`, value: name, about: '' }]
  if (fill) {
    evidence.push({
      source: 'mq_getattr(3)',
      value: `mq_curmsgs ${fill.messages}, mq_maxmsg ${fill.capacity}`,
      about: 'messages in it, and its capacity',
      data: { ...fill },
    })
  }
  return {
    wait:
      access === 'reading'
        ? `for a message in the empty queue ${name}`
        : `for room in the full queue ${name}`,
    object: `the message queue ${name}`,
    sentences: [
      wakers.length > 0
        ? `${listed(wakers.map(named))} ${verb(wakers, 'has', 'have')} it open for ${side}.`
        : `No other process has it open for ${side}.`,
      ...(isRemoved ? ['Its name was removed, so no other process can open it.'] : []),
    ],
    proofs: [{ shows: `The queue ${name} is ${access === 'reading' ? 'empty' : 'full'}.`, evidence }],
  }
}

export function tellSystemV(blocker: SystemVBlocker): Telling {
  const {
    pid,
    object,
    id,
    isElsewhere,
    wanted,
    listed: row,
    lastUsers,
    type,
    types,
    operation,
    state,
  } = blocker
  const queue = `the System V message queue ${id}`
  const accepted = !type ? '' : type > 0 ? ` of type ${type}` : ` of type ${-type} or lower`
  const semaphore = `semaphore ${operation?.semaphore} of set ${id}`
  const wait = {
    message: `for a message${accepted} in ${queue}`,
    room: `for room in ${queue}`,
    semaphore: operation
      ? `until it can take ${-operation.change} from ${semaphore}`
      : `until the values of semaphore set ${id} allow its operation`,
    zero: `until ${semaphore} is 0`,
  }[wanted]
  const fields: [name: string, value: number][] = !row
    ? []
    : 'messages' in row
      ? [
          ['key', row.key],
          ['msqid', id],
          ['cbytes', row.bytes],
          ['qnum', row.messages],
        ]
      : [
          ['key', row.key],
          ['semid', id],
          ['nsems', row.semaphores],
        ]
  const source = `/proc/sysvipc/${object === 'queue' ? 'msg' : 'sem'}`
  const kinds = [...new Set(types)].map(String)
  const ofTypes = kinds.length === 0 ? '' : ` of ${verb(kinds, 'type', 'types')} ${listed(kinds, 6)}`
  const held =
    row && 'messages' in row ? [`The queue contains ${counted(row.messages, 'message')}${ofTypes}.`] : []
  const value = state === undefined ? [] : [`Its value is ${state.value}.`, ...waitersOf(state)]
  const users =
    lastUsers.length > 0
      ? `The last to ${object === 'queue' ? 'send or receive there' : 'change it'}: ${listed(lastUsers.map(named))}.`
      : 'The kernel does not record which processes use it.'
  return {
    wait,
    sentences: isElsewhere
      ? [
          `${named(pid)} is in another IPC namespace, so ${object === 'queue' ? 'queue' : 'set'} ${id} here is another object.`,
          'Not observed: what it contains.',
        ]
      : [...held, ...value, users],
    proofs: [
      ...(row
        ? [
            {
              shows: `The kernel lists this ${object === 'queue' ? 'message queue' : 'set of semaphores'}.`,
              evidence: [
                {
                  source,
                  value: fields.map(([name, number]) => `${name} ${number}`).join(', '),
                  about: '',
                  data: { ...row },
                },
              ],
            },
          ]
        : []),
      ...(operation && state
        ? [
            {
              shows: `Its operation is ${operation.change} on semaphore ${operation.semaphore}.`,
              evidence: [
                {
                  source: 'semctl(2)',
                  value: `GETVAL ${state.value}, GETNCNT ${state.waitForIncrease}, GETZCNT ${state.waitForZero}`,
                  about: 'value, waiting for an increase, waiting for 0',
                  data: { ...operation, ...state },
                },
              ],
            },
          ]
        : []),
      ...(isElsewhere
        ? [
            {
              shows: 'It has another IPC namespace than osdemo.',
              evidence: [
                { source: `/proc/${pid}/ns/ipc`, value: 'another namespace', about: 'namespaces(7)' },
              ],
            },
          ]
        : []),
    ],
  }
}

function waitersOf({ waitForIncrease, waitForZero }: SemaphoreState): string[] {
  const all = waitForIncrease + waitForZero
  return all > 1 ? [`${all} threads wait for that semaphore.`] : []
}

/** Waiting for a child, for time, for a signal, for a message. */
import { constants } from 'node:os'
import { borrow } from '../../ipc/borrow.js'
import { queueAttributes } from '../../ipc/open-mq.js'
import { isOpenFor } from '../../proc/open-descriptors.js'
import { openObject } from '../../proc/open-object.js'
import { readMemory, readTimespec } from '../../proc/process-memory.js'
import { readStat } from '../../proc/stat.js'
import { knownAs, readStatus, signalsIn } from '../../proc/status.js'
import { readMessageQueue, readSemaphoreSet } from '../../proc/sysvipc.js'
import { quoted } from '../../shell-quote.js'
import { endCommand, listed, named, type Other, seconds, type World } from '../snapshot.js'

/** WNOHANG and others of wait(2) do not matter here: who waits did not give it. @param wanted a pid, or -1 for any */
export function childWait(world: World, pid: number, wanted = -1): Other {
  const children = world.family().children(pid)
  const asked = wanted > 0 ? knownAs(pid, wanted, children) : undefined
  const awaited = wanted > 0 ? (asked === undefined ? [] : [asked]) : children
  const living = awaited.filter((child) => readStat(child)?.state !== 'Z')
  const one = living.length === 1
  const isUs = one && living[0] === process.pid
  return {
    object:
      living.length === 0 ? 'a child' : `its ${one ? 'child' : 'children'} ${listed(living.map(named))}`,
    event: living.length > 1 ? 'one of them to end' : 'it to end',
    who:
      living.length === 0
        ? 'Which child that is cannot be seen.'
        : isUs
          ? 'That child is this osdemo, which ends by itself.'
          : '',
    proofs: living.slice(0, 4).map((child) => ({
      source: `/proc/${child}/stat`,
      value: `${readStat(child)?.ppid}`,
      about: `the parent of ${named(child)}`,
    })),
    wakers: living,
    open: living.length === 0,
    step:
      one && !isUs
        ? { command: endCommand(living), effect: 'ends the child, and so the wait for it' }
        : undefined,
  }
}

/** vfork(2), and what posix_spawn(3) does: the child has the memory of its parent until it is another program. */
export function vforkWait(world: World, pid: number): Other {
  const other = childWait(world, pid)
  return { ...other, event: 'it to end, or to execute a program' }
}

/** nanosleep(2), clock_nanosleep(2). Of a span of time the kernel does not tell when it began, so not when it ends either. */
export function sleeping(pid: number, call: string, args: bigint[]): Other {
  const [clock, flags, address] = call === 'nanosleep' ? [1n, 0n, args[0]] : args
  const asked = address === undefined ? undefined : readTimespec(pid, address)
  // TIMER_ABSTIME of time.h: the time is a moment, of CLOCK_REALTIME (0) or CLOCK_MONOTONIC (1).
  const isMoment = (flags! & 1n) === 1n
  const reading = clock === 0n ? Date.now() / 1000 : Number(process.hrtime.bigint()) / 1e9
  const time =
    asked === undefined
      ? ''
      : isMoment
        ? ` that is due in ${seconds(Math.max(0, asked - reading))}`
        : ` of ${seconds(asked)}`
  return {
    object: `a timer${time}`,
    event: 'that time to pass',
    who: 'The clock wakes it, nobody else has to.',
    proofs:
      asked === undefined
        ? []
        : [
            {
              source: `/proc/${pid}/mem`,
              value: `${isMoment ? `until ${asked.toFixed(3)} s of ${clock === 0n ? 'CLOCK_REALTIME' : 'CLOCK_MONOTONIC'}` : `${asked} s`}`,
              about: 'the time that it asked for',
            },
          ],
    wakers: [],
    open: true,
    step: { command: endCommand([pid]), effect: 'It goes on by itself when that time has come.', ends: true },
  }
}

/** pause(2), sigsuspend(2), sigtimedwait(2). */
export function signalWait(pid: number, call: string, args: bigint[]): Other {
  const caught = signalsIn(readStatus(pid)?.caught ?? 0n)
  const set = call === 'rt_sigtimedwait' ? readMemory(pid, args[0]!, 8) : undefined
  const wanted = set ? signalsIn(set.readBigUInt64LE()) : caught
  const names = wanted.map(signalName)
  const polite = wanted
    .map(signalName)
    .find((name) => ['USR1', 'USR2', 'CONT', 'WINCH', 'CHLD', 'ALRM'].includes(name))
  const timed = call === 'rt_sigtimedwait' && args[2] !== 0n
  return {
    object: `signals${names.length > 0 ? ` (${listed(names, 8)})` : ''}`,
    event: 'one of them to come',
    who: 'Anybody who may signal it can: its own user and root.',
    proofs: [
      {
        source: `/proc/${pid}/${set ? 'mem' : 'status'}`,
        value: names.join(' ') || 'none',
        about: set ? 'the signals that it waits for' : 'the signals that it has a handler for',
      },
    ],
    wakers: [],
    open: true,
    step: polite
      ? { command: `kill -${polite} ${pid}`, effect: 'sends it that signal' }
      : {
          command: `kill ${pid}`,
          effect: `It goes on when such a signal comes${timed ? ' or the time is up' : ''}.`,
          ends: true,
        },
  }
}

function signalName(number: number): string {
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0]
  return name?.replace(/^SIG/, '') ?? `${number}`
}

/** A POSIX message queue, mq_overview(7). */
export function posixQueue(world: World, pid: number, call: string, fd: number): Other | undefined {
  const object = openObject(pid, fd)
  if (!object) return undefined
  const receives = call === 'mq_timedreceive'
  const name = object.target.replace(/ \(deleted\)$/, '')
  const isRemoved = name !== object.target
  const side = receives ? 'writing' : 'reading'
  const users = world
    .census()
    .holders(object.dev, object.ino)
    .filter((user) => isOpenFor(side, user))
  const others = [...new Set(users.map((user) => user.pid))].filter((user) => user !== pid)
  const attributes = borrow(pid, fd, queueAttributes)
  return {
    object: `the ${receives ? 'empty' : 'full'} message queue ${object.target}`,
    event: receives ? 'somebody to send to it' : 'somebody to receive from it',
    who:
      others.length > 0
        ? `It is open for ${side} in ${listed(others.map(named))}.`
        : `No other process has it open for ${side}${isRemoved ? ', and by its name it cannot be opened any more' : ''}.`,
    proofs: [
      { source: `/proc/${pid}/fd/${fd}`, value: name, about: 'the queue' },
      ...(attributes
        ? [
            {
              source: 'mq_getattr(3)',
              value: `${attributes.depth} of ${attributes.capacity} messages`,
              about: 'what it holds, and the most that it can hold',
            },
          ]
        : []),
    ],
    wakers: others,
    open: others.length === 0,
    step: isRemoved
      ? undefined
      : receives
        ? { command: `osdemo queue send hello --name ${quoted(name)}`, effect: 'sends a message to it' }
        : {
            command: `osdemo queue receive --max 1 --name ${quoted(name)}`,
            effect: 'takes one message out of it',
          },
  }
}

/** System V queues and semaphores, which belong to nobody: msgop(2), semop(2). */
export function systemV(call: string, id: number): Other {
  const kind = call.startsWith('msg') ? 'msg' : 'sem'
  const what = kind === 'msg' ? 'message queue' : 'set of semaphores'
  const event = {
    msgsnd: 'somebody to receive from it',
    msgrcv: 'somebody to send to it',
  }[call]
  const queue = kind === 'msg' ? readMessageQueue(id) : undefined
  const set = kind === 'sem' ? readSemaphoreSet(id) : undefined
  const row = queue
    ? `key ${queue.key}, ${queue.messages} messages, ${queue.bytes} bytes`
    : set && `key ${set.key}, ${set.semaphores} semaphores`
  const last = queue ? [queue.lastSender, queue.lastReceiver].filter((user) => user > 0) : []
  return {
    object: `the System V ${what} ${id}`,
    event: event ?? 'somebody to add to one of them',
    who:
      kind === 'msg' && last.length > 0
        ? `The last who sent or received there: ${listed([...new Set(last)].map(named))}.`
        : 'Who uses it, the kernel does not keep.',
    proofs: row ? [{ source: `/proc/sysvipc/${kind}`, value: row, about: 'its line there' }] : [],
    wakers: [],
    open: true,
    step: {
      command: `ipcrm -${kind === 'msg' ? 'q' : 's'} ${id}`,
      effect: 'removes it for all who use it; the call then fails with EIDRM',
    },
  }
}

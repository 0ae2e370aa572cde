/** What blocks one thread, in sentences, and the evidence for it: the only place that turns a blocker into words. */
import type { Data } from '../../../events.js'
import type { Blocker } from '../../../why/blocker.js'
import type { StateBlocker } from '../../../why/blockers/state.js'
import type { ThreadWait } from '../../../why/thread-wait.js'
import {
  tellChild,
  tellFutex,
  tellPoll,
  tellPosixQueue,
  tellSignal,
  tellSystemV,
  tellTimer,
} from './calls.js'
import { tellDescriptor, tellFifoLost, tellFifoOpen, tellFileLock, tellPipe } from './files.js'
import { tellSocket, tellUnixConnect, tellUnixSocket } from './sockets.js'
import type { Evidence, Telling } from './telling.js'
import { named } from './words.js'

export function tellThread(thread: ThreadWait): Telling {
  const { sentences, evidence } = tellBlocker(thread, thread.blocker)
  const own = ownEvidence(thread)
  return { sentences: [opening(thread), ...sentences], evidence: [...own, ...evidence] }
}

/** What the thread is in, the first sentence. */
function opening(thread: ThreadWait): string {
  const { pid, tid, state, call, number, fd, isResumed, isHidden, likelyCall, wchan, blocker } = thread
  const who = tid === pid ? named(pid) : `Thread ${tid} of ${named(pid)}`
  switch (blocker.kind) {
    case 'running':
      return `${who} waits for nothing: it is running or ready to run.`
    case 'stopped':
      return `${who} is stopped by a signal${blocker.call === undefined ? '' : `, in ${blocker.call}(2)`}.`
    case 'traced':
      return `${who} is stopped by a debugger.`
    case 'zombie':
      return `${who} has exited${endingOf(blocker)} and is a zombie: its parent has not called wait(2).`
    case 'main-thread-exited':
      return `The main thread of ${named(pid)} has exited; its other threads go on.`
    case 'no-call':
      return blocker.hasJustRun ? `${who} has just run.` : `${who} is blocked, but in no system call.`
    case 'hidden':
      return `What ${who} waits for cannot be seen.`
  }
  if (isHidden) {
    if (likelyCall !== undefined) return `${who} is blocked, probably in ${likelyCall}.`
    if (blocker.kind === 'unknown-call' && wchan !== undefined)
      return `${who} is blocked in the kernel's ${wchan}.`
    return blocker.certain ? `${who} is blocked.` : `${who} is probably blocked in this way:`
  }
  const name = call === undefined ? `system call ${number}` : `${call}(2)`
  const on = fd === undefined ? '' : ` on fd ${fd}`
  const again = isResumed ? ', continued after a stop (restart_syscall)' : ''
  const where = blocker.kind === 'unknown-call' && wchan !== undefined ? ` (in the kernel's ${wchan})` : ''
  const deep = state === 'D' ? ', uninterruptibly (D)' : ''
  return `${who} is blocked in ${name}${on}${again}${where}${deep}.`
}

function endingOf({ ending }: StateBlocker & { kind: 'zombie' }): string {
  if (!ending) return ''
  return 'signal' in ending ? `, killed by signal ${ending.signal},` : ` with exit code ${ending.code}`
}

function tellBlocker(thread: ThreadWait, blocker: Blocker): Telling {
  const { pid, tid } = thread
  switch (blocker.kind) {
    case 'fifo-open':
      return tellFifoOpen(pid, blocker)
    case 'fifo-lost':
      return tellFifoLost(pid, blocker)
    case 'pipe':
      return tellPipe(blocker)
    case 'file-lock':
      return tellFileLock(pid, blocker)
    case 'terminal':
    case 'terminal-emulator':
    case 'eventfd':
    case 'timerfd':
    case 'signalfd':
    case 'inotify':
    case 'eventpoll':
    case 'pidfd':
    case 'file':
      return tellDescriptor(blocker)
    case 'tcp-listener':
    case 'tcp-connection':
    case 'udp-socket':
    case 'other-socket':
      return tellSocket(blocker)
    case 'unix-listener':
    case 'unix-datagram':
    case 'unix-connection':
      return tellUnixSocket(blocker)
    case 'unix-connect':
      return tellUnixConnect(blocker)
    case 'poll':
      return tellPoll(pid, blocker, (end) => tellBlocker(thread, end))
    case 'futex':
      return tellFutex(pid, tid, blocker)
    case 'child':
      return tellChild(blocker)
    case 'timer':
      return tellTimer(pid, blocker)
    case 'signal':
      return tellSignal(pid, blocker)
    case 'posix-queue':
      return tellPosixQueue(pid, blocker)
    case 'system-v':
      return tellSystemV(blocker)
    case 'stopped':
      return tell(
        blocker.isBackgroundJob
          ? 'It is a background job of its terminal: fg in that shell continues it. After kill -CONT it stops again if it reads there.'
          : 'Its own user and root may continue it.',
      )
    case 'traced': {
      const { tracer } = blocker
      const source = `/proc/${pid}/task/${tid}/status`
      return {
        sentences: [tracer > 0 ? `Its debugger is ${named(tracer)}.` : 'Its debugger cannot be seen.'],
        evidence: [
          { source, value: `TracerPid ${tracer}`, about: 'the process that traces it', data: { tracer } },
        ],
      }
    }
    case 'zombie': {
      const { parent } = blocker
      const about = `the parent of ${pid}`
      return {
        sentences: [parent === 0 ? 'Its parent cannot be seen.' : `Its parent is ${named(parent)}.`],
        evidence: [{ source: `/proc/${pid}/stat`, value: `${parent}`, about, data: { pid, ppid: parent } }],
      }
    }
    case 'running':
    case 'main-thread-exited':
    case 'no-call':
    case 'unknown-call':
    case 'hidden':
      return tell()
  }
}

function tell(...sentences: string[]): Telling {
  return { sentences, evidence: [] }
}

/** What shows that the thread is blocked there. The first carries the blocker as data, for programs. */
function ownEvidence(thread: ThreadWait): Evidence[] {
  const { pid, tid, state, call, number, wchan } = thread
  const place = `/proc/${pid}/task/${tid}`
  const data = dataOf(thread)
  const shown = thread.isResumed
    ? 'restart_syscall'
    : (call ?? (number === undefined ? undefined : `number ${number}`))
  const sleep = { source: `${place}/wchan`, about: 'where in the kernel it sleeps' }
  if (shown !== undefined) {
    const about = 'the system call that it is in'
    const asked = { source: `${place}/syscall`, value: shown, about, data }
    return wchan === undefined ? [asked] : [asked, { ...sleep, value: wchan }]
  }
  return wchan === undefined
    ? [{ source: `${place}/stat`, value: state, about: `the state of ${tid}`, data }]
    : [{ ...sleep, value: wchan, data }]
}

type RecordData = Extract<Data, { [name: string]: unknown }>

/**
 * A blocked thread for programs: `kind`, `pid`, `tid`, `state`, `call`, `certain`, `wakers`, and what else its blocker has. What
 * is nested has a name with dots; lists of records have evidence of their own.
 */
export function dataOf({ pid, tid, state, call, fd, blocker }: ThreadWait): RecordData {
  const { steps: _, ...fields } = blocker
  return {
    ...flat(fields),
    pid,
    tid,
    state,
    call: call ?? null,
    ...(fd !== undefined && { fd }),
  }
}

function flat(fields: object, prefix = ''): RecordData {
  const data: RecordData = {}
  const entries: [string, unknown][] = Object.entries(fields)
  for (const [name, value] of entries) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      data[prefix + name] = value
    else if (Array.isArray(value)) {
      const cells = value.filter((each) => typeof each === 'string' || typeof each === 'number')
      if (cells.length === value.length) data[prefix + name] = cells
    } else if (typeof value === 'object' && value !== null)
      Object.assign(data, flat(value, `${prefix}${name}.`))
  }
  return data
}

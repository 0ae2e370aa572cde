/** What blocks one thread, in sentences, and the evidence: the only place that makes words of a blocker. */
import type { Data } from '../../../events.js'
import type { Blocker } from '../../../why/blocker.js'
import type { StateBlocker } from '../../../why/blockers/state.js'
import type { ThreadWait } from '../../../why/thread-wait.js'
import { tellChild, tellSignal, tellTimer } from './calls.js'
import { tellDescriptor, tellFifoLost, tellFifoOpen, tellFileLock, tellLease, tellPipe } from './files.js'
import { tellFutex } from './futex.js'
import { tellPoll } from './poll.js'
import { tellPosixQueue, tellSystemV } from './queues.js'
import { tellLostDescriptor, tellSocket, tellUnixConnect, tellUnixSocket } from './sockets.js'
import type { Evidence, Proof, Telling } from './telling.js'
import { named, seconds } from './words.js'

export interface ThreadTelling {
  /** The answer in one sentence. */
  headline: string
  /** What the thread is in, and which process it waits for. */
  step: string
  /** Sentences that each stand alone: what it watches. */
  list: string[]
  proofs: Proof[]
}

/**
 * @param isAlone whether the process has no other thread that is reported
 * @param isHeadlined whether the headline already contains what this thread waits for
 */
export function tellThread(thread: ThreadWait, isAlone: boolean, isHeadlined: boolean): ThreadTelling {
  const { pid, tid, blocker } = thread
  const telling = tellBlocker(thread, blocker)
  const who = tid === pid ? named(pid) : `thread ${tid} of ${named(pid)}`
  const main = tid === pid && !isAlone ? `the main thread of ${named(pid)}` : who
  const [first, ...more] = telling.sentences
  const step = [opening(thread, capital(main), telling, isHeadlined), first, ...more]
  return {
    headline: headline(thread, capital(main), telling),
    step: step.filter((sentence) => sentence !== undefined).join(' '),
    list: telling.list ?? [],
    proofs: [{ shows: ownProof(thread, capital(main)), evidence: ownEvidence(thread) }, ...telling.proofs],
  }
}

function capital(text: string): string {
  // A process keeps its name: `cat (4711)`.
  return /^(?:thread|the main) /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text
}

function headline(thread: ThreadWait, who: string, { wait }: Telling): string {
  const state = stateSentence(thread, who)
  if (state !== undefined) return state
  const { blocker } = thread
  if (blocker.kind === 'unknown-call' || wait === '') return `${who} is blocked${placeOf(thread)}.`
  return blocker.certain || !thread.isHidden
    ? `${who} is blocked: it waits ${wait}.`
    : `${who} is blocked: it probably waits ${wait}.`
}

/** A thread that its state alone describes. */
function stateSentence({ pid, blocker }: ThreadWait, who: string): string | undefined {
  switch (blocker.kind) {
    case 'running':
      return `${who} is not blocked: it is running or ready to run.`
    case 'stopped':
      return blocker.needsForeground
        ? `${who} is stopped: as a background job it may not use its terminal.`
        : `${who} is stopped by a signal: it continues when it receives SIGCONT.`
    case 'frozen':
      return `${who} is frozen, with all processes of its cgroup ${blocker.cgroup}.`
    case 'traced':
      return blocker.tracer > 0
        ? `${who} is stopped by its debugger, ${named(blocker.tracer)}.`
        : `${who} is stopped by a debugger.`
    case 'zombie':
      return blocker.parent > 0
        ? `${who} is a zombie: its parent ${named(blocker.parent)} has not reaped it with wait(2).`
        : `${who} is a zombie: its parent has not reaped it with wait(2).`
    case 'main-thread-exited':
      return `The main thread of ${named(pid)} has exited; its other threads continue.`
    case 'no-call':
      return blocker.hasJustRun ? `${who} has just run.` : `${who} is blocked, but in no system call.`
    case 'hidden':
      return `${who} is blocked. Not observed: what it waits for.`
    default:
      return undefined
  }
}

/** What the thread is in, the first sentence of its step. */
function opening(
  thread: ThreadWait,
  who: string,
  telling: Telling,
  isHeadlined: boolean,
): string | undefined {
  const state = stateSentence(thread, who)
  if (state !== undefined) return isHeadlined ? undefined : state
  const { blocker, isHidden, likelyCall, fd } = thread
  const { wait, object, sentences, list = [] } = telling
  const blocked = `${who} is blocked${placeOf(thread)}`
  // The object, and which process has its other end, tell what it waits for.
  if (fd !== undefined && object !== undefined) return `${blocked}, ${object}.`
  if (wait === '' && isHeadlined) return undefined
  if (wait === '' || (isHeadlined && sentences.length + list.length > 0)) return `${blocked}.`
  return `${blocked}: it ${isHidden && !blocker.certain && likelyCall === undefined ? 'probably ' : ''}waits ${wait}.`
}

/** ` in read(2) on fd 0`, behind `is blocked`: the call, or what is known of it. */
function placeOf({
  state,
  call,
  number,
  fd,
  isResumed,
  isHidden,
  likelyCall,
  wchan,
  blocker,
}: ThreadWait): string {
  if (isHidden) {
    if (likelyCall !== undefined) return `, probably in ${likelyCall}`
    return blocker.kind === 'unknown-call' && wchan !== undefined ? ` in the kernel function ${wchan}` : ''
  }
  const name = call === undefined ? `system call ${number}` : `${call}(2)`
  const on = fd === undefined ? '' : ` on fd ${fd}`
  const again = isResumed ? ', which continues after a stop' : ''
  const where = blocker.kind === 'unknown-call' && wchan !== undefined ? `, kernel function ${wchan}` : ''
  const deep = state === 'D' ? ', uninterruptible (D)' : ''
  return ` in ${name}${on}${again}${where}${deep}`
}

function tellBlocker(thread: ThreadWait, blocker: Blocker): Telling {
  const telling = tellKind(thread, blocker)
  const { limit } = blocker
  // What tells of a poll contains its time limit.
  if (limit === undefined || blocker.kind === 'poll' || !('fd' in blocker)) return telling
  const { wait, sentences, proofs } = telling
  const isSocket = blocker.kind !== 'posix-queue'
  return {
    ...telling,
    wait: `${wait}, for at most ${seconds(limit)}`,
    sentences: [
      ...sentences,
      ...(isSocket ? [`Its socket has a time limit of ${seconds(limit)}, so the call ends by itself.`] : []),
    ],
    proofs: [
      ...proofs,
      {
        shows: isSocket ? 'The socket has a time limit.' : 'The call has a time limit.',
        evidence: [
          {
            source: isSocket ? 'getsockopt(2)' : `/proc/${thread.pid}/mem`,
            value: `${limit} s`,
            about: isSocket ? 'SO_RCVTIMEO or SO_SNDTIMEO, socket(7)' : 'the moment in its call',
            data: limit,
          },
        ],
      },
    ],
  }
}

function tellKind(thread: ThreadWait, blocker: Blocker): Telling {
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
    case 'descriptor-changed':
    case 'lingering':
      return tellLostDescriptor(blocker)
    case 'lease':
      return tellLease(pid, blocker)
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
      return tellState(
        ...(blocker.call === undefined ? [] : [`${named(pid)} stopped in ${blocker.call}(2).`]),
        ...(blocker.isBackgroundJob ? ['It is a background job of its terminal.'] : []),
      )
    case 'frozen': {
      const { cgroup, file } = blocker
      return {
        ...tellState(
          'No command at the other end of what it uses helps until the cgroup is thawed.',
          ...(file === undefined ? ['Not observed: the file that thaws it.'] : []),
        ),
        proofs: [
          {
            shows: 'The kernel reports that the cgroup is frozen.',
            evidence: [{ source: `/proc/${pid}/cgroup`, value: cgroup, about: file ?? '', data: { cgroup } }],
          },
        ],
      }
    }
    case 'traced': {
      const { tracer } = blocker
      return {
        ...tellState(
          tracer > 0 ? `${named(pid)} continues when the debugger lets it.` : 'Not observed: which debugger.',
        ),
        proofs: [
          {
            shows: 'Another process traces it with ptrace(2).',
            evidence: [
              {
                source: `/proc/${pid}/task/${tid}/status`,
                value: `TracerPid: ${tracer}`,
                about: '',
                data: { tracer },
              },
            ],
          },
        ],
      }
    }
    case 'zombie':
      return tellZombie(pid, blocker)
    case 'unknown-call':
      return tellState(
        thread.likelyCall === undefined
          ? 'osdemo does not know what this call waits for.'
          : 'Not observed: the object of that call.',
      )
    case 'running':
    case 'main-thread-exited':
    case 'no-call':
    case 'hidden':
      return tellState()
  }
}

function tellState(...sentences: string[]): Telling {
  return { wait: '', sentences, proofs: [] }
}

function tellZombie(pid: number, { parent, ending }: StateBlocker & { kind: 'zombie' }): Telling {
  const exit =
    ending === undefined
      ? []
      : [
          'signal' in ending
            ? `${named(pid)} was killed by signal ${ending.signal}.`
            : `${named(pid)} exited with exit code ${ending.code}.`,
        ]
  const evidence = [
    { source: `/proc/${pid}/status`, value: `PPid: ${parent}`, about: '', data: { pid, ppid: parent } },
  ]
  return {
    ...tellState(...exit, 'The kernel keeps that status until the parent calls wait(2).'),
    proofs: [
      { shows: parent > 0 ? `Its parent is ${named(parent)}.` : 'It has no visible parent.', evidence },
    ],
  }
}

function ownProof(thread: ThreadWait, who: string): string {
  switch (thread.blocker.kind) {
    case 'running':
      return `${who} is running or ready to run.`
    case 'frozen':
      return `${who} is frozen.`
    case 'stopped':
    case 'traced':
      return `${who} is stopped.`
    case 'zombie':
      return `${who} is a zombie.`
    case 'main-thread-exited':
      return `${who} has exited.`
    case 'no-call':
      return `${who} is in no system call.`
    default:
      return `${who} is blocked${placeOf(thread)}.`
  }
}

/** What proves that the thread is blocked there. The first carries the blocker as data, for programs. */
function ownEvidence(thread: ThreadWait): Evidence[] {
  const { pid, tid, state, call, number, first, wchan } = thread
  const place = `/proc/${pid}/task/${tid}`
  const data = dataOf(thread)
  const sleep = { source: `${place}/wchan`, about: 'kernel function' }
  if (number !== undefined) {
    const value = `${number}${first === undefined ? '' : ` 0x${first.toString(16)} ...`}`
    const about =
      call === undefined
        ? `a call without a name here${thread.is32 ? ', of a 32-bit program' : ''}`
        : thread.isResumed
          ? `restart_syscall(2) continues ${call}(2)`
          : `call ${number} is ${call}(2)${thread.is32 ? ' in a 32-bit program' : ''}`
    const asked = { source: `${place}/syscall`, value, about, data }
    return wchan === undefined ? [asked] : [asked, { ...sleep, value: wchan }]
  }
  return wchan === undefined
    ? [{ source: `${place}/status`, value: `State: ${state} (${kernelWord(state)})`, about: '', data }]
    : [{ ...sleep, value: wchan, data }]
}

/** The kernel's own words for its letters, man 5 proc_pid_status. */
function kernelWord(state: string): string {
  const words: Record<string, string> = {
    R: 'running',
    S: 'sleeping',
    D: 'disk sleep',
    T: 'stopped',
    t: 'tracing stop',
    Z: 'zombie',
    X: 'dead',
    I: 'idle',
  }
  return words[state] ?? state
}

type RecordData = Extract<Data, { [name: string]: unknown }>

/**
 * A blocked thread for programs: `kind`, `pid`, `tid`, `state`, `call`, `certain`, `wakers`, and the other fields of its blocker.
 * A nested field has a name with dots; lists of records have evidence of their own.
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

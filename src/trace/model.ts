/**
 * What a run of programs did, from its system calls: processes, the objects between them, the bytes that went from one to
 * another. It is built call by call, and keeps sums, so that a long run needs little memory.
 */
import { createConversation, type Delivery, type Talk } from './conversation.js'
import { type Descriptor, descriptorIn, descriptorsIn } from './descriptor.js'
import { type Effect, effectOf, neededCalls } from './effects.js'
import type { Begun, Call, Fact, Signalled } from './line.js'
import { createObjects, isMapped, pathOf, type Thing } from './objects.js'
import { unquoted } from './scan.js'

/** An entry of a descriptor table. */
export interface Held {
  thing: Thing
  /** The end of a pipe. */
  end?: 'read' | 'write'
  closesOnExec: boolean
}

export interface Process {
  pid: number
  /** Missing for the first one, and where the log begins later. */
  parent?: Process
  /** The words of the last program that it executed; without any, those of its parent. */
  command: string[]
  /** Whether it has executed a program itself. */
  executed: boolean
  born: number
  end?: { t: number; code: number | null; signal: string | null }
  /** By its parent, or by the one that adopted it. */
  reaped?: { t: number; by: Process }
  /** Threads besides the first one. */
  threads: number
  calls: number
  /** The calls that blocked, by call and object. */
  waits: Map<string, Wait>
  /** The folder that relative paths begin in, where a call has shown it. */
  folder?: string
  table: Map<number, Held>
}

/** Calls of one process that blocked in the same way. */
export interface Wait {
  call: string
  thing?: Thing
  /** What it waits for, where that is no object: a path, a child. */
  about: string
  count: number
  /** Microseconds. */
  total: number
}

/** A call that blocked. `end` is missing where it had not returned when the trace ended. */
export interface Block {
  process: Process
  tid: number
  call: string
  object: string
  thing?: Thing | undefined
  begin: number
  end?: number
  result?: number | undefined
  errno?: string | undefined
}

/** Signals that one process sent to another. */
export interface Signals {
  signal: string
  from: Process
  to: Process
  count: number
}

export interface SignalSeen {
  t: number
  signal: string
  from: Process
  to: Process
}

/** What the model reports while it is built. */
export interface Hooks {
  /** A call that blocked has returned. */
  onBlock?: (block: Block) => void
  onSignal?: (signal: SignalSeen) => void
  /** A write whose last byte has been read. */
  onMessage?: (talk: Talk, message: Delivery) => void
  /** A call has returned, and the model knows what it did. */
  onCall?: (call: Call, process: Process) => void
  /** A signal has reached a process, whoever sent it. */
  onReceipt?: (signal: Signalled, process: Process) => void
  /** A process has exited. Its descriptor table is still as it was. */
  onExit?: (process: Process) => void
  /** Whether there is a FIFO at a path. Without it, only those are known that the program creates. */
  isFifo?: (path: string) => boolean
}

export interface Trace {
  processes: Process[]
  things: Thing[]
  talks: Talk[]
  signals: Signals[]
  /** The calls that had not returned at the end. */
  blocked: Block[]
  calls: number
  /** Times of the first and the last line. */
  start: number
  end: number
}

export interface Model {
  take(fact: Fact): void
  /** So far, in the order of their starts. */
  all(): readonly Process[]
  /** Those of which no exit was seen. */
  alive(): Process[]
  /** @param t when the trace ended, if that was later than the last line */
  finish(t?: number): Trace
}

/** A shorter call did not block: scheduling alone may take that long. In microseconds. */
export const notable = 1000

export function createModel(hooks: Hooks = {}): Model {
  const processes: Process[] = []
  const threads = new Map<number, Process>()
  /** Calls that have not returned, by thread. */
  const open = new Map<number, Begun>()
  /** Lines about threads whose parent is not known yet: the child may run before the call of the parent returns. */
  const early = new Map<number, Fact[]>()
  const objects = createObjects(hooks.isFifo)
  const conversation = createConversation(hooks.onMessage)
  const signals = new Map<string, Signals>()
  let [calls, start, end] = [0, 0, 0]

  function begin(tid: number, t: number, parent?: Process, shared?: Map<number, Held>): Process {
    const process: Process = {
      pid: tid,
      ...(parent && { parent }),
      ...(parent?.folder !== undefined && { folder: parent.folder }),
      command: parent?.command ?? [],
      executed: false,
      born: t,
      threads: 0,
      calls: 0,
      waits: new Map(),
      table: shared ?? new Map([...(parent?.table ?? [])].map(([fd, held]) => [fd, { ...held }])),
    }
    processes.push(process)
    threads.set(tid, process)
    return process
  }

  /** clone(2) and its relatives: the child has the descriptors of its parent, and may share its table. */
  function clone(call: Call, parent: Process): void {
    const child = call.result
    if (child === undefined || child <= 0) return
    const flags = call.args.join()
    if (flags.includes('CLONE_THREAD')) {
      parent.threads++
      threads.set(child, parent)
    } else begin(child, call.t, parent, flags.includes('CLONE_FILES') ? parent.table : undefined)
    const facts = early.get(child) ?? []
    early.delete(child)
    for (const fact of facts) take(fact)
  }

  function execute(call: Call, process: Process): void {
    if (call.result !== 0) return
    process.command = descriptorlessWords(call)
    process.executed = true
    // A table that was shared is the process's own after execve(2).
    process.table = new Map([...process.table].filter(([, held]) => !held.closesOnExec))
  }

  function reap(call: Call, process: Process): void {
    const waitid = call.name === 'waitid'
    const pid = waitid ? Number(/\bsi_pid=(\d+)/.exec(call.args[2] ?? '')?.[1]) : call.result
    const status = waitid ? call.args[2] : call.args[1]
    if (!pid || pid < 0 || /WIFSTOPPED|WIFCONTINUED|CLD_(?:STOPPED|CONTINUED|TRAPPED)/.test(status ?? ''))
      return
    if (call.args.some((word) => word.includes('WNOWAIT'))) return
    const child = processes.findLast((each) => each.pid === pid)
    if (child && child !== process) child.reaped ??= { t: call.t + call.took, by: process }
  }

  function held(process: Process, descriptor: Descriptor, end?: Held['end']): Held | undefined {
    const thing = objects.of(descriptor)
    if (!thing) {
      // The number may have stood for an object before.
      process.table.delete(descriptor.fd)
      return undefined
    }
    const known = process.table.get(descriptor.fd)
    if (known?.thing === thing) {
      if (end) known.end ??= end
      return known
    }
    // It was inherited from outside the trace, or a call that was not traced has made it.
    const entry: Held = { thing, ...(end && { end }), closesOnExec: false }
    process.table.set(descriptor.fd, entry)
    return entry
  }

  function move(effect: Extract<Effect, { does: 'move' }>, call: Call, process: Process): void {
    const bytes = call.result ?? -1
    if (bytes < 0) return
    for (const [side, index] of [['read', effect.from] as const, ['write', effect.to] as const]) {
      const descriptor = index === undefined ? undefined : descriptorIn(call.args[index] ?? '')
      if (!descriptor) continue
      const entry = held(process, descriptor, side)
      if (!entry || isMapped(entry.thing)) continue
      objects.used(entry.thing, process, side, bytes)
      const stream = objects.streamOf(descriptor, side)
      if (stream === undefined) continue
      const at = side === 'write' ? call.t : call.t + call.took
      const text = effect.text === undefined ? '' : unquoted(textIn(call.args[effect.text] ?? ''))
      conversation[side](entry.thing, stream, { by: process, t: at, bytes, text })
    }
  }

  /** What a call that has returned did to tables and objects. */
  function act(call: Call, process: Process): void {
    const effect = effectOf(call)
    if (!effect) return
    switch (effect.does) {
      case 'clone':
        clone(call, process)
        return
      case 'exec':
        execute(call, process)
        return
      case 'reap':
        reap(call, process)
        return
      case 'move':
        move(effect, call, process)
        // A message may bring descriptors.
        for (const each of effect.brings ? descriptorsIn(rightsIn(call)) : []) held(process, each)
        return
      case 'close':
        for (const fd of process.table.keys())
          if (fd >= effect.from && fd <= effect.to) process.table.delete(fd)
        return
      case 'pair': {
        const [one, other] = descriptorsIn(call.args[effect.at] ?? '')
        if (!one || !other) return
        objects.forget(one)
        const { isPipe, closesOnExec } = effect
        for (const [each, end] of [[one, 'read'] as const, [other, 'write'] as const]) {
          const entry = held(process, each, isPipe ? end : undefined)
          if (entry) Object.assign(entry, { closesOnExec })
          if (entry) entry.thing.made ??= { t: call.t, by: process }
        }
        return
      }
      case 'open': {
        const descriptor = descriptorIn(`${call.result}${call.more}`)
        if (!descriptor) return
        const from = effect.copies ? process.table.get(descriptorIn(call.args[0] ?? '')?.fd ?? -1) : undefined
        process.table.delete(descriptor.fd)
        const entry = held(process, descriptor, from?.end ?? effect.end)
        if (!entry) return
        entry.closesOnExec = effect.closesOnExec
        if (isMapped(entry.thing)) objects.used(entry.thing, process, 'read', 0)
        return
      }
      case 'flag': {
        const entry = process.table.get(descriptorIn(call.args[0] ?? '')?.fd ?? -1)
        if (entry) entry.closesOnExec = effect.closesOnExec
        return
      }
      case 'object':
        objects.act(call, process, conversation)
        return
    }
  }

  function returned(call: Call): void {
    open.delete(call.tid)
    const process = threads.get(call.tid)
    if (!process) return
    calls++
    process.calls++
    const [, folder] = /^AT_FDCWD<(\/.*)>$/.exec(call.args[0] ?? '') ?? []
    if (folder !== undefined) process.folder = folder
    if (call.took >= notable) blocked(call, process)
    act(call, process)
    hooks.onCall?.(call, process)
  }

  function blocked(call: Call, process: Process): void {
    const about = aboutOf(call, process)
    if (!about) return
    const key = `${call.name} ${about.object}`
    const wait = process.waits.get(key) ?? {
      call: call.name,
      ...(about.thing && { thing: about.thing }),
      about: about.object,
      count: 0,
      total: 0,
    }
    wait.count++
    wait.total += call.took
    process.waits.set(key, wait)
    hooks.onBlock?.({
      process,
      tid: call.tid,
      call: call.name,
      object: about.object,
      thing: about.thing,
      begin: call.t,
      end: call.t + call.took,
      result: call.result,
      errno: call.errno,
    })
  }

  /** What a call that may block waits for. Undefined for one that only takes long. */
  function aboutOf(call: Begun | Call, process: Process): { object: string; thing?: Thing } | undefined {
    const wait = waits[call.name]
    if (wait === undefined) return undefined
    const [first = '', second = ''] = call.args
    if (call.name === 'fcntl' && !second.includes('SETLKW')) return undefined
    if (call.name.startsWith('open')) {
      // Only open(2) of a FIFO waits for another process.
      const opened = call.kind === 'call' ? descriptorIn(`${call.result}${call.more}`) : undefined
      const thing = opened && objects.of(opened)
      if (thing) return { object: thing.label, thing }
      return call.kind === 'call' && call.result !== undefined ? undefined : { object: pathOf(call, process) }
    }
    const named = objects.named(call)
    if (named) return { object: named.label, thing: named }
    const descriptor = descriptorIn(first)
    const thing = descriptor && held(process, descriptor)?.thing
    if (thing) return { object: thing.label, thing }
    if (descriptor?.kind === 'path') {
      // A file is never empty for long: only a device waits, or a lock.
      const isWaiting = descriptor.device !== undefined || call.name === 'flock' || call.name === 'fcntl'
      return isWaiting ? { object: descriptor.path } : undefined
    }
    return { object: descriptor ? `descriptor ${descriptor.fd}` : wait }
  }

  function take(fact: Fact): void {
    start ||= fact.t
    end = Math.max(end, fact.t)
    const { tid } = fact
    const process = threads.get(tid)
    if (!process) {
      const waiting = early.get(tid)
      if (waiting) return void waiting.push(fact)
      const isExpected = [...open.values()].some(({ name }) => /^(?:clone3?|v?fork)$/.test(name))
      if (isExpected) return void early.set(tid, [fact])
      begin(tid, fact.t)
      take(fact)
      return
    }
    switch (fact.kind) {
      case 'begun':
        open.set(tid, fact)
        return
      case 'call':
        returned(fact)
        return
      case 'signal': {
        hooks.onReceipt?.(fact, process)
        const from = fact.from === undefined ? undefined : threads.get(fact.from)
        const isSent = fact.code === 'SI_USER' || fact.code === 'SI_TKILL' || fact.code === 'SI_QUEUE'
        if (from && isSent) signalled({ t: fact.t, signal: fact.signal, from, to: process })
        return
      }
      case 'superseded': {
        const call = open.get(fact.by)
        open.delete(fact.by)
        if (call) open.set(tid, call)
        if (fact.by !== tid) threads.delete(fact.by)
        return
      }
      case 'gone':
        open.delete(tid)
        threads.delete(tid)
        // The process exits with its first thread, whose number it has, at the latest with its last one.
        if (tid === process.pid) {
          process.end = { t: fact.t, code: fact.code, signal: fact.signal }
          hooks.onExit?.(process)
          process.table = new Map()
        }
    }
  }

  function signalled({ t, signal, from, to }: SignalSeen): void {
    const key = `${signal} ${from.pid} ${from.born} ${to.pid} ${to.born}`
    const seen = signals.get(key) ?? { signal, from, to, count: 0 }
    signals.set(key, seen)
    seen.count++
    hooks.onSignal?.({ t, signal, from, to })
  }

  function stillBlocked(): Block[] {
    return [...open.values()].flatMap((call) => {
      const process = threads.get(call.tid)
      const about = process && aboutOf(call, process)
      if (!process || !about) return []
      return [
        { process, tid: call.tid, call: call.name, object: about.object, thing: about.thing, begin: call.t },
      ]
    })
  }

  return {
    take,
    all: () => processes,
    alive: () => processes.filter(({ end }) => !end),
    finish(t = 0) {
      end = Math.max(end, t)
      // Their parents are not in the log.
      for (const [tid, facts] of early) {
        begin(tid, facts[0]?.t ?? 0)
        for (const fact of facts) take(fact)
      }
      early.clear()
      return {
        processes,
        things: objects.all(),
        talks: conversation.talks(),
        signals: [...signals.values()],
        blocked: stillBlocked(),
        calls,
        start,
        end,
      }
    },
  }
}

function descriptorlessWords(call: Call): string[] {
  const list = call.args[call.name === 'execveat' ? 2 : 1] ?? ''
  const words = [...list.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([word]) => unquoted(word))
  return words.length > 0 ? words : [unquoted(call.args[0] ?? '')]
}

/** The first string in an argument: of writev(2) the first buffer, of sendmsg(2) its text. */
function textIn(word: string): string {
  return word.startsWith('"') ? word : (/iov_base=("(?:[^"\\]|\\.)*")/.exec(word)?.[1] ?? '')
}

/** The part of a message that contains descriptors. */
function rightsIn(call: Call): string {
  const [, control = ''] = call.args[1]?.split('SCM_RIGHTS') ?? []
  return control
}

/** The calls that may block, and what they wait for where their first argument is no descriptor. */
const waits: Record<string, string> = {
  ...Object.fromEntries(
    'read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,sendfile,splice,tee,accept,accept4,connect,flock,fcntl,mq_timedsend,mq_timedreceive,epoll_wait,epoll_pwait,epoll_pwait2'
      .split(',')
      .map((name) => [name, 'a descriptor']),
  ),
  open: 'a FIFO',
  openat: 'a FIFO',
  wait4: 'a child',
  waitid: 'a child',
  poll: 'descriptors',
  ppoll: 'descriptors',
  select: 'descriptors',
  pselect6: 'descriptors',
  nanosleep: 'time',
  clock_nanosleep: 'time',
  pause: 'a signal',
  rt_sigsuspend: 'a signal',
  rt_sigtimedwait: 'a signal',
  msgsnd: 'a queue',
  msgrcv: 'a queue',
  semop: 'a semaphore set',
  semtimedop: 'a semaphore set',
  vfork: 'the child',
}

/** The calls that strace has to report, as in its option `-e trace=`. */
export const tracedCalls = [
  ...new Set([...neededCalls, ...Object.keys(waits), 'kill', 'tgkill', 'exit_group']),
]

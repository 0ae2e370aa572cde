/**
 * What a run of programs did, from its system calls: processes, the objects between them, the bytes that went from one to
 * another. It is built call by call, and keeps sums, so that a long run needs little memory.
 */
import { createBlocking, notable, waits } from './blocking.js'
import { createConversation, type Delivery, type Talk } from './conversation.js'
import type { Descriptor } from './descriptor.js'
import { effectOf, neededCalls, usualName } from './effects.js'
import type { Begun, Call, Fact, Signalled } from './line.js'
import { createLocks } from './locks.js'
import { createMeetings } from './meetings.js'
import { createMemory } from './memory.js'
import { createMoves } from './moves.js'
import { createNamed } from './named.js'
import { createObjects, type Thing } from './objects.js'
import { createProcesses } from './processes.js'
import { beginStartup, followStartup, type Starting, type Startup } from './startup.js'
import { createTables } from './tables.js'
import { createWakers, unblocked } from './wakers.js'

/** An entry of a descriptor table. */
export interface Held {
  thing: Thing
  /** The end of a pipe. */
  end?: 'read' | 'write'
  closesOnExec: boolean
  /** The open file description. The copies that dup(2), fork(2) and messages make have the same one. */
  description: object
}

export interface Process {
  pid: number
  /** Missing for the first one, and where the log begins later. */
  parent?: Process
  /** The words of the last program that it executed; without any, those of its parent. */
  command: string[]
  /** Its start, or when the trace began. */
  born: number
  /** Whether it ran before the trace began. */
  wasRunning?: true
  /** When it executed its last program itself. */
  executed?: number
  end?: { t: number; code: number | null; signal: string | null }
  /** By its parent, or by the one that adopted it. */
  reaped?: { t: number; by: Process }
  /** Threads besides the first one. */
  threads: number
  calls: number
  /** The calls that blocked, by call and object. */
  waits: Map<string, Wait>
  /** The signal that has stopped it. */
  stoppedBy?: string
  /** What its programs did before their own work. */
  startups?: Startup[]
  /** A start that has not ended yet. */
  starting?: Starting
  /** The folder that relative paths begin in, where a call has shown it. */
  folder?: string
  table: Map<number, Held>
  /** What it does on a signal, where that is not the default. */
  actions: Map<string, Action>
}

export interface Action {
  /** Otherwise a function is called. */
  isIgnored: boolean
  /** `SA_RESTART`, ... */
  flags: string[]
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
  /** The processes that unblocked it, as far as the log proves it. */
  by: Set<Process>
}

/** A call that blocked. `end` is missing where it had not returned when the trace ended. */
export interface Block {
  process: Process
  tid: number
  call: string
  /** As far as they were known when it began, where it has not returned. */
  args: string[]
  object: string
  thing?: Thing | undefined
  begin: number
  end?: number
  result?: number | undefined
  errno?: string | undefined
  /** The process that unblocked it, where the log proves it. It may be set some lines later. */
  by?: Process | undefined
  /** The sum that it belongs to, when it has returned. */
  wait?: Wait
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
  onReceipt?: (signal: Signalled, process: Process, all: readonly Process[]) => void
  /** A process has exited. Its descriptor table is still as it was, and those of all others are as they are now. */
  onExit?: (process: Process, all: readonly Process[]) => void
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

/** A process as it was when the trace began, if that was after its start. */
export interface Known {
  pid: number
  command: string[]
  /** Threads besides the first one. */
  threads: number[]
  folder?: string | undefined
  open: (Pick<Held, 'end' | 'closesOnExec'> & { descriptor: Descriptor })[]
}

export interface Model {
  /** @param t when the trace began */
  adopt(known: Known, t: number): void
  take(fact: Fact): void
  /** So far, in the order of their starts. */
  all(): readonly Process[]
  /** Those of which no exit was seen. */
  alive(): Process[]
  /** The calls that have not returned. @param last one that was not taken yet */
  blocked(last?: Begun): Block[]
  /** @param t when the trace ended, if that was later than the last line */
  finish(t?: number): Trace
}

/** The calls that make a process or a thread. */
const forks = /^(?:clone3?|v?fork)$/

export function createModel(hooks: Hooks = {}): Model {
  const processes = createProcesses()
  const objects = createObjects(hooks.isFifo)
  const conversation = createConversation(hooks.onMessage)
  const wakers = createWakers()
  const tables = createTables(objects, (...dropped) => locks.dropped(...dropped))
  const locks = createLocks(objects, tables, wakers, processes.all)
  const moves = createMoves(objects, tables, conversation)
  const named = createNamed(objects, conversation)
  const meetings = createMeetings(objects, named, wakers)
  const memory = createMemory(objects, tables, wakers)
  const blocking = createBlocking(tables, named, memory)
  /** Calls that have not returned, by thread. */
  const open = new Map<number, Begun>()
  /** The last call of a thread, where the kernel will continue it with restart_syscall(2). */
  const continued = new Map<number, Call>()
  /** Lines about threads whose parent is not known yet: the child may run before the call of the parent returns. */
  const early = new Map<number, Fact[]>()
  /** By thread: a signal may have interrupted it. */
  const interrupted = new Map<number, Block>()
  const signals = new Map<string, Signals>()
  let [calls, start, end] = [0, 0, 0]

  function take(fact: Fact): void {
    start ||= fact.t
    end = Math.max(end, fact.t)
    const { tid } = fact
    const process = processes.of(tid)
    if (!process) {
      const waiting = early.get(tid)
      if (waiting) return void waiting.push(fact)
      const isExpected = [...open.values()].some(({ name }) => forks.test(name))
      if (isExpected) return void early.set(tid, [fact])
      processes.begin(tid, fact.t)
      take(fact)
      return
    }
    if (fact.kind === 'stopped') process.stoppedBy = fact.signal
    else if (process.stoppedBy !== undefined) delete process.stoppedBy
    switch (fact.kind) {
      case 'begun':
        open.set(tid, renamed(fact))
        return
      case 'call':
        open.delete(tid)
        returned(renamed(fact), process)
        if (fact.errno === 'ERESTART_RESTARTBLOCK') continued.set(tid, renamed(fact))
        else continued.delete(tid)
        return
      case 'signal': {
        hooks.onReceipt?.(fact, process, processes.all)
        const from = fact.from === undefined ? undefined : processes.of(fact.from)
        const isSent = fact.code === 'SI_USER' || fact.code === 'SI_TKILL' || fact.code === 'SI_QUEUE'
        const block = interrupted.get(tid)
        interrupted.delete(tid)
        if (block && isSent && from) unblocked(block, from)
        if (from && isSent) signalled({ t: fact.t, signal: fact.signal, from, to: process })
        return
      }
      case 'superseded': {
        const call = open.get(fact.by)
        open.delete(fact.by)
        if (call) open.set(tid, call)
        if (fact.by !== tid) processes.forget(fact.by)
        return
      }
      case 'gone':
        open.delete(tid)
        exited(processes.exit(fact))
        continued.delete(tid)
    }
  }

  /**
   * restart_syscall(2) continues a call that a signal has interrupted: reports name that one. A call of a program for 32 bits has
   * the name of the one that does the same.
   */
  function renamed<F extends Begun | Call>(fact: F): F {
    const before = fact.name === 'restart_syscall' ? continued.get(fact.tid) : undefined
    if (before) return { ...fact, name: before.name, args: before.args }
    const name = usualName(fact.name)
    return name === fact.name ? fact : { ...fact, name }
  }

  function returned(call: Call, process: Process): void {
    calls++
    process.calls++
    const [, folder] = /^AT_FDCWD<(\/.*)>$/.exec(call.args[0] ?? '') ?? []
    if (folder !== undefined) process.folder = folder
    const block = call.took >= notable ? blocking.took(call, process) : undefined
    if (block?.errno) interrupted.set(call.tid, block)
    else interrupted.delete(call.tid)
    act(call, process, block)
    if (process.starting) followStartup(call, process, process.starting)
    if (block) hooks.onBlock?.(block)
    hooks.onCall?.(call, process)
    // Lines of a child that ran before this call returned. By now, every detector knows of the child.
    if (forks.test(call.name)) catchUp(call.result)
  }

  /** What a call that has returned did to processes, tables and objects. */
  function act(call: Call, process: Process, block?: Block): void {
    const effect = effectOf(call)
    switch (effect?.does) {
      case 'clone': {
        const child = processes.clone(call, process)
        if (child) memory.fork(process, child)
        if (block && child) unblocked(block, child)
        break
      }
      case 'exec':
        processes.execute(call, process)
        beginStartup(call, process)
        tables.execute(process, call.t)
        memory.execute(process)
        break
      case 'reap': {
        const child = processes.reap(call, process)
        if (block && child) unblocked(block, child)
        break
      }
      case 'handle':
        processes.handle(call, process)
        break
      case 'move':
        moves.move(effect, call, process, block)
        break
      case 'close':
        tables.close(effect, call, process)
        break
      case 'pair':
        tables.pair(effect, call, process)
        break
      case 'open':
        tables.open(effect, call, process)
        moves.opened(call, process)
        meetings.opened(call, process, block)
        break
      case 'flag':
        tables.flag(effect, call, process)
        break
      case 'unshare':
        process.table = new Map(process.table)
        break
      case 'lock':
        locks.act(call, process, block)
        break
      case 'map':
        memory.map(call, process)
        break
      case 'futex':
        memory.futex(call, process, block)
        break
      case 'address':
        meetings.addressed(call, process)
        break
      case 'object':
        named.act(call, process, block)
        meetings.semaphore(call, process, block)
    }
  }

  function exited(process?: Process): void {
    if (!process?.end) return
    hooks.onExit?.(process, processes.all)
    memory.settle(process)
    tables.exit(process, process.end.t)
  }

  /** The child may have run before the call that made it returned. */
  function catchUp(child = 0): void {
    const facts = early.get(child) ?? []
    early.delete(child)
    for (const fact of facts) take(fact)
  }

  function signalled({ t, signal, from, to }: SignalSeen): void {
    const key = `${signal} ${from.pid} ${from.born} ${to.pid} ${to.born}`
    const seen = signals.get(key) ?? { signal, from, to, count: 0 }
    signals.set(key, seen)
    seen.count++
    hooks.onSignal?.({ t, signal, from, to })
  }

  const blocked = (last?: Begun) =>
    [...open.values(), ...(last ? [last] : [])].flatMap((call) => {
      const process = processes.of(call.tid)
      return process ? blocking.still(call, process) : []
    })

  return {
    blocked,
    adopt(known, t) {
      start ||= t
      const process = processes.adopt(known, t)
      for (const { descriptor, end: side, closesOnExec } of known.open) {
        const entry = tables.held(process, descriptor, side)
        if (entry) entry.closesOnExec = closesOnExec
      }
    },
    take,
    all: () => processes.all,
    alive: () => processes.all.filter((process) => !process.end),
    finish(t = 0) {
      end = Math.max(end, t)
      // Their parents are not in the log.
      for (const [tid, facts] of early) {
        processes.begin(tid, facts[0]?.t ?? 0)
        for (const fact of facts) take(fact)
      }
      early.clear()
      for (const process of processes.all) if (!process.end) memory.settle(process)
      return {
        processes: processes.all,
        // An eventfd that only one process uses connects nothing.
        things: objects.all().filter(({ kind, users }) => kind !== 'eventfd' || users.size > 1),
        talks: conversation.talks(),
        signals: [...signals.values()],
        // A call that has just begun may be about to return. A log of which the end is not known may have ended at any time.
        blocked: blocked().filter(({ begin }) => t === 0 || t - begin >= notable),
        calls,
        start,
        end,
      }
    },
  }
}

/** The calls that strace has to report, as in its option `-e trace=`. */
export const tracedCalls = [
  ...new Set([...neededCalls, ...Object.keys(waits), 'kill', 'tgkill', 'exit_group']),
]

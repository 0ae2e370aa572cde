/** A program got a pipe's write end through execve(2) and does not use it. A reader gets end of file only when that program exits. */
import { descriptorIn, descriptorsIn } from '../trace/descriptor.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import type { Thing } from '../trace/objects.js'
import { named, nameOf } from '../trace/recorder.js'
import { type Detector, forCalls } from './detector.js'
import { createRepeats, proofOf } from './repeats.js'

const id = 'pipe/unused-end-inherited-by-exec'

/** A pipe whose ends are not closed by execve(2). */
interface Pipe {
  thing: Thing
  /** The number of its write end. A copy with another number is there on purpose. */
  writeEnd: number
  /** When a process last closed an end, other than by being the last one. */
  released: number
  /** The last program that had the write end, and its execve(2). */
  last?: { heir: Process; exec: Call; t: number }
  /** The last read that returned 0, after it had blocked. */
  eof?: { reader: Process; call: Call }
}

/** A reader that got end of file earlier did not wait, in microseconds. */
const shortest = 10_000

/** Older pipes are not followed. */
const mostPipes = 1000

export function unusedEndInheritedByExec(): Detector {
  const pipes = new Map<string, Pipe>()
  const known = new WeakMap<Thing, Pipe>()
  const execs = new WeakMap<Process, Call>()
  /** Processes that have made copies of an end, or cleared its flag: they pass it on. */
  const passers = new WeakMap<Process, Set<Thing>>()
  const repeats = createRepeats<{ reader: Process; late: number }>()

  const pipeIn = (word = '') => {
    const descriptor = descriptorIn(word)
    return descriptor?.kind === 'pipe' ? pipes.get(descriptor.inode) : undefined
  }

  const hasUsed = (process: Process, thing: Thing) =>
    thing.users.has(process) || passers.get(process)?.has(thing) === true

  /** Whether a process or one that it has started has used the pipe. */
  const isUsedBy = (heir: Process, thing: Thing, all: readonly Process[]) =>
    all.some((one) => hasUsed(one, thing) && descendsFrom(one, heir))

  function passes(call: Call, process: Process): void {
    const pipe = pipeIn(call.args[0])
    if (!pipe || (call.name === 'fcntl' && !/^F_(?:SETFD|DUPFD)/.test(call.args[1] ?? ''))) return
    const things = passers.get(process) ?? new Set()
    passers.set(process, things.add(pipe.thing))
  }

  function exit(process: Process, all: readonly Process[]): void {
    const { t = 0 } = process.end ?? {}
    const exec = execs.get(process)
    for (const [fd, { thing, end }] of process.table) {
      const pipe = end === 'write' ? known.get(thing) : undefined
      if (!pipe) continue
      const isHeir = exec && fd === pipe.writeEnd && fd > 2 && !isUsedBy(process, thing, all)
      const isLast = all.every((one) => one.end || !holdsWriteEnd(one, thing))
      if (isHeir && isLast) pipe.last = { heir: process, exec, t }
      else pipe.released = t
    }
  }

  /** Adds a finding where the exit of the last program brought end of file. */
  function settle({ thing, released, last, eof }: Pipe): void {
    if (!last || !eof) return
    const since = Math.max(eof.call.t, released)
    // strace may report the exit some time after the read that it ended.
    const late = Math.min(last.t, eof.call.t + eof.call.took) - since
    const hasWriter = [...thing.users].some(([one, { write }]) => write.calls > 0 && one !== last.heir)
    if (late < shortest || !hasWriter) return
    repeats.add(nameOf(last.heir), last.heir, [last.exec, eof.call], { reader: eof.reader, late })
  }

  return {
    calls: {
      ...forCalls('pipe,pipe2', (call, process) => {
        const [one, other] = descriptorsIn(call.args[0] ?? '')
        const thing = other && process.table.get(other.fd)?.thing
        if (one?.kind !== 'pipe' || !thing || call.args[1]?.includes('O_CLOEXEC')) return
        const pipe = { thing, writeEnd: other.fd, released: 0 }
        pipes.set(one.inode, pipe)
        known.set(thing, pipe)
        const [oldest] = pipes
        if (pipes.size <= mostPipes || !oldest) return
        settle(oldest[1])
        pipes.delete(oldest[0])
      }),
      ...forCalls('execve,execveat', (call, process) => {
        if (call.result === 0) execs.set(process, call)
      }),
      ...forCalls('dup,dup2,dup3,fcntl', passes),
      close(call, process) {
        const pipe = pipeIn(call.args[0])
        // A reader that got end of file has closed its write end before.
        if (pipe && pipe.eof?.reader !== process) pipe.released = call.t
      },
      ...forCalls('read,readv,splice', (call, process) => {
        if (call.result !== 0 || call.took < shortest) return
        const pipe = pipeIn(call.args[0])
        if (pipe) pipe.eof = { reader: process, call }
      }),
    },
    exit,
    finish() {
      for (const pipe of pipes.values()) settle(pipe)
      return repeats.all().map((repeated) => {
        const { who, about } = repeated
        const reader = named(about.reader)
        const text = `${who} had the write end of a pipe open and did not use it. ${reader} got end of file ${(about.late / 1e6).toFixed(2)} s later, when it exited.`
        return { id, text, certain: true, ...proofOf(repeated) }
      })
    },
  }
}

const holdsWriteEnd = ({ table }: Process, pipe: Thing) =>
  [...table.values()].some(({ thing, end }) => thing === pipe && end !== 'read')

function descendsFrom(process: Process, ancestor: Process): boolean {
  for (let one: Process | undefined = process; one; one = one.parent) if (one === ancestor) return true
  return false
}

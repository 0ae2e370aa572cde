/**
 * A handler interrupted a call, which failed with EINTR, and the program did not call again. It is right to stop so on an alarm, or
 * when the signal asks for it. It is a mistake where the program takes it for an error, or loses what comes later.
 */
import { counted } from '../text.js'
import { descriptorIn } from '../trace/descriptor.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import type { Thing } from '../trace/objects.js'
import { named } from '../trace/recorder.js'
import { type Detector, forCalls } from './detector.js'

/** Signals that tell something, and ask for nothing. */
const tells = new Set(['SIGCHLD', 'SIGWINCH', 'SIGCONT'])
/** A program may use these to say "stop", but then it is no error. */
const mayAsk = new Set([...tells, 'SIGUSR1', 'SIGUSR2', 'SIGIO', 'SIGURG', 'SIGPROF'])

const waiting =
  'read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,accept,accept4,connect,wait4,waitid,flock,semop,semtimedop,msgsnd,msgrcv,mq_timedsend,mq_timedreceive'

interface Interrupted {
  call: Call
  signal: string
  thing: Thing | undefined
  /** The error message. */
  message?: Call
}

export function eintrNotRetried(): Detector {
  /** By thread: the call that a signal stopped. Whether the kernel starts it again depends on SA_RESTART. */
  const stopped = new Map<number, Call>()
  const signals = new Map<number, string>()
  /** By name and first argument, in their order. */
  const interrupted = new Map<Process, Map<string, Interrupted>>()
  const found: (Interrupted & { process: Process })[] = []
  const things = new Set<Thing>()

  function interrupt(call: Call, process: Process): void {
    stopped.delete(call.tid)
    const thing = process.table.get(descriptorIn(call.args[0] ?? '')?.fd ?? -1)?.thing
    const calls = interrupted.get(process) ?? new Map<string, Interrupted>()
    interrupted.set(process, calls)
    calls.set(keyOf(call), { call, signal: signals.get(call.tid) ?? '', thing })
  }

  return {
    signal({ signal, tid }, process) {
      if (process.actions.get(signal)?.isIgnored === false) signals.set(tid, signal)
    },
    calls: {
      ...forCalls(waiting, (call, process) => {
        const { name, args, errno, result } = call
        const calls = interrupted.get(process)
        calls?.delete(keyOf(call))
        const message = args[1] ?? ''
        if (calls && name.startsWith('write') && message.includes('Interrupted system call')) {
          const last = [...calls.values()].at(-1)
          if (last) last.message ??= call
        }
        if (errno === 'EINTR') interrupt(call, process)
        else if (result === undefined && errno?.startsWith('ERESTART')) stopped.set(call.tid, call)
        else if (errno === 'EPIPE') {
          const thing = process.table.get(descriptorIn(args[0] ?? '')?.fd ?? -1)?.thing
          if (thing) things.add(thing)
        }
      }),
      rt_sigreturn({ errno, tid }, process) {
        const call = stopped.get(tid)
        if (call && errno === 'EINTR') interrupt(call, process)
        stopped.delete(tid)
      },
    },
    exit(process) {
      const calls = interrupted.get(process)?.values() ?? []
      interrupted.delete(process)
      stopped.delete(process.pid)
      signals.delete(process.pid)
      if (process.end?.signal === null) for (const each of calls) found.push({ ...each, process })
    },
    finish() {
      const isLost = ({ call, thing }: Interrupted) =>
        /^re/.test(call.name) && thing !== undefined && (things.has(thing) || unreadIn(thing) > 0)
      const mistakes = found.filter(
        (each) => (each.message && mayAsk.has(each.signal)) || (tells.has(each.signal) && isLost(each)),
      )
      const [first] = mistakes
      if (!first) return []
      const { process, call, signal, thing, message } = first
      const object = thing ? ` of ${thing.label}` : ''
      const rest =
        mistakes.length === 1
          ? ''
          : ` So did ${counted(mistakes.length - 1, 'more process', 'more processes')}.`
      return [
        {
          id: 'io/eintr-not-retried',
          text: `${named(process)} did not repeat ${call.name}(2)${object}, which ${signal} had interrupted. ${message ? 'It reported an error.' : 'What came later was not read.'}${rest}`,
          certain: message !== undefined,
          processes: mistakes.map((each) => each.process),
          calls: [call, ...(message ? [message] : [])],
        },
      ]
    },
  }
}

function keyOf({ name, args: [first = ''] }: Call): string {
  return `${name} ${first}`
}

/** Bytes that were written, and that no process has read. */
function unreadIn({ users }: Thing): number {
  let sum = 0
  for (const { read, write } of users.values()) sum += write.bytes - read.bytes
  return sum
}

/** A call on a descriptor that the same program has closed before. */
import { descriptorIn } from '../trace/descriptor.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { nameOf } from '../trace/recorder.js'
import { type Detector, forCalls } from './detector.js'
import { createRepeats, often, proofOf } from './repeats.js'

const id = 'fd/used-after-close'

/** No close(2), fcntl(2) or dup2(2): with these, right programs find out whether a descriptor is open. */
const users =
  'read,readv,write,writev,recvfrom,recvmsg,sendto,sendmsg,bind,listen,connect,accept,accept4,ftruncate,flock,sendfile'

export function usedAfterClose(): Detector {
  const closed = new WeakMap<Process, Map<number, Call>>()
  const repeats = createRepeats()

  /** The call that closed a descriptor in this program, or in the process before it was forked. */
  function closingOf(fd: number, process: Process): Call | undefined {
    const own = closed.get(process)?.get(fd)
    if (own || process.executed || !process.parent) return own
    const inherited = closingOf(fd, process.parent)
    return inherited && inherited.t < process.born ? inherited : undefined
  }

  return {
    calls: {
      close(call, process) {
        if (call.result !== 0) return
        const ofProcess = closed.get(process) ?? new Map<number, Call>()
        closed.set(process, ofProcess)
        ofProcess.set(Number.parseInt(call.args[0] ?? '', 10), call)
      },
      ...forCalls(users, (call, process) => {
        if (call.errno !== 'EBADF') return
        const descriptor = descriptorIn(call.args[0] ?? '')
        const closing = descriptor?.kind === 'unknown' ? closingOf(descriptor.fd, process) : undefined
        if (closing) repeats.add(`${nameOf(process)} ${call.name}`, process, [closing, call])
      }),
      ...forCalls('execve,execveat', ({ result }, process) => {
        if (result === 0) closed.delete(process)
      }),
    },
    finish: () =>
      repeats.all().map((repeated) => {
        const [, call] = repeated.calls
        const text = `${repeated.who} called ${call?.name}(2) with descriptor ${call?.args[0]}, which it had closed.`
        return { id, text: `${text}${often(repeated)}`, certain: true, ...proofOf(repeated) }
      }),
  }
}

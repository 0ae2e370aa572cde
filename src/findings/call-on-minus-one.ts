/** A call on descriptor -1: the call that should have made the descriptor had failed, and its result was not checked. */
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { nameOf } from '../trace/recorder.js'
import { type Detector, forCalls } from './detector.js'
import { createRepeats, often, proofOf } from './repeats.js'

const id = 'fd/call-on-minus-one'

const makers = 'open,openat,openat2,creat,socket,accept,accept4,dup,dup2,dup3,memfd_create,mq_open'

/** No close(2): a program may close what it has not opened on its way out. */
const users =
  'read,readv,write,writev,recvfrom,recvmsg,sendto,sendmsg,bind,listen,connect,accept,accept4,ftruncate,flock,dup,dup2,dup3,sendfile,mq_timedsend,mq_timedreceive'

export function callOnMinusOne(): Detector {
  const failed = new WeakMap<Process, Call>()
  const repeats = createRepeats()

  /** The last call of this program, or of the process that has forked it, that should have made a descriptor and failed. */
  function failureOf(process: Process): Call | undefined {
    const own = failed.get(process)
    if (own || process.executed || !process.parent) return own
    const inherited = failureOf(process.parent)
    return inherited && inherited.t < process.born ? inherited : undefined
  }

  return {
    calls: {
      ...forCalls(`${makers},${users}`, (call, process) => {
        if (call.result !== -1) return
        if (call.errno === 'EBADF' && call.args[0] === '-1') {
          const cause = failureOf(process)
          if (cause) repeats.add(`${nameOf(process)} ${cause.name}`, process, [cause, call])
        } else if (makers.split(',').includes(call.name)) failed.set(process, call)
      }),
      ...forCalls('execve,execveat', ({ result }, process) => {
        if (result === 0) failed.delete(process)
      }),
    },
    finish: () =>
      repeats.all().map((repeated) => {
        const [cause, call] = repeated.calls
        const what = `${repeated.who} called ${call?.name}(2) with descriptor -1.`
        const why = `Before, ${cause?.name}(2) had failed with ${cause?.errno}.`
        return { id, text: `${what} ${why}${often(repeated)}`, certain: true, ...proofOf(repeated) }
      }),
  }
}

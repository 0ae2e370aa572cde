/** write(2) took a part of the bytes, and no process wrote the rest. */
import { counted, thousands } from '../text.js'
import { descriptorIn } from '../trace/descriptor.js'
import type { Call, Signalled } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { named } from '../trace/recorder.js'
import { type Detector, type Finding, forCalls } from './detector.js'

const id = 'io/short-write-ignored'

/** Further ones are not followed. */
const most = 1000

interface Short {
  call: Call
  process: Process
  object: string
  isClosed: boolean
}

export function shortWriteIgnored(): Detector {
  /** The last write to each object, where it was short. */
  const shorts = new Map<string, Short>()

  function write(call: Call, process: Process): void {
    const { args, result = -1, errno } = call
    const [first = '', , size] = args
    const key = objectIn(first)
    if (result > 0 && result < Number(size) && shorts.size < most)
      shorts.set(key, { call, process, object: labelOf(first, process), isClosed: false })
    // Another error is the reason to give up.
    else if (errno !== 'EAGAIN' && errno !== 'EINTR') shorts.delete(key)
    // A message about it.
    if (first.startsWith('2<')) forgive(process)
  }

  /** The process may have stopped for a good reason. */
  function forgive(process: Process): void {
    for (const [key, short] of shorts) if (short.process === process && !short.isClosed) shorts.delete(key)
  }

  const perhaps = (_: Call, process: Process) => {
    if (shorts.size > 0) forgive(process)
  }

  return {
    calls: {
      ...forCalls('write,sendto', write),
      ...forCalls('writev,sendmsg,sendfile,splice', ({ args }) => {
        // The rest may be in it.
        if (shorts.size > 0) for (const word of args.slice(0, 3)) shorts.delete(objectIn(word))
      }),
      ...forCalls('read,readv,recvfrom,recvmsg', ({ args: [first = ''] }) => {
        // The peer may have said that it wants no more, or be gone. What is read from a pipe is no answer.
        const key = shorts.size > 0 ? objectIn(first) : ''
        if (!/^<(?:pipe:|\/)/.test(key)) shorts.delete(key)
      }),
      ...forCalls('poll,ppoll,select,pselect6,epoll_wait,epoll_pwait,epoll_pwait2', perhaps),
      close({ args: [first = ''] }, process) {
        const short = shorts.size > 0 ? shorts.get(objectIn(first)) : undefined
        if (short?.process === process) short.isClosed = true
      },
    },
    signal({ signal }: Signalled, process) {
      if (/^SIG(?:TERM|INT|HUP|QUIT|PIPE)$/.test(signal)) forgive(process)
    },
    finish: () =>
      [...shorts.values()]
        .filter(({ process: { end }, isClosed }) => (end ? end.code === 0 : isClosed))
        .map(({ call, process, object }): Finding => {
          const { result = 0, args } = call
          const size = Number(args[2])
          return {
            id,
            text: `${named(process)} wrote ${thousands(result)} of ${counted(size, 'byte')} to ${object}. The last ${thousands(size - result)} were never written.`,
            certain: true,
            processes: [process],
            calls: [call],
          }
        }),
  }
}

/** What a descriptor stands for: `<pipe:[85394]>`. */
const objectIn = (word: string) => word.slice(Math.max(0, word.indexOf('<')))

function labelOf(word: string, { table }: Process): string {
  const descriptor = descriptorIn(word)
  if (descriptor?.kind === 'path') return descriptor.path
  return table.get(descriptor?.fd ?? -1)?.thing.label ?? `descriptor ${descriptor?.fd}`
}

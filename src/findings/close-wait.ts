/** A server reads end of file from connections, does not close them, and accepts others. */
import { descriptorIn } from '../trace/descriptor.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { nameOf } from '../trace/recorder.js'
import { type Detector, forCalls } from './detector.js'
import { createOpened } from './opened.js'
import { createRepeats, proofOf } from './repeats.js'

const id = 'socket/close-wait'

/** So many connections at once: a server that answers after end of file may have some. */
const fewest = 3

interface Connection {
  /** The read that returned 0. */
  ended?: Call
}

export function closeWait(): Detector {
  /** Processes that close a connection after its end, or still answer. */
  const tidy = new WeakSet<Process>()
  /** Connections that had ended before another one was accepted. */
  const left = new Map<Process, { count: number; proof: Call[] }>()
  const opened = createOpened<Connection>(({ ended }, process) => {
    // A program that closes what it has forgotten when it exits is still wrong.
    if (ended && (process.threads > 0 || !left.has(process))) tidy.add(process)
  })
  const connectionOf = ({ args }: Call, process: Process) =>
    opened.of(process).get(Number.parseInt(args[0] ?? '', 10))

  return {
    calls: {
      ...opened.calls,
      ...forCalls('accept,accept4', (call, process) => {
        const descriptor = descriptorIn(`${call.result}${call.more}`)
        if (descriptor?.kind !== 'socket' || !descriptor.protocol.startsWith('TCP')) return
        const ended = [...opened.of(process).values()].flatMap(({ ended }) => ended ?? [])
        const [first] = ended
        if (ended.length >= fewest && first && !tidy.has(process))
          left.set(process, { count: ended.length, proof: [first, call] })
        opened.add(descriptor.fd, {}, process)
      }),
      ...forCalls('read,readv,recvfrom,recvmsg', (call, process) => {
        if (call.result !== 0 || call.args[2] === '0') return
        const connection = connectionOf(call, process)
        if (connection) connection.ended ??= call
      }),
      ...forCalls('write,writev,sendto,sendmsg,sendfile', (call, process) => {
        if (connectionOf(call, process)?.ended) tidy.add(process)
      }),
    },
    finish() {
      const repeats = createRepeats<number>()
      for (const [process, { count, proof }] of left)
        if (!tidy.has(process)) repeats.add(nameOf(process), process, proof, count)
      return repeats.all().map((repeated) => ({
        id,
        text: `${repeated.who} read end of file from ${repeated.about} connections, closed none of them, and accepted another.`,
        certain: true,
        ...proofOf(repeated),
      }))
    },
  }
}

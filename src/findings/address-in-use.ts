/** bind(2) fails with EADDRINUSE, and the program ignores that, or has not set SO_REUSEADDR and gives up. */
import { descriptorIn } from '../trace/descriptor.js'
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { nameOf } from '../trace/recorder.js'
import { type Detector, forCalls } from './detector.js'
import { createOpened } from './opened.js'
import { createRepeats, proofOf } from './repeats.js'

const id = 'socket/address-in-use'

interface Socket {
  reusesAddress: boolean
  isTcp: boolean
  refused?: Call
}

export function addressInUse(): Detector {
  const sockets = createOpened<Socket>()
  const ignored = createRepeats()
  /** The last refusal of processes that have bound no other address. */
  const refused = new Map<Process, Call>()
  const bound = new WeakSet<Process>()

  const socketOf = ({ args }: Call, process: Process) =>
    sockets.of(process).get(Number.parseInt(args[0] ?? '', 10))

  return {
    calls: {
      ...sockets.calls,
      socket({ result, more }, process) {
        const descriptor = descriptorIn(`${result}${more}`)
        if (descriptor?.kind !== 'socket') return
        const isTcp = descriptor.protocol.startsWith('TCP')
        sockets.add(descriptor.fd, { reusesAddress: false, isTcp }, process)
      },
      setsockopt(call, process) {
        const socket = socketOf(call, process)
        const isSet = call.args[2] === 'SO_REUSEADDR' && call.args[3] !== '[0]'
        if (socket && isSet && call.result === 0) socket.reusesAddress = true
      },
      bind(call, process) {
        const socket = socketOf(call, process)
        if (call.result === 0) {
          // A right program tries the next port, or tries again.
          bound.add(process)
          refused.delete(process)
          if (socket) delete socket.refused
        } else if (socket && call.errno === 'EADDRINUSE') {
          socket.refused = call
          if (socket.isTcp && !socket.reusesAddress && !bound.has(process)) refused.set(process, call)
        }
      },
      ...forCalls('listen,accept,accept4', (call, process) => {
        const socket = socketOf(call, process)
        if (!socket?.refused) return
        ignored.add(`${nameOf(process)} ${call.name}`, process, [socket.refused, call])
        delete socket.refused
        refused.delete(process)
      }),
    },
    finish() {
      const failed = createRepeats()
      for (const [process, call] of refused)
        if (process.end?.code !== 0) failed.add(nameOf(process), process, [call])
      return [
        ...ignored.all().map((repeated) => {
          const [bind, call] = repeated.calls
          const text = `${repeated.who} called ${call?.name}(2), although bind(2) to ${addressIn(bind)} had failed with EADDRINUSE.`
          return { id, text, certain: true, ...proofOf(repeated) }
        }),
        ...failed.all().map((repeated) => {
          const what = `${repeated.who} could not bind to ${addressIn(repeated.calls[0])} (EADDRINUSE).`
          return { id, text: `${what} It had not set SO_REUSEADDR.`, certain: false, ...proofOf(repeated) }
        }),
      ]
    },
  }
}

/** `127.0.0.1:80`, or a path. */
function addressIn(call: Call | undefined): string {
  const text = call?.args[1] ?? ''
  const [, port] = /htons\((\d+)\)/.exec(text) ?? []
  const [, name = ''] = /"((?:[^"\\]|\\.)*)"/.exec(text) ?? []
  return port === undefined ? name : name.includes(':') ? `[${name}]:${port}` : `${name}:${port}`
}

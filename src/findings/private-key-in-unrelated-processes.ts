/**
 * Two programs have made an object of the same kind and size with IPC_PRIVATE, and each uses only its own: they have no common one.
 * That is only likely a mistake. It is none where the object may be for another process: for a child, or for one behind a socket.
 */
import type { Call } from '../trace/line.js'
import type { Process, Trace } from '../trace/model.js'
import { systemKind, type Thing } from '../trace/objects.js'
import { named } from '../trace/recorder.js'
import { type Detector, forCalls } from './detector.js'

const id = 'ipc/private-key-in-unrelated-processes'

/** A process that runs may share its object later, but after so many microseconds that is no longer likely. */
const patience = 1_000_000

/** More processes are not followed. */
const most = 1000

interface Made {
  call: Call
  process: Process
}

export function privateKeyInUnrelatedProcesses(): Detector {
  const made = new Map<string, Made>()
  return {
    calls: forCalls('shmget,semget,msgget', (call, process) => {
      // The first one of each process and kind.
      const key = `${call.name} ${process.pid}`
      const isPrivate = call.args[0] === 'IPC_PRIVATE' && call.result !== -1
      if (isPrivate && made.size < most && !made.has(key)) made.set(key, { call, process })
    }),
    finish(trace) {
      const alone = [...made.values()].filter((one) => isAlone(one, trace))
      for (const [at, one] of alone.entries()) {
        const other = alone.slice(at + 1).find((each) => areAlike(one, each))
        if (!other) continue
        const [first, second] = [one, other].map(({ process }) => named(process))
        return [
          {
            id,
            text: `${first} and ${second} each made a ${systemKind(one.call.name).title} with IPC_PRIVATE. So they have no common one.`,
            certain: false,
            processes: [one.process, other.process],
            calls: [one.call, other.call],
          },
        ]
      }
      return []
    },
  }
}

/** Whether no other process can have used the object. */
function isAlone({ call, process }: Made, { processes, things, end }: Trace): boolean {
  if (!process.end && end - call.t < patience) return false
  const { kind } = systemKind(call.name)
  const thing = things.find(
    ({ kind: each, id, made }) => each === kind && id === `${call.result}` && made?.by === process,
  )
  // One that only fails to receive from its queue, or blocks in it, has not used it in this sense.
  const users = [...(thing?.users.keys() ?? [])]
  const isOnlyUser = users.every((user) => user === process) && (kind !== 'segment' || users.length > 0)
  const hasHeirs = processes.some(({ parent, executed }) => parent === process && executed === undefined)
  const hasSocket = things.some((each: Thing) => each.kind === 'socket' && each.users.has(process))
  return isOnlyUser && !hasHeirs && !hasSocket && process.threads === 0 && process.executed !== undefined
}

/** The same size, at the same time, in parent and child or in two children of the same process. */
function areAlike(one: Made, other: Made): boolean {
  const size = ({ call }: Made) => (call.name === 'msgget' ? '' : call.args[1])
  const [a, b] = [one.process, other.process]
  const areRelated = a.parent === b || b.parent === a || (a.parent !== undefined && a.parent === b.parent)
  const overlap = (a.end?.t ?? Infinity) > other.call.t && (b.end?.t ?? Infinity) > one.call.t
  return one.call.name === other.call.name && a !== b && size(one) === size(other) && areRelated && overlap
}

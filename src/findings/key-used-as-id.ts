/** A System V call fails because it has got the key of an object where it needs the id. */
import type { Call } from '../trace/line.js'
import { nameOf } from '../trace/recorder.js'
import { type Detector, forCalls } from './detector.js'
import { createRepeats, proofOf } from './repeats.js'

const id = 'ipc/key-used-as-id'

/** More objects are not followed. */
const most = 10_000

export function keyUsedAsId(): Detector {
  const keys = new Map<string, Call>()
  const ids = new Set<string>()
  const repeats = createRepeats<{ get: Call; call: Call }>()
  return {
    calls: {
      ...forCalls('shmget,semget,msgget', (call) => {
        const { name, args, result = -1 } = call
        if (result < 0 || ids.size >= most) return
        ids.add(numberOf(name, result))
        // A key is unsigned in the log, and an id signed. 0 is IPC_PRIVATE.
        const key = Number(args[0]) | 0
        if (key !== 0 && key !== result) keys.set(numberOf(name, key), call)
      }),
      ...forCalls('shmat,shmctl,semop,semtimedop,semctl,msgsnd,msgrcv,msgctl', (call, process) => {
        if (call.errno !== 'EINVAL' && call.errno !== 'EIDRM') return
        const number = numberOf(call.name, Number(call.args[0]))
        const get = ids.has(number) ? undefined : keys.get(number)
        if (get) repeats.add(`${nameOf(process)} ${call.name}`, process, [get, call], { get, call })
      }),
    },
    finish: () =>
      repeats.all().map((repeated) => {
        const {
          who,
          about: { get, call },
        } = repeated
        return {
          id,
          text: `${who} called ${call.name}(2) with a key, ${call.args[0]}. It needs the id, which ${get.name}(2) had returned: ${get.result}.`,
          certain: true,
          ...proofOf(repeated),
        }
      }),
  }
}

/** Segments, semaphore sets and queues have numbers of their own. */
const numberOf = (call: string, number: number) => `${call.slice(0, 3)} ${number}`

/**
 * A process fails in a System V object that another one has removed. Workers may take the removal as the order to exit: so it is no
 * mistake where the process then exits with 0 and does not use the object again.
 */
import type { Call } from '../trace/line.js'
import type { Process } from '../trace/model.js'
import { systemKind } from '../trace/objects.js'
import { named, nameOf } from '../trace/recorder.js'
import { type Detector, forCalls } from './detector.js'
import { createRepeats, proofOf } from './repeats.js'

const id = 'ipc/removed-while-used'

/** More removals are not remembered. */
const most = 10_000

export function removedWhileUsed(): Detector {
  const removals = new Map<string, { call: Call; process: Process }>()
  /** The first call of a process that failed so, and whether the process tried again. */
  const failures = new Map<Process, { call: Call; again: boolean }>()
  return {
    calls: {
      ...forCalls('shmctl,semctl,msgctl', (call, process) => {
        if (call.result === 0 && call.args.includes('IPC_RMID') && removals.size < most)
          removals.set(objectOf(call), { call, process })
      }),
      ...forCalls('shmat,semop,semtimedop,msgsnd,msgrcv', (call, process) => {
        const isFailure = call.errno === 'EIDRM' || (call.errno === 'EINVAL' && removals.has(objectOf(call)))
        if (!isFailure) return
        const known = failures.get(process)
        if (!known) failures.set(process, { call, again: false })
        else if (objectOf(known.call) === objectOf(call)) known.again = true
      }),
    },
    finish() {
      const repeats = createRepeats<{ remover: Process; call: Call }>()
      for (const [process, { call, again }] of failures) {
        // The log may report the failure before the removal that is its cause.
        const removal = removals.get(objectOf(call))
        if (removal && removal.process !== process && (again || hasFailed(process)))
          repeats.add(`${nameOf(removal.process)} ${call.name}`, process, [removal.call, call], {
            remover: removal.process,
            call,
          })
      }
      return repeats.all().map((repeated) => {
        const {
          who,
          count,
          about: { remover, call },
        } = repeated
        const others = count > 1 ? ` and ${count - 1} more` : ''
        return {
          id,
          text: `${named(remover)} removed a ${systemKind(call.name).title} that ${who}${others} still used: ${call.name}(2) failed with ${call.errno}.`,
          certain: true,
          ...proofOf(repeated),
        }
      })
    },
  }
}

const objectOf = ({ name, args }: Call) => `${name.slice(0, 3)} ${args[0]}`

/** A signal that another process has sent is no failure of its own. */
function hasFailed({ end }: Process): boolean {
  return end !== undefined && (end.code === null ? /SEGV|ABRT|BUS/.test(end.signal ?? '') : end.code !== 0)
}

/** POSIX message queues, and the queues and semaphores of System V. */
import type { SemaphoreState } from '../../../ipc/sysv-sem.js'
import { counted } from '../../../text.js'
import type { PosixQueueBlocker } from '../../../why/blockers/posix-queue.js'
import type { SystemVBlocker } from '../../../why/blockers/system-v.js'
import { type Evidence, type Telling, verb } from './telling.js'
import { listed, named } from './words.js'

export function tellPosixQueue(pid: number, blocker: PosixQueueBlocker): Telling {
  const { access, fd, name, isRemoved, fill, wakers } = blocker
  const side = access === 'reading' ? 'writing' : 'reading'
  const evidence: Evidence[] = [{ source: `/proc/${pid}/fd/${fd}`, value: name, about: '' }]
  if (fill) {
    evidence.push({
      source: 'mq_getattr(3)',
      value: `mq_curmsgs ${fill.messages}, mq_maxmsg ${fill.capacity}`,
      about: 'messages in it, and its capacity',
      data: { ...fill },
    })
  }
  return {
    wait:
      access === 'reading'
        ? `for a message in the empty queue ${name}`
        : `for room in the full queue ${name}`,
    object: `the message queue ${name}`,
    sentences: [
      wakers.length > 0
        ? `${listed(wakers.map(named))} ${verb(wakers, 'has', 'have')} it open for ${side}.`
        : `No other process has it open for ${side}.`,
      ...(isRemoved ? ['Its name was removed, so no other process can open it.'] : []),
    ],
    proofs: [{ shows: `The queue ${name} is ${access === 'reading' ? 'empty' : 'full'}.`, evidence }],
  }
}

export function tellSystemV(blocker: SystemVBlocker): Telling {
  const {
    pid,
    object,
    id,
    isElsewhere,
    wanted,
    listed: row,
    lastUsers,
    type,
    excepts,
    types,
    operation,
    state,
    holder,
  } = blocker
  const queue = `the System V message queue ${id}`
  const other = excepts ? 'another type than' : 'type'
  const accepted = !type ? '' : type > 0 ? ` of ${other} ${type}` : ` of type ${-type} or lower`
  const semaphore = `semaphore ${operation?.semaphore} of set ${id}`
  const wait = {
    message: `for a message${accepted} in ${queue}`,
    room: `for room in ${queue}`,
    semaphore: operation
      ? `until it can take ${-operation.change} from ${semaphore}`
      : `until the values of semaphore set ${id} allow its operation`,
    zero: `until ${semaphore} is 0`,
  }[wanted]
  const fields: [name: string, value: number][] = !row
    ? []
    : 'messages' in row
      ? [
          ['key', row.key],
          ['msqid', id],
          ['cbytes', row.bytes],
          ['qnum', row.messages],
        ]
      : [
          ['key', row.key],
          ['semid', id],
          ['nsems', row.semaphores],
        ]
  const source = `/proc/sysvipc/${object === 'queue' ? 'msg' : 'sem'}`
  const kinds = [...new Set(types)].map(String)
  const ofTypes = kinds.length === 0 ? '' : ` of ${verb(kinds, 'type', 'types')} ${listed(kinds, 6)}`
  const held =
    row && 'messages' in row ? [`The queue contains ${counted(row.messages, 'message')}${ofTypes}.`] : []
  const value = state === undefined ? [] : [`Its value is ${state.value}.`, ...waitersOf(state)]
  const users =
    holder !== undefined
      ? `${named(holder)} took from it last. If the semaphore is a lock, that process holds it.`
      : lastUsers.length > 0
        ? `The last to ${object === 'queue' ? 'send or receive there' : 'change it'}: ${listed(lastUsers.map(named))}.`
        : 'The kernel does not record which processes use it.'
  return {
    wait,
    sentences: isElsewhere
      ? [
          `${named(pid)} is in another IPC namespace, so ${object === 'queue' ? 'queue' : 'set'} ${id} here is another object.`,
          'Not observed: what it contains.',
        ]
      : [...held, ...value, users],
    proofs: [
      ...(row
        ? [
            {
              shows: `The kernel lists this ${object === 'queue' ? 'message queue' : 'set of semaphores'}.`,
              evidence: [
                {
                  source,
                  value: fields.map(([name, number]) => `${name} ${number}`).join(', '),
                  about: '',
                  data: { ...row },
                },
              ],
            },
          ]
        : []),
      ...(operation && state
        ? [
            {
              shows: `Its operation is ${operation.change} on semaphore ${operation.semaphore}.`,
              evidence: [
                {
                  source: 'semctl(2)',
                  value: `GETVAL ${state.value}, GETNCNT ${state.waitForIncrease}, GETZCNT ${state.waitForZero}, GETPID ${state.lastUser}`,
                  about: 'value, waiting for an increase, waiting for 0, last to change it',
                  data: { ...operation, ...state },
                },
              ],
            },
          ]
        : []),
      ...(isElsewhere
        ? [
            {
              shows: 'It has another IPC namespace than osdemo.',
              evidence: [
                { source: `/proc/${pid}/ns/ipc`, value: 'another namespace', about: 'namespaces(7)' },
              ],
            },
          ]
        : []),
    ],
  }
}

function waitersOf({ waitForIncrease, waitForZero }: SemaphoreState): string[] {
  const all = waitForIncrease + waitForZero
  return all > 1 ? [`${all} threads wait for that semaphore.`] : []
}

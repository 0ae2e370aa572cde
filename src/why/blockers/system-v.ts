/** System V queues and semaphores, msgop(2) and semop(2): the kernel does not record which processes use one. */

import { messageTypes } from '../../ipc/sysv-msg.js'
import { readSemaphore, type SemaphoreState } from '../../ipc/sysv-sem.js'
import { isElsewhere } from '../../proc/links.js'
import { readMemory } from '../../proc/process-memory.js'
import { isAlive } from '../../proc/stat.js'
import { readMessageQueue } from '../../proc/sysvipc-msg.js'
import { readSet } from '../../proc/sysvipc-sem.js'
import { noWaker, type Waking } from '../blocker.js'
import type { Step } from '../step.js'

export interface SystemVBlocker extends Waking {
  kind: 'system-v'
  pid: number
  object: 'queue' | 'semaphores'
  id: number
  /** Whether it is in another IPC namespace: then osdemo cannot look at it, and the same id means another object here. */
  isElsewhere: boolean
  /** What has to happen to it. */
  wanted: 'message' | 'room' | 'semaphore' | 'zero'
  /** Undefined where the kernel does not list it. */
  listed?: { key: number; semaphores: number } | { key: number; messages: number; bytes: number }
  /** The pids of the last sender and the last receiver, or of the last that changed the semaphore. */
  lastUsers: number[]
  /** Of msgrcv: the type of message that it accepts, 0 for any and -N for types up to N: msgop(2). */
  type?: number
  /** Of msgrcv with MSG_EXCEPT: it accepts every type but that one. */
  excepts?: true
  /** Of msgrcv: the types of the first messages in the queue. */
  types?: number[]
  /** The first operation that the values do not allow: by which number it changes which semaphore, 0 for a wait until it is 0. */
  operation?: Operation
  /** That semaphore; undefined where osdemo may not look. */
  state?: SemaphoreState
  /**
   * The process that took the last 1 from that semaphore. If the semaphore is a lock, this process holds it. The kernel records no
   * holder, so this is only likely.
   */
  holder?: number
}

interface Operation {
  semaphore: number
  change: number
}

/** A flag of msgrcv(2), see linux/msg.h. */
const MSG_EXCEPT = 0o20000n

/** The types of so many messages are read at most. */
const mostTypes = 64

/** @param args of the call */
export function systemV(pid: number, call: string, id: number, args: bigint[]): SystemVBlocker {
  const elsewhere = isElsewhere(pid, 'ipc')
  const about = { kind: 'system-v', pid, id, isElsewhere: elsewhere, ...noWaker } as const
  return call.startsWith('msg') ? queue() : semaphores()

  function queue(): SystemVBlocker {
    const row = elsewhere ? undefined : readMessageQueue(id)
    const type = call === 'msgrcv' ? Number(BigInt.asIntN(64, args[3] ?? 0n)) : undefined
    const excepts = type !== undefined && type > 0 && ((args[4] ?? 0n) & MSG_EXCEPT) !== 0n
    const users = row ? [row.lastSender, row.lastReceiver].filter((user) => user > 0) : []
    const milder: Step =
      type === undefined
        ? { do: 'receive-system-v', id }
        : { do: 'send-system-v', id, type: excepts ? (type === 1 ? 2 : 1) : Math.abs(type) || 1 }
    return {
      ...about,
      object: 'queue',
      wanted: type === undefined ? 'room' : 'message',
      ...(row && { listed: { key: row.key, messages: row.messages, bytes: row.bytes } }),
      lastUsers: [...new Set(users)],
      ...(type !== undefined && { type }),
      ...(excepts && { excepts }),
      ...(row &&
        type !== undefined && {
          types: messageTypes(id, Math.min(row.messages, mostTypes), row.bytes).map(Number),
        }),
      steps: [milder, { do: 'remove', object: 'queue', id }],
    }
  }

  function semaphores(): SystemVBlocker {
    const row = elsewhere ? undefined : readSet(id)
    const all = operationsOf(pid, args)
    const states = new Map(row ? all.map(({ semaphore }) => [semaphore, readSemaphore(id, semaphore)]) : [])
    const { operation, added } = lacking(all, states)
    const state = operation && states.get(operation.semaphore)
    const isTimed = call === 'semtimedop' && (args[3] ?? 0n) !== 0n
    const holder = operation?.change === -1 && state?.value === 0 ? takerOf(state, pid) : undefined
    return {
      ...about,
      ...(holder !== undefined && { holder, wakers: [holder], open: isTimed, certain: false }),
      object: 'semaphores',
      wanted: operation?.change === 0 ? 'zero' : 'semaphore',
      ...(row && { listed: { key: row.key, semaphores: row.semaphores } }),
      lastUsers: state && state.lastUser > 0 ? [state.lastUser] : [],
      ...(operation && { operation }),
      ...(state && { state }),
      steps: [
        ...(added.length > 0 ? [{ do: 'add-system-v', id, added } as const] : []),
        { do: 'remove', object: 'semaphores', id },
      ],
    }
  }
}

/** The process that changed a semaphore last, if it is another one and still exists. */
function takerOf({ lastUser }: SemaphoreState, pid: number): number | undefined {
  return lastUser > 0 && lastUser !== pid && isAlive(lastUser) ? lastUser : undefined
}

/**
 * semop(2) performs all operations or none, in their order. The first one that cannot be performed, and what has to be added to
 * the semaphores so that all can. Where the values are not known, the first one is meant if it is the only one.
 */
function lacking(
  all: readonly Operation[],
  states: Map<number, SemaphoreState | undefined>,
): { operation?: Operation; added: Operation[] } {
  const values = new Map([...states].map(([semaphore, state]) => [semaphore, state?.value]))
  const added: Operation[] = []
  let operation = all.length === 1 ? all[0] : undefined
  let isFirst = true
  for (const each of all) {
    const { semaphore, change } = each
    const value = values.get(semaphore)
    const missing =
      value === undefined ? -Math.min(0, change) : change === 0 ? -value : Math.max(0, -change - value)
    if (missing !== 0) {
      added.push({ semaphore, change: missing })
      if (value !== undefined && isFirst) operation = each
      isFirst = false
    }
    if (value !== undefined) values.set(semaphore, value + missing + change)
  }
  return { ...(operation && { operation }), added }
}

/** The array of struct sembuf that semop(2) was called with: three numbers of 16 bits each. */
function operationsOf(pid: number, args: bigint[]): Operation[] {
  const count = Number(BigInt.asUintN(32, args[2] ?? 0n))
  const bytes = count > 0 && count <= 500 ? readMemory(pid, args[1] ?? 0n, count * 6) : undefined
  if (bytes?.length !== count * 6) return []
  return Array.from({ length: count }, (_, index) => ({
    semaphore: bytes.readUInt16LE(index * 6),
    change: bytes.readInt16LE(index * 6 + 2),
  }))
}

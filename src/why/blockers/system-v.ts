/** System V queues and semaphores, msgop(2) and semop(2): the kernel does not record which processes use one. */
import { readMemory } from '../../proc/process-memory.js'
import { readMessageQueue, readSemaphoreSet } from '../../proc/sysvipc.js'
import { noWaker, type Waking } from '../blocker.js'
import type { Step } from '../step.js'

export interface SystemVBlocker extends Waking {
  kind: 'system-v'
  object: 'queue' | 'semaphores'
  id: number
  /** What has to happen to it. */
  wanted: 'message' | 'room' | 'semaphore'
  /** Undefined where the kernel does not list it. */
  listed?: { key: number; semaphores: number } | { key: number; messages: number; bytes: number }
  /** The pids of the last sender and the last receiver; empty for semaphores. */
  lastUsers: number[]
  /** Of msgrcv: the type of message that it accepts, 0 for any and -N for types up to N: msgop(2). */
  type?: number
}

interface Operation {
  semaphore: number
  change: number
}

/** @param args of the call */
export function systemV(pid: number, call: string, id: number, args: bigint[]): SystemVBlocker {
  const object = call.startsWith('msg') ? 'queue' : 'semaphores'
  const queue = object === 'queue' ? readMessageQueue(id) : undefined
  const set = object === 'semaphores' ? readSemaphoreSet(id) : undefined
  const listed = queue
    ? { key: queue.key, messages: queue.messages, bytes: queue.bytes }
    : set && { key: set.key, semaphores: set.semaphores }
  const type = call === 'msgrcv' ? Number(BigInt.asIntN(64, args[3] ?? 0n)) : undefined
  const users = queue ? [queue.lastSender, queue.lastReceiver].filter((user) => user > 0) : []
  return {
    kind: 'system-v',
    object,
    id,
    wanted: call === 'msgrcv' ? 'message' : call === 'msgsnd' ? 'room' : 'semaphore',
    ...(listed && { listed }),
    lastUsers: [...new Set(users)],
    ...(type !== undefined && { type }),
    ...noWaker,
    steps: [...milder(), { do: 'remove', object, id }],
  }
  /** What keeps the object: removing it makes the calls of all its users fail. */
  function milder(): Step[] {
    if (type !== undefined) return [{ do: 'send-system-v', id, type: Math.abs(type) || 1 }]
    if (call === 'msgsnd') return [{ do: 'receive-system-v', id }]
    const added = operationsOf(pid, args)
      .filter(({ change }) => change < 0)
      .map(({ semaphore, change }) => ({ semaphore, change: -change }))
    return added.length > 0 ? [{ do: 'add-system-v', id, added }] : []
  }
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

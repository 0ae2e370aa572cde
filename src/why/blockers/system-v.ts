/** System V queues and semaphores, msgop(2) and semop(2): the kernel does not record which processes use one. */
import { readMessageQueue, readSemaphoreSet } from '../../proc/sysvipc.js'
import { noWaker, type Waking } from '../blocker.js'

export interface SystemVBlocker extends Waking {
  kind: 'system-v'
  object: 'queue' | 'semaphores'
  id: number
  /** What has to happen to it. */
  wanted: 'message' | 'room' | 'semaphore'
  /** Undefined where the kernel does not list it. */
  listed?: { key: number; semaphores: number } | { key: number; messages: number; bytes: number }
  /** The pids of the last that sent and received; empty for semaphores. */
  lastUsers: number[]
}

export function systemV(call: string, id: number): SystemVBlocker {
  const object = call.startsWith('msg') ? 'queue' : 'semaphores'
  const queue = object === 'queue' ? readMessageQueue(id) : undefined
  const set = object === 'semaphores' ? readSemaphoreSet(id) : undefined
  const listed = queue
    ? { key: queue.key, messages: queue.messages, bytes: queue.bytes }
    : set && { key: set.key, semaphores: set.semaphores }
  const users = queue ? [queue.lastSender, queue.lastReceiver].filter((user) => user > 0) : []
  return {
    kind: 'system-v',
    object,
    id,
    wanted: call === 'msgrcv' ? 'message' : call === 'msgsnd' ? 'room' : 'semaphore',
    ...(listed && { listed }),
    lastUsers: [...new Set(users)],
    ...noWaker,
    steps: [{ do: 'remove', object, id }],
  }
}

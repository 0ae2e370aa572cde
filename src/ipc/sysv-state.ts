/** What the kernel knows of a System V semaphore or queue of this IPC namespace: semctl(2), msgop(2). Nothing is changed. Linux only. */
import { checked, native } from './libc.js'

// linux/sem.h, linux/msg.h, linux/ipc.h
const GETPID = 11
const GETVAL = 12
const GETNCNT = 14
const GETZCNT = 15
const IPC_NOWAIT = 0o4000
const MSG_COPY = 0o40000

export interface SemaphoreState {
  value: number
  /** How many threads wait until it increases, and until it is 0. */
  waitForIncrease: number
  waitForZero: number
  /** The process that changed it last; 0 where none has. */
  lastUser: number
}

/** Undefined without the permission to read the set, or where there is none. */
export function readSemaphore(id: number, number: number): SemaphoreState | undefined {
  try {
    const semctl = native('semctl', 'int semctl(int id, int number, int command, long none)')
    const get = (command: number) => checked('semctl', semctl(id, number, command, 0))
    return {
      value: get(GETVAL),
      waitForIncrease: get(GETNCNT),
      waitForZero: get(GETZCNT),
      lastUser: get(GETPID),
    }
  } catch {
    return undefined
  }
}

/**
 * The types of the first `count` messages of a queue, which stay in it: MSG_COPY. Fewer where the queue changes meanwhile; empty
 * without the permission to read it, and where the kernel was built without CONFIG_CHECKPOINT_RESTORE.
 *
 * @param bytes the size of all its messages: a copy needs room for the whole message
 */
export function messageTypes(id: number, count: number, bytes: number): number[] {
  const types: number[] = []
  try {
    const receive = native('msgrcv', 'long msgrcv(int id, void *message, size_t size, long type, int flags)')
    const message = Buffer.alloc(8 + bytes)
    for (let index = 0; index < count; index++) {
      checked('msgrcv', receive(id, message, bytes, index, MSG_COPY | IPC_NOWAIT))
      types.push(Number(message.readBigInt64LE()))
    }
  } catch {}
  return types
}

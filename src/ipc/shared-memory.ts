/** Memory that several actors share, as they are told of it: by threads of one process, or by processes. */
import { futexWaiter } from './futex.js'
import { threadWaiter, type Waiter } from './shared-ring/waiting.js'
import { attachSegment } from './sysv-shm.js'

/** A SharedArrayBuffer, which only threads can be given; or a System V segment, by its id and size in bytes. */
export type SharedMemory = SharedArrayBuffer | { segment: number; size: number }

/** The memory, and how to sleep on it. A segment stays attached until this process ends. */
export function openMemory(memory: SharedMemory): {
  memory: ArrayBufferLike
  waiter: Waiter
  /** The name of the call in which the waiter sleeps. */
  call: string
  /** Of a segment: where it begins in this process. */
  address: bigint
} {
  if (memory instanceof SharedArrayBuffer)
    return { memory, waiter: threadWaiter, call: 'Atomics.wait', address: 0n }
  const { address, memory: bytes } = attachSegment(memory.segment, memory.size)
  return { memory: bytes, waiter: futexWaiter(address), call: 'futex', address }
}

/** Memory that actors share, whether they are threads of one process or processes. */
import { futexWaiter } from './futex.js'
import { threadWaiter, type Waiter } from './shared-ring/waiting.js'
import { attachSegment } from './sysv-shm.js'

/** A SharedArrayBuffer, which only threads of one process can share; or a System V segment, by its id and size in bytes. */
export type SharedMemory = SharedArrayBuffer | { segment: number; size: number }

/** The memory, and how to sleep on it. A segment stays attached until this process exits. */
export function openMemory(memory: SharedMemory): {
  memory: ArrayBufferLike
  waiter: Waiter
  /** The name of the call in which the waiter sleeps. */
  call: string
  /** The address of a segment in this process; 0 for a SharedArrayBuffer. */
  address: bigint
} {
  if (memory instanceof SharedArrayBuffer)
    return { memory, waiter: threadWaiter, call: 'Atomics.wait', address: 0n }
  const { address, memory: bytes } = attachSegment(memory.segment, memory.size)
  return { memory: bytes, waiter: futexWaiter(address), call: 'futex', address }
}

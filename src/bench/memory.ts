/** Ends in shared memory: ring buffers, and slots with semaphores. */
import { checked, native } from '../ipc/libc.js'
import { attachObject, type ObjectIdentity } from '../ipc/posix-shm.js'
import { openMemory } from '../ipc/shared-memory.js'
import { consumerOf } from '../ipc/shared-ring/consumer.js'
import { producerOf } from '../ipc/shared-ring/producer.js'
import type { Waiter } from '../ipc/shared-ring/waiting.js'
import type { Channel, OpenChannel } from './end.js'

/** Bytes of a ring buffer: the longest message fits in, with its length. */
export const ringCapacity = 2 ** 21

/** A ring buffer for each direction. A side that waits checks again and again, or blocks at once. */
export function rings(
  { there, back, spins }: Extract<Channel, { kind: 'rings' }>,
  begins: boolean,
): OpenChannel {
  let calls = 0
  const options = { spins: spins ? Number.POSITIVE_INFINITY : 0 }
  const [to, from] = (begins ? [there, back] : [back, there]).map((each) => {
    const { memory, waiter } = openMemory(each)
    const counting: Waiter = {
      wait(...cell) {
        calls++
        waiter.wait(...cell)
      },
      notify(...cell) {
        calls++
        waiter.notify(...cell)
      },
    }
    return { memory, waiter: counting }
  })
  // `map` keeps the length.
  const producer = producerOf(to!.memory, to!.waiter, options)
  // `map` keeps the length.
  const consumer = consumerOf(from!.memory, from!.waiter, options)
  return {
    calls: () => calls,
    end(size) {
      const [out, into] = [Buffer.alloc(size), Buffer.alloc(size)]
      return {
        out,
        into,
        send() {
          producer.write(out)
          producer.publish()
        },
        receive(arrived) {
          consumer.wait()
          return consumer.drain((buffer, start, end) => {
            into.set(buffer.subarray(start, end))
            arrived()
          })
        },
      }
    },
  }
}

/** The longest message of a slot, in bytes. */
const longest = 2 ** 20

/** Where things are in a slot: a semaphore that counts the messages in it, one that counts its room, and the message. */
const [fullAt, emptyAt, bytesAt] = [0, 64, 128]
const slotBytes = bytesAt + longest

/** Bytes of memory for both directions. */
export const slotsBytes = 2 * slotBytes

/** Lays two empty slots into memory at this address: sem_init(3), for semaphores of several processes. */
export function laySlots(address: bigint): void {
  const sem_init = native('sem_init', 'int sem_init(void *semaphore, int shared, unsigned int value)')
  for (const slot of [address, address + BigInt(slotBytes)]) {
    checked('sem_init', sem_init(slot + BigInt(fullAt), 1, 0))
    checked('sem_init', sem_init(slot + BigInt(emptyAt), 1, 1))
  }
}

/** A slot for each direction in POSIX shared memory, with the semaphores of the C library. */
export function sharedSlots(object: ObjectIdentity & { name: string }, begins: boolean): OpenChannel {
  const { memory, address } = attachObject(object, slotsBytes, { room: slotsBytes })
  const semaphores = (call: 'sem_wait' | 'sem_post') => native(call, `int ${call}(void *semaphore)`)
  const [sem_wait, sem_post] = [semaphores('sem_wait'), semaphores('sem_post')]
  const [to, from] = begins ? [0, slotBytes] : [slotBytes, 0]
  let calls = 0
  const wait = (at: number) => {
    calls++
    checked('sem_wait', sem_wait(address + BigInt(at)))
  }
  const post = (at: number) => {
    calls++
    checked('sem_post', sem_post(address + BigInt(at)))
  }
  return {
    calls: () => calls,
    end(size) {
      const [out, into] = [Buffer.alloc(size), Buffer.alloc(size)]
      const sent = new Uint8Array(memory, to + bytesAt, size)
      const received = new Uint8Array(memory, from + bytesAt, size)
      return {
        out,
        into,
        send() {
          wait(to + emptyAt)
          sent.set(out)
          post(to + fullAt)
        },
        receive(arrived) {
          wait(from + fullAt)
          into.set(received)
          post(from + emptyAt)
          arrived()
          return 1
        },
      }
    },
  }
}

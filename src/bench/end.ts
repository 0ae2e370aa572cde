/** One end of a channel between two processes or threads: the calls that a benchmark measures, and nothing else. */
import { readSync, writeSync } from 'node:fs'
import { DemoFailed } from '../errors.js'
import { checked, native } from '../ipc/libc.js'
import { openQueue } from '../ipc/posix-mq.js'

/** One end, for messages of one size. Its buffers are allocated once. */
export interface End {
  /** The bytes that `send` sends. */
  readonly out: Uint8Array
  /** Where `receive` stores a message. */
  readonly into: Uint8Array
  send(): void
  /** Blocks or spins until a message has arrived. Calls `arrived` for each message. @returns their number */
  receive(arrived: () => void): number | Promise<number>
}

/** A channel, as the process that opens one end gets it. A descriptor is its stdin or its stdout. */
export type Channel =
  | { kind: 'descriptors' }
  | { kind: 'system v queue'; id: number }
  | { kind: 'posix queues'; names: [there: string, back: string]; longest: number }

/** Makes ends for messages of any size. @returns also how many calls they have made, where the kernel does not count them */
export interface OpenChannel {
  end(size: number): End
  calls?(): number
}

/** @param begins whether this is the process that sends first */
export function openChannel(channel: Channel, begins: boolean): OpenChannel {
  switch (channel.kind) {
    case 'descriptors':
      return { end: descriptorEnd }
    case 'system v queue':
      return systemVQueue(channel.id, begins)
    case 'posix queues':
      return posixQueues(channel, begins)
  }
}

/** read(2) and write(2), until the whole message has been passed on. */
function descriptorEnd(size: number): End {
  const [out, into] = [Buffer.alloc(size), Buffer.alloc(size)]
  return {
    out,
    into,
    send() {
      for (let done = 0; done < size; ) done += writeSync(1, out, done, size - done, null)
    },
    receive(arrived) {
      for (let done = 0; done < size; ) {
        const length = readSync(0, into, done, size - done, null)
        if (length === 0) throw new DemoFailed('the other process has closed its end')
        done += length
      }
      arrived()
      return 1
    },
  }
}

/** msgsnd(2) and msgrcv(2). The direction is the type of a message. */
function systemVQueue(id: number, begins: boolean): OpenChannel {
  const msgsnd = native('msgsnd', 'int msgsnd(int id, void *message, size_t size, int flags)')
  const msgrcv = native('msgrcv', 'long msgrcv(int id, void *message, size_t size, long type, int flags)')
  const [mine, theirs] = begins ? [1, 2] : [2, 1]
  let calls = 0
  return {
    calls: () => calls,
    end(size) {
      // A message is a long, its type, and the bytes.
      const [sent, received] = [Buffer.alloc(8 + size), Buffer.alloc(8 + size)]
      sent.writeBigInt64LE(BigInt(mine))
      return {
        out: sent.subarray(8),
        into: received.subarray(8),
        send() {
          calls++
          checked('msgsnd', msgsnd(id, sent, size, 0))
        },
        receive(arrived) {
          calls++
          checked('msgrcv', msgrcv(id, received, size, theirs, 0))
          arrived()
          return 1
        },
      }
    },
  }
}

/** mq_send(3) and mq_receive(3), which are system calls on Linux. A queue for each direction. */
function posixQueues(
  { names, longest }: Extract<Channel, { kind: 'posix queues' }>,
  begins: boolean,
): OpenChannel {
  const open = (at: 0 | 1, purpose: 'read' | 'write') =>
    openQueue(names[at], purpose, { nonblocking: false }).fd
  const [to, from] = begins ? [open(0, 'write'), open(1, 'read')] : [open(1, 'write'), open(0, 'read')]
  const mq_send = native(
    'mq_send',
    'int mq_send(int queue, void *message, size_t size, unsigned int priority)',
  )
  const mq_receive = native(
    'mq_receive',
    'long mq_receive(int queue, void *buffer, size_t size, void *priority)',
  )
  let calls = 0
  return {
    calls: () => calls,
    end(size) {
      // The kernel wants room for the longest message.
      const [out, room] = [Buffer.alloc(size), Buffer.alloc(longest)]
      return {
        out,
        into: room.subarray(0, size),
        send() {
          calls++
          checked('mq_send', mq_send(to, out, size, 0))
        },
        receive(arrived) {
          calls++
          checked('mq_receive', mq_receive(from, room, longest, null))
          arrived()
          return 1
        },
      }
    },
  }
}

/** Ends of message queues. Their calls are system calls, which /proc/PID/io does not count. */
import { checked, native } from '../ipc/libc.js'
import { openQueue } from '../ipc/posix-mq.js'
import type { Channel, OpenChannel } from './end.js'

/** msgsnd(2) and msgrcv(2). The direction is the type of a message. */
export function systemVQueue(id: number, begins: boolean): OpenChannel {
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
export function posixQueues(
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

/** What the kernel knows of a System V queue of this IPC namespace: msgop(2). Nothing is changed. Linux only. */
import { checked, native } from './libc.js'

// linux/msg.h, linux/ipc.h
const IPC_NOWAIT = 0o4000
const MSG_COPY = 0o40000

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

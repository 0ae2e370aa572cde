/** System V queues, as the kernel reports them. */
import { onTestFinished } from 'vitest'
import { findMessageQueue, removeMessageQueue } from '../../src/ipc/sysv-msg.js'
import { type MessageQueue, readMessageQueue } from '../../src/proc/sysvipc-msg.js'

/** Of this process, so that tests that run side by side have different keys. */
let key = 300_000_000 + process.pid * 10

/** A key that no other test uses. A queue that a test leaves is removed when the test ends. */
export function newQueueKey(): number {
  const one = ++key
  onTestFinished(() => {
    const id = findMessageQueue(one, 'look')
    if (id !== undefined) removeMessageQueue(id)
  })
  return one
}

/** The kernel's entry of the queue with this key; undefined when there is none. */
export function queueWith(key: number): MessageQueue | undefined {
  const id = findMessageQueue(key, 'look')
  return id === undefined ? undefined : readMessageQueue(id)
}

/** POSIX queues, as the kernel reports them. */
import { openQueue } from '../../src/ipc/posix-mq.js'

/** The number of messages in a queue; undefined when it does not exist. */
export function depthOf(name: string): number | undefined {
  try {
    const queue = openQueue(name, 'read', { nonblocking: true })
    const { depth } = queue.attributes()
    queue.close()
    return depth
  } catch {
    return undefined
  }
}

export function isThere(name: string): boolean {
  return depthOf(name) !== undefined
}

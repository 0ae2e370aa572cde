/** POSIX queues as the kernel has them. */
import { openQueue } from '../../src/ipc/posix-mq.js'

/** How many messages are in a queue; undefined when there is none. */
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

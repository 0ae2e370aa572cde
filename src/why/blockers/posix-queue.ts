/** A POSIX message queue, mq_overview(7): empty for a receiver, full for a sender. */
import { borrow } from '../../ipc/borrow.js'
import { queueAttributes } from '../../ipc/open-mq.js'
import { fdFlags } from '../../proc/fds.js'
import { readDescriptorLink } from '../../proc/links.js'
import { isOpenFor } from '../../proc/open-descriptors.js'
import type { Waking } from '../blocker.js'
import type { World } from '../snapshot.js'

export interface PosixQueueBlocker extends Waking {
  kind: 'posix-queue'
  /** `reading` for mq_receive(3), `writing` for mq_send(3). */
  access: 'reading' | 'writing'
  fd: number
  name: string
  /** Whether its name was removed: no process can open it from then on. */
  isRemoved: boolean
  /** How many messages are in it, and its capacity; undefined where osdemo may not look. */
  fill?: { messages: number; capacity: number }
}

/** Undefined where its descriptor cannot be seen. */
export function posixQueue(
  world: World,
  pid: number,
  call: string,
  fd: number,
): PosixQueueBlocker | undefined {
  const target = readDescriptorLink(pid, fd)
  const info = fdFlags(pid, fd)
  if (target === undefined || !info) return undefined
  const access = call === 'mq_timedreceive' ? 'reading' : 'writing'
  const side = access === 'reading' ? 'writing' : 'reading'
  const name = target.replace(/ \(deleted\)$/, '')
  const census = world.census()
  const users = census.ofTarget(target).filter((user) => {
    const other = census.info(user)
    return other?.ino === info.ino && other?.mount === info.mount && isOpenFor(side, other)
  })
  const wakers = [...new Set(users.map((user) => user.pid))].filter((user) => user !== pid)
  const attributes = borrow(pid, fd, queueAttributes)
  const isRemoved = name !== target
  return {
    kind: 'posix-queue',
    access,
    fd,
    name,
    isRemoved,
    ...(attributes && { fill: { messages: attributes.depth, capacity: attributes.capacity } }),
    wakers,
    open: wakers.length === 0,
    certain: true,
    steps: isRemoved ? [] : [{ do: access === 'reading' ? 'send-message' : 'receive-message', queue: name }],
  }
}

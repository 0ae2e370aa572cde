/** A POSIX message queue, mq_overview(7): empty for a receiver, full for a sender. */
import { borrow } from '../../ipc/borrow.js'
import { queueAttributes } from '../../ipc/open-mq.js'
import { fdFlags } from '../../proc/fds.js'
import { readDescriptorLink } from '../../proc/links.js'
import { isOpenFor } from '../../proc/open-descriptors.js'
import { readTimespec } from '../../proc/process-memory.js'
import type { Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import type { Step } from '../step.js'

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
  args: bigint[],
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
  const limit = timeLeft(pid, args[4])
  const step: Step = { do: access === 'reading' ? 'send-message' : 'receive-message', queue: name }
  return {
    kind: 'posix-queue',
    access,
    fd,
    name,
    isRemoved,
    ...(attributes && { fill: { messages: attributes.depth, capacity: attributes.capacity } }),
    wakers,
    open: wakers.length === 0 || limit !== undefined,
    certain: true,
    ...(limit !== undefined && { limit }),
    steps: [...(isRemoved ? [] : [step]), ...(limit === undefined ? [] : [{ do: 'wait' } as const])],
  }
}

/** The time limit is a moment of CLOCK_REALTIME: mq_receive(3). Undefined without one. */
function timeLeft(pid: number, address = 0n): number | undefined {
  const moment = address === 0n ? undefined : readTimespec(pid, address)
  return moment === undefined ? undefined : Math.max(0, moment - Date.now() / 1000)
}

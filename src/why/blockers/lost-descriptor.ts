/** Calls on a descriptor that was closed: by another thread under a call, or by close(2) which waits itself. */
import { readDescriptorLink } from '../../proc/links.js'
import type { TcpRow } from '../../proc/net-tcp.js'
import type { Holder } from '../../proc/open-descriptors.js'
import { openObject } from '../../proc/open-object.js'
import { type Blocker, noWaker, type Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { waitOrEnd } from '../step.js'
import { lostConnection } from './socket.js'

export type LostDescriptorBlocker = Waking & {
  pid: number
  fd: number
  /** The TCP connection that it was, where only one can be meant. */
  row?: TcpRow
  peer?: TcpRow
  /** The descriptors of its other end. */
  holders: Holder[]
} & (
    | {
        kind: 'descriptor-changed'
        /** What the call still waits on. */
        was: 'socket' | 'pipe'
        /** What the number refers to now, as /proc/PID/fd has it; undefined where it is closed. */
        target?: string
      }
    /** close(2) waits until the peer has received what was sent, at most for the time of SO_LINGER. */
    | { kind: 'lingering' }
  )

const socketCalls = /^(recvfrom|recvmsg|recvmmsg|accept4?|sendto|sendmsg|sendmmsg|connect)$/

/**
 * A thread in a call on a descriptor that no longer refers to what the call waits on. close(2) does not wake it up.
 *
 * @param wchan the kernel function that it sleeps in
 * @returns undefined where they fit, or where that cannot be told
 */
export function changedUnder(
  world: World,
  { pid, tid }: { pid: number; tid: number },
  fd: number,
  call: string,
  wchan = '',
): LostDescriptorBlocker | undefined {
  const was = socketCalls.test(call) || /^(unix_|inet_|tcp_|sk_)/.test(wchan) ? 'socket' : 'pipe'
  if (was === 'pipe' && !/pipe_(read|write)$/.test(wchan)) return undefined
  const object = openObject(pid, fd)
  // A thread without CLONE_FILES has descriptors of its own.
  const isSeparate = readDescriptorLink(pid, fd, tid) !== object?.target
  if (object?.kind === was || isSeparate) return undefined
  const established = ({ state }: TcpRow) => state === 'ESTABLISHED' || state === 'CLOSE_WAIT'
  const lost = was === 'socket' ? lostConnection(world, pid, established) : undefined
  const wakers = [...new Set(lost?.holders.map((holder) => holder.pid))]
  return {
    kind: 'descriptor-changed',
    pid,
    fd,
    was,
    ...(object && { target: object.target }),
    holders: [],
    ...lost,
    ...noWaker,
    wakers,
    open: wakers.length === 0,
    certain: !lost,
    steps: waitOrEnd(wakers.filter((waker) => waker !== pid)),
  }
}

/** A thread in close(2) of a TCP socket. */
export function closing(world: World, pid: number, fd: number, wchan = ''): Blocker | undefined {
  if (!/^(wait_woken|sk_stream_wait_close|inet_wait)/.test(wchan)) return undefined
  const lost = lostConnection(world, pid, ({ state, txQueue }) => {
    return /^(FIN_WAIT1|CLOSING|LAST_ACK)$/.test(state) && txQueue > 0
  })
  const wakers = [...new Set(lost?.holders.map((holder) => holder.pid))]
  return {
    kind: 'lingering',
    pid,
    fd,
    holders: [],
    ...lost,
    ...noWaker,
    wakers,
    certain: lost !== undefined,
    steps: waitOrEnd(wakers.filter((waker) => waker !== pid)),
  }
}

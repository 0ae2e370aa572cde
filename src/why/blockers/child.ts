/** Waits for a child: wait(2) and its relatives, and vfork(2). */
import { parsePidfd, readFdInfoText } from '../../proc/fd-details.js'
import { readStat } from '../../proc/stat.js'
import { knownAs, readStatus, type Status, signalsIn } from '../../proc/status.js'
import type { Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { waitOrEnd } from '../step.js'

/** Which children end the wait, as the call names them; a pid or group as the process that waits numbers it. */
export type Whom = { whom: 'any' } | { whom: 'pid' | 'group'; id: number } | { whom: 'pidfd'; fd: number }

export interface ChildBlocker extends Waking {
  kind: 'child'
  pid: number
  whom: Whom['whom']
  /** The process group or the descriptor that the call names. */
  group?: number
  fd?: number
  /** The children that it may wait for and that have not exited; empty where they cannot be seen. */
  children: { pid: number; ppid: number }[]
  /** The pids of its other children: their exit does not end the wait. */
  others: number[]
  /**
   * Whether all of them must exit. The kernel itself reaps the children of a process that ignores SIGCHLD, so wait(2) only
   * returns when there is none any more: man 2 wait.
   */
  needsAll: boolean
  /** Whether it is enough that the child executes a program: vfork(2), and what posix_spawn(3) does. */
  untilExec: boolean
}

const SIGCHLD = 17

/** The first argument of wait4(2). */
export function whomOfWait4(number: number): Whom {
  if (number > 0) return { whom: 'pid', id: number }
  return number === -1 ? { whom: 'any' } : { whom: 'group', id: -number }
}

/** The first two arguments of waitid(2): P_ALL is 0, P_PID 1, P_PGID 2, P_PIDFD 3. */
export function whomOfWaitid(type: number, id: number): Whom {
  if (type === 3) return { whom: 'pidfd', fd: id }
  return type === 1 || type === 2 ? { whom: type === 1 ? 'pid' : 'group', id } : { whom: 'any' }
}

/** Options of the call, such as WNOHANG, do not matter: a call that blocks has none that change whom it waits for. */
export function childWait(
  world: World,
  pid: number,
  whom: Whom = { whom: 'any' },
  untilExec = false,
): ChildBlocker {
  const all = world.family().children(pid)
  const own = readStatus(pid)
  const group = whom.whom === 'group' ? whom.id || groupOf(own, own) : undefined
  const awaited = all.filter(isAwaited)
  const children = awaited.flatMap((child) => {
    const stat = readStat(child)
    return stat && stat.state !== 'Z' ? [{ pid: child, ppid: stat.ppid }] : []
  })
  const wakers = children.map((child) => child.pid)
  const isIgnored = signalsIn(own?.ignored ?? 0n).includes(SIGCHLD)
  const needsAll = isIgnored && !untilExec && wakers.length > 1
  // This osdemo exits by itself.
  const isOurs = wakers.length === 1 && wakers[0] === process.pid
  return {
    kind: 'child',
    pid,
    whom: whom.whom,
    ...(group !== undefined && { group }),
    ...(whom.whom === 'pidfd' && { fd: whom.fd }),
    children,
    others: all.filter((child) => !awaited.includes(child)),
    needsAll,
    untilExec,
    wakers,
    open: wakers.length === 0,
    certain: true,
    // Which of several children is meant, only the program knows.
    steps: waitOrEnd((wakers.length === 1 || needsAll) && !isOurs ? wakers : []),
  }

  function isAwaited(child: number): boolean {
    switch (whom.whom) {
      case 'any':
        return true
      case 'pid':
        return child === knownAs(pid, whom.id, all)
      case 'group':
        return group !== undefined && groupOf(readStatus(child), own) === group
      case 'pidfd':
        return child === parsePidfd(readFdInfoText(pid, whom.fd))
    }
  }
}

/** The process group of a process, as it is numbered in the pid namespace of another one. */
function groupOf(of: Status | undefined, viewer: Status | undefined): number | undefined {
  return viewer && of?.groupIds[viewer.namespaceIds.length - 1]
}

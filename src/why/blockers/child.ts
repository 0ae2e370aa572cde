/** Waits for a child: wait(2) and its relatives, and vfork(2). */
import { readStat } from '../../proc/stat.js'
import { knownAs } from '../../proc/status.js'
import type { Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { waitOrEnd } from '../step.js'

export interface ChildBlocker extends Waking {
  kind: 'child'
  /** The children that it may wait for and that have not exited; empty where they cannot be seen. */
  children: { pid: number; ppid: number }[]
  /** Whether it is enough that the child executes a program: vfork(2), and what posix_spawn(3) does. */
  untilExec: boolean
}

/** @param wanted a pid, or -1 for any child. WNOHANG and other options do not matter: a call that blocks has none of them */
export function childWait(world: World, pid: number, wanted = -1, untilExec = false): ChildBlocker {
  const all = world.family().children(pid)
  const asked = wanted > 0 ? knownAs(pid, wanted, all) : undefined
  const awaited = wanted > 0 ? (asked === undefined ? [] : [asked]) : all
  const children = awaited.flatMap((child) => {
    const stat = readStat(child)
    return stat && stat.state !== 'Z' ? [{ pid: child, ppid: stat.ppid }] : []
  })
  const wakers = children.map((child) => child.pid)
  // This osdemo exits by itself.
  const isOurs = wakers.length === 1 && wakers[0] === process.pid
  return {
    kind: 'child',
    children,
    untilExec,
    wakers,
    open: wakers.length === 0,
    certain: true,
    // Which of several children is meant, only the program knows.
    steps: waitOrEnd(wakers.length === 1 && !isOurs ? wakers : []),
  }
}

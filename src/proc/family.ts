/** Who is whose parent: the PPid of each process, and the list of children that some kernels keep. */
import { folder, readNumbers, readText } from './read.js'
import { readStat, type Stat } from './stat.js'
import { threads } from './task.js'

export interface Lineage {
  /** The process itself, then its parent, and so on. Empty where it cannot be seen. */
  members: Stat[]
  /** The pid of the parent of the last one, where that parent cannot be seen; 0 where it has none here. */
  missing: number
}

/**
 * Walks from a process to its parent, and on. The kernel gives 0 as parent of pid 1, of kthreadd, and of a process whose
 * parent is outside this pid namespace.
 */
export function readLineage(pid: number): Lineage {
  const members: Stat[] = []
  let stat = readStat(pid)
  while (stat) {
    members.push(stat)
    const parent: Stat | undefined = stat.ppid === 0 ? undefined : readStat(stat.ppid)
    if (!parent) return { members, missing: stat.ppid }
    stat = parent
  }
  return { members, missing: 0 }
}

export interface Family {
  /** Where it is read. */
  source: string
  /** The pids of the children of a process; empty where it has none or they cannot be seen. */
  children(pid: number): number[]
}

/**
 * Tells how to find the children of a process. A kernel with CONFIG_PROC_CHILDREN lists the children of each thread. Without it,
 * this reads all processes once and groups them by PPid.
 */
export function readFamily(): Family {
  if (readText('/proc/thread-self/children') !== undefined) {
    return { source: '/proc/PID/task/TID/children', children: listedChildren }
  }
  const families = new Map<number, number[]>()
  for (const pid of readNumbers('/proc')) {
    const ppid = readStat(pid)?.ppid
    if (ppid === undefined) continue
    const children = families.get(ppid)
    if (children) children.push(pid)
    else families.set(ppid, [pid])
  }
  return { source: 'the PPid in every /proc/PID/stat', children: (pid) => families.get(pid) ?? [] }
}

function listedChildren(pid: number): number[] {
  return threads(pid).flatMap((tid) => parseChildren(readText(`${folder(pid, tid)}/children`) ?? ''))
}

/** Reads the text of a children file: pids, and a space behind each. */
export function parseChildren(text: string): number[] {
  return text.split(' ').filter(Boolean).map(Number)
}

export interface Descendant {
  pid: number
  /** The lines of the tree that stand before it: `│  └─ `. */
  branch: string
}

/** All descendants of a process, each after its parent, as they are drawn. */
export function descendants(family: Family, pid: number, indent = ''): Descendant[] {
  const children = family.children(pid)
  return children.flatMap((child, index) => {
    const last = index === children.length - 1
    const below = descendants(family, child, `${indent}${last ? '   ' : '│  '}`)
    return [{ pid: child, branch: `${indent}${last ? '└─ ' : '├─ '}` }, ...below]
  })
}

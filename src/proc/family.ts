/** Parents and children: the PPid of each process, and the lists of children that some kernels provide. */
import { folder, readNumbers, readText } from './read.js'
import { readStat, type Stat } from './stat.js'
import { threads } from './task.js'

export interface Lineage {
  /** The process, its parent, the parent of that, and so on. Empty where the process cannot be seen. */
  members: Stat[]
  /** The PPid of the last member, where that parent cannot be seen; 0 where the last member has no parent here. */
  missing: number
}

/**
 * Reads a process, then its parent, and so on. The PPid of pid 1, of kthreadd, and of a process whose parent is outside this pid
 * namespace is 0.
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
  /** The files that are read. */
  source: string
  /** The pids of the children of a process; empty where it has none, or where they cannot be seen. */
  children(pid: number): number[]
}

/**
 * Finds the children of processes. A kernel with CONFIG_PROC_CHILDREN lists the children of each thread. On other kernels, all
 * processes are read once and grouped by PPid.
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

/** Parses a children file: pids, each followed by a space. */
export function parseChildren(text: string): number[] {
  return text.split(' ').filter(Boolean).map(Number)
}

export interface Descendant {
  pid: number
  /** What is drawn before it in the tree: `│  └─ `. */
  branch: string
}

/** All descendants of a process in the order in which a tree is drawn: each after its parent. */
export function descendants(family: Family, pid: number, indent = ''): Descendant[] {
  const children = family.children(pid)
  return children.flatMap((child, index) => {
    const last = index === children.length - 1
    const below = descendants(family, child, `${indent}${last ? '   ' : '│  '}`)
    return [{ pid: child, branch: `${indent}${last ? '└─ ' : '├─ '}` }, ...below]
  })
}

/** What the renderer makes of a blocker, and the parts that many blockers share. */
import type { Data } from '../../../events.js'
import { accessMode, fdFlags } from '../../../proc/fds.js'
import type { Holder } from '../../../proc/open-descriptors.js'
import { listed, named } from './words.js'

export interface Evidence {
  source: string
  value: string
  about: string
  data?: Data
}

/** A sentence, and what proves it. */
export interface Proof {
  shows: string
  evidence: Evidence[]
}

export interface Telling {
  /** What it waits for, behind `it waits`: `for data on a pipe`, `until a client connects`. */
  wait: string
  /** The object of a descriptor, with its article: `an empty pipe`. */
  object?: string
  /** When a descriptor that is watched becomes ready: `a client connects to it`. */
  ready?: string
  /** Whole sentences: which processes have the other end, and what that means. */
  sentences: string[]
  /** Whole sentences that each stand alone: one for each of many things. */
  list?: string[]
  proofs: Proof[]
}

/** The descriptor that a thread waits on. */
export function ownDescriptor({ pid, fd, target }: { pid: number; fd: number; target: string }): Evidence {
  return { source: `/proc/${pid}/fd/${fd}`, value: target, about: '' }
}

/** The first descriptors of those that have a FIFO or pipe open, as their fdinfo shows them. */
export function openFlags(holders: readonly Holder[]): Evidence[] {
  return holders.slice(0, 4).map(({ pid, fd }) => {
    const flags = fdFlags(pid, fd)?.flags
    const mode = flags === undefined ? undefined : accessMode(flags)
    return {
      source: `/proc/${pid}/fdinfo/${fd}`,
      value: flags === undefined ? `fd ${fd}` : `flags: 0${flags.toString(8)}`,
      about: mode ?? '',
      data: { pid, fd },
    }
  })
}

/** The first descriptors of those that have a socket open. */
export function openSockets(holders: readonly Holder[], inode: number | undefined): Evidence[] {
  return holders.slice(0, 4).map(({ pid, fd }) => ({
    source: `/proc/${pid}/fd/${fd}`,
    value: `socket:[${inode}]`,
    about: '',
    data: { pid, fd },
  }))
}

/** `cat (12), fd 0 and sleep (13), fd 1`. */
export function holderNames(holders: readonly Holder[]): string {
  return listed(holders.map(({ pid, fd }) => `${named(pid)}, fd ${fd}`))
}

/** `cat (12) and sleep (13)`: each process once, whatever the number of its descriptors. */
export function processNames(holders: readonly Holder[], most = 2): string {
  return listed([...new Set(holders.map(({ pid }) => pid))].map(named), most)
}

/** `holds` or `hold`, for as many subjects. */
export function verb(items: readonly unknown[] | number, one: string, several: string): string {
  return (typeof items === 'number' ? items : items.length) === 1 ? one : several
}

/** A sentence for where the descriptors of some processes are not shown to this user. */
export function hiddenOnes(hidden: number): string[] {
  if (hidden === 0) return []
  return [`This user may not see the descriptors of ${hidden} other ${verb(hidden, 'process', 'processes')}.`]
}

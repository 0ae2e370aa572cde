/** What the renderer makes of a blocker. */
import type { Data } from '../../../events.js'
import type { Holder } from '../../../proc/open-descriptors.js'
import { listed, named } from './words.js'

export interface Evidence {
  source: string
  value: string
  about: string
  data?: Data
}

export interface Telling {
  /** Whole sentences: what it waits for first, then which processes are at the other end. */
  sentences: string[]
  evidence: Evidence[]
}

/** The descriptor that a thread waits on. */
export function ownDescriptor({ pid, fd, target }: { pid: number; fd: number; target: string }): Evidence {
  return { source: `/proc/${pid}/fd/${fd}`, value: target, about: `its fd ${fd}` }
}

/** Evidence for the first of those that hold something. @param what `has the other end`, behind the name of the process */
export function holderEvidence(
  holders: readonly Holder[],
  what: string,
  seen: { folder: 'fd' | 'fdinfo'; value?: string },
): Evidence[] {
  return holders.slice(0, 4).map(({ pid, fd }) => ({
    source: `/proc/${pid}/${seen.folder}/${fd}`,
    value: seen.value ?? `fd ${fd}`,
    about: `${named(pid)} ${what}`,
    data: { pid, fd },
  }))
}

/** `cat (12), fd 0 and sleep (13), fd 1`. */
export function holderNames(holders: readonly Holder[]): string {
  return listed(holders.map(({ pid, fd }) => `${named(pid)}, fd ${fd}`))
}

/** What to add to a sentence where processes could not be looked at. */
export function hiddenOnes(hidden: number): string {
  return hidden > 0 ? ` (the files of ${hidden} processes are closed to this user)` : ''
}

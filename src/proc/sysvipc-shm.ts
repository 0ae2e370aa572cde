/** The System V segments of this machine: /proc/sysvipc/shm, man 5 proc_sysvipc. */
import { readNumbers, readText } from './read.js'
import { parseTable, type Row, readTable } from './sysvipc.js'

export interface Segment {
  /** 0 for a segment without a key (IPC_PRIVATE), and for one that was removed while it is still attached. */
  key: number
  id: number
  /** The permission bits. */
  mode: number
  /** Whether it is marked for removal: it will be removed when the last process detaches it. */
  removed: boolean
  /** The size that its creator requested, in bytes. */
  size: number
  creatorPid: number
  /** The process that attached or detached it last; 0 when none has. */
  lastPid: number
  /** The number of attachments. */
  attached: number
  uid: number
  creatorUid: number
  /** The last change of its owner or mode, or else its creation, in seconds since 1970. */
  changed: number
}

/** Parses the file: a line of column names, then one line for each segment. */
export function parseSegments(text: string): Segment[] {
  return parseTable(text).map(segmentOf)
}

function segmentOf({ text, number }: Row): Segment {
  const perms = Number.parseInt(text('perms'), 8)
  return {
    key: number('key'),
    id: number('shmid'),
    mode: perms & 0o777,
    removed: (perms & SHM_DEST) !== 0,
    size: number('size'),
    creatorPid: number('cpid'),
    lastPid: number('lpid'),
    attached: number('nattch'),
    uid: number('uid'),
    creatorUid: number('cuid'),
    changed: number('ctime'),
  }
}

/** The flag of a segment that is marked for removal: linux/shm.h. */
const SHM_DEST = 0o1000

/** All segments of all users; undefined where the kernel was built without System V IPC. */
export function readSegments(): Segment[] | undefined {
  return readTable('shm')?.map(segmentOf)
}

/** The present entry of a segment; undefined when it has been removed. */
export function readSegment(id: number): Segment | undefined {
  return readSegments()?.find((segment) => segment.id === id)
}

/** Whether a segment has been removed, or is marked for removal. */
export function isRemoved(id: number): boolean {
  return readSegment(id)?.removed ?? true
}

/** The line of an attached segment in /proc/PID/maps, which has the id of the segment as its inode: man 5 proc_pid_maps. */
const attachedLine = /^\S+ \S+ \S+ \S+ (\d+) +\/SYSV[\da-f]{8}/gm

/**
 * The pids of the processes that have a segment attached. Where this user may see none of them: the process that attached or
 * detached it last, which need not have it attached now.
 */
export function attachers(id: number, lastPid: number): number[] {
  const pids = readNumbers('/proc').filter((pid) => {
    const lines = readText(`/proc/${pid}/maps`)?.matchAll(attachedLine) ?? []
    return [...lines].some(([, inode]) => Number(inode) === id)
  })
  return pids.length > 0 ? pids : [lastPid]
}

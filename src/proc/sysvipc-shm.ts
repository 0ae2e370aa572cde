/** The System V segments of this machine: /proc/sysvipc/shm, man 5 proc_sysvipc. */
import { readNumbers, readText } from './read.js'
import { parseTable, type Row, readTable } from './sysvipc.js'

export interface Segment {
  /** 0 when it has none (IPC_PRIVATE), or was removed while processes have it attached. */
  key: number
  id: number
  /** The permissions, without what stands above them. */
  mode: number
  /** Marked for removal, which comes when the last process detaches it. */
  removed: boolean
  /** Bytes, as they were asked for. */
  size: number
  creatorPid: number
  /** Who attached or detached it last; 0 when nobody has. */
  lastPid: number
  /** How many times it is attached. */
  attached: number
  uid: number
  creatorUid: number
  /** Seconds since 1970: when it was made, or its owner or mode were changed last. */
  changed: number
}

/** Reads the text of the file: a line of column names, then a segment a line. */
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

/** linux/shm.h */
const SHM_DEST = 0o1000

/** All segments, of all users; undefined where the kernel does not tell, as where it was built without System V IPC. */
export function readSegments(): Segment[] | undefined {
  return readTable('shm')?.map(segmentOf)
}

/** How the kernel lists a segment now; undefined when it is gone. */
export function readSegment(id: number): Segment | undefined {
  return readSegments()?.find((segment) => segment.id === id)
}

/** One that is removed while processes have it attached is marked, and goes away when the last of them detaches it. */
export function isRemoved(id: number): boolean {
  return readSegment(id)?.removed ?? true
}

/** A line of /proc/PID/maps for an attached segment: its inode is the segment's id, man 5 proc_pid_maps. */
const attachedLine = /^\S+ \S+ \S+ \S+ (\d+) +\/SYSV[\da-f]{8}/gm

/**
 * The pids of those who have a segment attached. Where none of them lets us look, the one who attached or detached it
 * last, which may have been somebody else.
 */
export function attachers(id: number, lastPid: number): number[] {
  const pids = readNumbers('/proc').filter((pid) => {
    const lines = readText(`/proc/${pid}/maps`)?.matchAll(attachedLine) ?? []
    return [...lines].some(([, inode]) => Number(inode) === id)
  })
  return pids.length > 0 ? pids : [lastPid]
}

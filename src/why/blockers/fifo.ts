/** open(2) of a FIFO whose other end no process has opened yet. */
import type { Stats } from 'node:fs'
import { readCommandLine } from '../../proc/cmdline.js'
import { type Access, isOpenFor } from '../../proc/open-descriptors.js'
import { absolutePath } from '../../proc/open-object.js'
import { fileAt, fileBeingOpened, fileOf, type Opening, textOf } from '../../proc/pending-open.js'
import type { Syscall } from '../../proc/syscall.js'
import { readWchan } from '../../proc/task.js'
import { noWaker, type Waking } from '../blocker.js'
import type { World } from '../snapshot.js'
import { opposite } from './pipe.js'

export interface FifoOpenBlocker extends Waking {
  kind: 'fifo-open'
  access: Access
  /** A path that leads osdemo to the FIFO. */
  path: string
  /** The path as the process gave it to the kernel. */
  argument: string
  /** Undefined where its file system may not answer. */
  inode?: number
  /** How many descriptors have its other end open. */
  holders: number
  /** How many processes there are whose descriptors cannot be seen. */
  hidden: number
  /** The pids of others that are blocked in open(2) of the same FIFO. */
  fellows: number[]
  /** Processes that wait to open another FIFO and name this one in their command line: they are likely to open it next. */
  partners: { pid: number; words: string[] }[]
}

/** A thread in open(2) of a FIFO that no longer has a name. */
export interface FifoLostBlocker extends Waking {
  kind: 'fifo-lost'
  /** The path as the process gave it to the kernel. */
  argument: string
}

/** Undefined where the thread opens no FIFO, or where that cannot be seen. */
export function fifoOpening(
  world: World,
  pid: number,
  tid: number,
  call: Syscall,
): FifoOpenBlocker | FifoLostBlocker | undefined {
  const opening = fileBeingOpened(pid, call)
  if (!opening) return undefined
  const wchan = readWchan(pid, tid)
  // In another function it waits for the file system, which must not be asked then.
  if (wchan !== undefined && wchan !== 'wait_for_partner') return undefined
  const stats = fileOf(pid, opening)
  const argument = textOf(opening.path)
  if (!stats && wchan !== undefined) return { kind: 'fifo-lost', argument, ...noWaker }
  // Where its file system may not answer, the kernel function alone shows that it is a FIFO.
  const isFifo = stats === 'silent' ? wchan !== undefined : stats?.isFIFO()
  if (!stats || !isFifo) return undefined
  const file = stats === 'silent' ? undefined : stats
  const path = file ? shortPath(pid, opening, file) : absolutePath(pid, argument, opening.base)
  const access: Access = (opening.flags & 3) === 0 ? 'reading' : 'writing'
  const { holders, ofTarget, info, hidden } = world.census()
  const all = file ? holders(file.dev, file.ino) : ofTarget(path)
  const there = all.filter((holder) => isOpenFor(opposite[access], info(holder)))
  const waiters = world.fifoWaiters().filter((other) => other.pid !== pid)
  const fellows = waiters.filter(({ dev, ino }) => dev === file?.dev && ino === file.ino)
  const likely = waiters.filter((other) => !fellows.includes(other) && mentions(other.pid, path))
  const wakers = [...new Set(likely.map((other) => other.pid))]
  return {
    kind: 'fifo-open',
    access,
    path,
    argument,
    ...(file && { inode: file.ino }),
    holders: there.length,
    hidden,
    fellows: fellows.map((other) => other.pid),
    partners: wakers.map((other) => ({ pid: other, words: readCommandLine(other) ?? [] })),
    wakers,
    open: wakers.length === 0,
    certain: wakers.length === 0,
    steps: [access === 'reading' ? { do: 'write', path } : { do: 'read', path }],
  }
}

/**
 * A path that leads osdemo to what a process opens. It begins at the root, unless another file has that path for osdemo: the
 * process may have another root or other mounts. Then it begins at the folder of that process in /proc.
 */
function shortPath(pid: number, { seen: bytes }: Opening, { dev, ino }: Stats): string {
  const seen = textOf(bytes)
  const [, place, rest] = /^\/proc\/\d+\/(cwd|root|fd\/\d+)\/(.*)$/s.exec(seen) ?? []
  const path = place === undefined || rest === undefined ? seen : absolutePath(pid, rest, place)
  const there = fileAt(path)
  return there?.dev === dev && there.ino === ino ? path : seen
}

/** Whether a path is a word of a process's command line, or of a shell's line in it. The kernel does not record it. */
function mentions(pid: number, path: string): boolean {
  const words = (readCommandLine(pid) ?? []).flatMap((word) => [word, ...word.split(/[\s;&|<>()'"`=]+/)])
  return words.some((word) => word !== '' && absolutePath(pid, word) === path)
}

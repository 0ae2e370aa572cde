/** A FIFO in open(2): nobody has opened its other end yet. */
import type { Stats } from 'node:fs'
import { readCommandLine } from '../../proc/cmdline.js'
import { type Access, isOpenFor } from '../../proc/open-descriptors.js'
import { absolutePath } from '../../proc/open-object.js'
import { fileBeingOpened, type Opening, statOrNothing } from '../../proc/pending-open.js'
import type { Syscall } from '../../proc/syscall.js'
import { readWchan } from '../../proc/task.js'
import { quoted } from '../../shell-quote.js'
import { listed, named, type Other, type World } from '../snapshot.js'
import { hiddenOnes, opposite } from './pipe.js'

/** A thread in open(2) of a FIFO whose other end nobody has opened. */
export function fifoOpening(world: World, pid: number, tid: number, call: Syscall): Other | undefined {
  const opening = fileBeingOpened(pid, call)
  const stats = opening && statOrNothing(opening.seen)
  if (opening && !stats && readWchan(pid, tid) === 'wait_for_partner') return lostFifo(pid, opening)
  if (!opening || !stats?.isFIFO()) return undefined
  const path = shortPath(pid, opening, stats)
  const access: Access = (opening.flags & 3) === 0 ? 'reading' : 'writing'
  const holders = world
    .census()
    .holders(stats.dev, stats.ino)
    .filter((holder) => isOpenFor(opposite[access], holder))
  const waiters = world.fifoWaiters().filter((other) => other.pid !== pid)
  const fellows = waiters.filter(({ dev, ino }) => dev === stats.dev && ino === stats.ino)
  const likely = waiters.filter((other) => !fellows.includes(other) && mentions(other.pid, path))
  const partners = [...new Set(likely.map((other) => other.pid))]
  const also =
    fellows.length > 0
      ? ` ${listed(fellows.map((other) => named(other.pid)))} ${fellows.length > 1 ? 'wait' : 'waits'} for the same.`
      : ''
  const probably =
    partners.length > 0
      ? ` Probably ${listed(partners.map(named))} would: its command line names this FIFO.`
      : ''
  return {
    object: `the FIFO ${path} for ${access}`,
    event: `somebody to open it for ${opposite[access]}`,
    who: `Nobody has it open for ${opposite[access]}.${also}${probably}`,
    proofs: [
      { source: `/proc/${pid}/mem`, value: opening.path, about: 'the path that it gave to the kernel' },
      { source: `stat ${path}`, value: `a FIFO, inode ${stats.ino}`, about: 'what lies there' },
      {
        source: '/proc/*/fd',
        value: `${holders.length}${hiddenOnes(world)}`,
        about: `descriptors that have it open for ${opposite[access]}`,
      },
      ...partners.map((other) => ({
        source: `/proc/${other}/cmdline`,
        value: (readCommandLine(other) ?? []).join(' '),
        about: `the command line of ${named(other)}`,
      })),
    ],
    wakers: partners,
    open: partners.length === 0,
    likely: true,
    step:
      access === 'reading'
        ? { command: `echo hello > ${quoted(path)}`, effect: 'opens it for writing, and writes a line' }
        : { command: `cat ${quoted(path)}`, effect: 'opens it for reading, and prints what comes' },
  }
}

/**
 * A path that leads us to what a process opens: as it is from the root, unless another file lies there for us, as it does where
 * that process has another root or other mounts. Then it is the way by its folder in /proc.
 */
function shortPath(pid: number, { seen: bytes }: Opening, { dev, ino }: Stats): string {
  const seen = Buffer.from(bytes, 'latin1').toString()
  const [, place, rest] = /^\/proc\/\d+\/(cwd|root|fd\/\d+)\/(.*)$/s.exec(seen) ?? []
  const path = place === undefined ? seen : absolutePath(pid, rest!, place)
  const there = statOrNothing(Buffer.from(path).toString('latin1'))
  return there?.dev === dev && there.ino === ino ? path : seen
}

/** A thread in open(2) of a FIFO that has no name any more. */
function lostFifo(pid: number, { path }: Opening): Other {
  return {
    object: `a FIFO that was ${Buffer.from(path, 'latin1').toString()}`,
    event: 'somebody to open its other end',
    who: 'That name leads to no file any more, so nobody can: it waits for ever, unless the FIFO only has another name.',
    proofs: [{ source: `/proc/${pid}/mem`, value: path, about: 'the path that it gave to the kernel' }],
    wakers: [],
    open: true,
  }
}

/** Whether a path is a word of a process's command line, or of a shell's line in it. No word of the kernel's says so. */
function mentions(pid: number, path: string): boolean {
  const words = (readCommandLine(pid) ?? []).flatMap((word) => [word, ...word.split(/[\s;&|<>()'"`=]+/)])
  return words.some((word) => word !== '' && absolutePath(pid, word) === path)
}

/** Pipes, FIFOs, file locks, and descriptors that are neither pipe nor socket. */
import type { DescriptorBlocker } from '../../../why/blockers/descriptor.js'
import type { FifoLostBlocker, FifoOpenBlocker } from '../../../why/blockers/fifo.js'
import type { FileLockBlocker } from '../../../why/blockers/file-lock.js'
import { opposite, type PipeBlocker } from '../../../why/blockers/pipe.js'
import {
  type Evidence,
  hiddenOnes,
  holderEvidence,
  holderNames,
  ownDescriptor,
  type Telling,
} from './telling.js'
import { listed, named, seconds } from './words.js'

export function tellFifoOpen(pid: number, blocker: FifoOpenBlocker): Telling {
  const { access, path, argument, inode, holders, hidden, fellows, partners } = blocker
  const other = opposite[access]
  const sentences = [
    `It opens the FIFO ${path} for ${access}, and waits until a process opens it for ${other}.`,
    `No process has it open for ${other}${hiddenOnes(hidden)}.`,
  ]
  if (fellows.length > 0) {
    sentences.push(`${listed(fellows.map(named))} ${fellows.length > 1 ? 'wait' : 'waits'} for the same.`)
  }
  if (partners.length > 0) {
    const names = listed(partners.map((partner) => named(partner.pid)))
    sentences.push(`Probably ${names} will open it: the command line names this FIFO.`)
  }
  return {
    sentences,
    evidence: [
      pathArgument(pid, argument),
      { source: `stat ${path}`, value: `a FIFO, inode ${inode}`, about: 'what lies there', data: { inode } },
      {
        source: '/proc/*/fd',
        value: `${holders}${hiddenOnes(hidden)}`,
        about: `descriptors that have it open for ${other}`,
        data: { holders, hidden },
      },
      ...partners.map((partner) => ({
        source: `/proc/${partner.pid}/cmdline`,
        value: partner.words.join(' '),
        about: `the command line of ${named(partner.pid)}`,
        data: partner.words,
      })),
    ],
  }
}

export function tellFifoLost(pid: number, { argument }: FifoLostBlocker): Telling {
  return {
    sentences: [
      `It opens a FIFO that was ${argument}, and waits until a process opens the other end.`,
      'That name leads to no file any more, so no process can open it, unless the FIFO has another name: it waits for ever.',
    ],
    evidence: [pathArgument(pid, argument)],
  }
}

function pathArgument(pid: number, argument: string): Evidence {
  return { source: `/proc/${pid}/mem`, value: argument, about: 'the path that it gave to the kernel' }
}

export function tellPipe(blocker: PipeBlocker): Telling {
  const { pid, fd, access, inode, path, fill, holders } = blocker
  const object = path === undefined ? `pipe (inode ${inode})` : `FIFO ${path}`
  const much =
    fill && access === 'writing' ? ` with ${fill.bytes} of at most ${fill.capacity} bytes in it` : ''
  const evidence = [ownDescriptor(blocker)]
  if (fill) {
    evidence.push({
      source: 'FIONREAD, F_GETPIPE_SZ',
      value: `${fill.bytes} of ${fill.capacity}`,
      about: 'bytes in it, and the most that it can hold',
      data: { ...fill },
    })
  }
  return {
    sentences: [
      access === 'reading'
        ? `Fd ${fd} is an empty ${object}: a process must write to it.`
        : `Fd ${fd} is a full ${object}${much}: a process must read from it.`,
      otherEndOf(blocker),
    ],
    evidence: [
      ...evidence,
      ...holderEvidence(holders, `has it open for ${opposite[access]}`, { folder: 'fdinfo' }),
    ],
  }

  function otherEndOf({ hidden, isWatched }: PipeBlocker): string {
    const end = access === 'reading' ? 'write end' : 'read end'
    const own = holders.find((holder) => holder.pid === pid)
    const others = holders.filter((holder) => holder.pid !== pid)
    if (others.length > 0) {
      const also = own ? `; it also has one itself (fd ${own.fd})` : ''
      return `Its ${end} is open in ${holderNames(others)}${also}.`
    }
    if (!own) return `Which process has its ${end} open cannot be seen${hiddenOnes(hidden)}.`
    const alone = `Only this process itself has its ${end} open (fd ${own.fd})`
    if (isWatched) return `${alone}.`
    return access === 'reading'
      ? `${alone}, so it never sees end of file: a reader must close the write end.`
      : `${alone}, so it never gets EPIPE: a writer must close the read end.`
  }
}

export function tellFileLock(pid: number, blocker: FileLockBlocker): Telling {
  const { file, wanted, held, holders, wakers } = blocker
  const kind = wanted.access === 'WRITE' ? 'exclusive' : 'shared'
  return {
    sentences: [
      `It waits for the ${kind} lock of ${file}, until the process that holds the lock releases it.`,
      lockHolder(),
    ],
    evidence: [
      lockEvidence(wanted, `what ${named(pid)} waits for`),
      lockEvidence(held, 'what it waits behind'),
      ...holderEvidence(holders, 'holds the lock', { folder: 'fdinfo' }),
    ],
  }

  function lockHolder(): string {
    if (wakers.length === 0) return 'Which process holds it cannot be seen.'
    const names = listed(wakers.map(named))
    if (held.kind !== 'POSIX' && holders.length === 0)
      return `${names} took it; whether others share it cannot be seen.`
    const all = ', which share the open file: all of them must close it, or one must unlock it'
    return `It is locked by ${names}${wakers.length > 1 ? all : ''}.`
  }
}

function lockEvidence(lock: FileLockBlocker['wanted'], about: string): Evidence {
  const { id, waits, kind, access, pid, file, from, to } = lock
  const value = `${id}: ${waits ? '-> ' : ''}${kind} ${access} ${pid} ${file} ${from} ${to}`
  return { source: '/proc/locks', value, about, data: { ...lock } }
}

export function tellDescriptor(blocker: DescriptorBlocker): Telling {
  return { sentences: sentencesOf(blocker), evidence: [ownDescriptor(blocker), ...moreEvidence(blocker)] }
}

function sentencesOf(blocker: DescriptorBlocker): string[] {
  const { fd, target } = blocker
  switch (blocker.kind) {
    case 'terminal':
      return blocker.access === 'reading'
        ? [
            `Fd ${fd} is the terminal ${target}: a line must be typed there.`,
            'At that terminal, Enter sends the line, and Ctrl-D on an empty one ends the input.',
          ]
        : [
            `Fd ${fd} is the terminal ${target}: it must take more output.`,
            'Its output may have been stopped by Ctrl-S there: Ctrl-Q continues it.',
          ]
    case 'terminal-emulator':
      return [
        `Fd ${fd} is the emulator's side of the terminal ${blocker.terminal}: a program must print something there.`,
        blocker.users.length > 0
          ? `It is the terminal of ${listed(blocker.users.map(named))}.`
          : 'Which programs have that terminal cannot be seen.',
      ]
    case 'eventfd':
      return [
        `Fd ${fd} is an eventfd (counter ${blocker.count ?? 'unknown'}): a thread must add to it.`,
        'Its own threads can, and every process that has inherited it.',
      ]
    case 'timerfd': {
      const { left } = blocker
      const when = left === undefined ? '' : left === 0 ? ', not set' : `, due in ${seconds(left)}`
      return [`Fd ${fd} is a timerfd${when}: its time must come.`]
    }
    case 'signalfd':
      return [`Fd ${fd} is a signalfd: a signal must arrive.`]
    case 'inotify':
      return [`Fd ${fd} is an inotify instance: a file that it watches must change.`]
    case 'eventpoll':
      return [`Fd ${fd} is an epoll instance: one of the descriptors in it must be ready.`]
    case 'pidfd':
      return [
        `Fd ${fd} is a pidfd of ${blocker.process === undefined ? 'a process' : named(blocker.process)}, which must exit.`,
      ]
    case 'file':
      return [`Fd ${fd} is ${target}: the kernel's file system or device must finish.`]
  }
}

function moreEvidence(blocker: DescriptorBlocker): Evidence[] {
  if (blocker.kind !== 'terminal-emulator') return []
  const { pid, fd, terminal, users } = blocker
  const index = terminal.split('/').at(-1)
  return [
    { source: `/proc/${pid}/fdinfo/${fd}`, value: `tty-index ${index}`, about: 'its terminal', data: users },
  ]
}

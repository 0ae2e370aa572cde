/** Pipes, FIFOs, file locks, and descriptors that are neither pipe nor socket. */
import { lockLine } from '../../../proc/locks.js'
import { counted, thousands } from '../../../text.js'
import type { DescriptorBlocker } from '../../../why/blockers/descriptor.js'
import type { FifoLostBlocker, FifoOpenBlocker } from '../../../why/blockers/fifo.js'
import type { FileLockBlocker } from '../../../why/blockers/file-lock.js'
import type { LeaseBlocker } from '../../../why/blockers/lease.js'
import { opposite, type PipeBlocker } from '../../../why/blockers/pipe.js'
import {
  type Evidence,
  hiddenOnes,
  holderNames,
  openFlags,
  ownDescriptor,
  processNames,
  type Telling,
  verb,
} from './telling.js'
import { listed, named, seconds } from './words.js'

export function tellFifoOpen(pid: number, blocker: FifoOpenBlocker): Telling {
  const { access, path, argument, inode, holders, hidden, fellows, partners } = blocker
  const other = opposite[access]
  const sentences = [`Opening a FIFO for ${access} blocks until a process opens it for ${other}.`]
  if (holders === 0 && hidden === 0) sentences.push(`No process has it open for ${other}.`)
  sentences.push(...hiddenOnes(hidden))
  if (fellows.length > 0) {
    const names = listed(fellows.map(named))
    sentences.push(`${names} ${verb(fellows, 'is', 'are')} blocked in open(2) of the same FIFO.`)
  }
  if (partners.length > 0) {
    const names = listed(partners.map((partner) => named(partner.pid)))
    const subject = verb(partners, 'its command line names', 'their command lines name')
    sentences.push(`Probably ${names} will open it: ${subject} this FIFO.`)
  }
  return {
    wait: `until a process opens the FIFO ${path} for ${other}`,
    sentences,
    proofs: [
      {
        shows: `${named(pid)} opens a FIFO for ${access}.`,
        evidence: [
          pathArgument(pid, argument),
          ...(inode === undefined
            ? []
            : [{ source: `stat ${path}`, value: 'fifo', about: `inode ${inode}`, data: { inode } }]),
        ],
      },
      {
        shows: `${holders === 0 ? 'No' : 'A'} descriptor has it open for ${other}.`,
        evidence: [
          {
            source: '/proc/*/fd',
            value: counted(holders, 'descriptor'),
            about: hidden === 0 ? '' : `of ${counted(hidden, 'process', 'processes')} not visible`,
            data: { holders, hidden },
          },
          ...partners.map((partner) => ({
            source: `/proc/${partner.pid}/cmdline`,
            value: partner.words.join(' '),
            about: '',
            data: partner.words,
          })),
        ],
      },
    ],
  }
}

export function tellFifoLost(pid: number, { argument }: FifoLostBlocker): Telling {
  return {
    wait: 'until a process opens the other end of a FIFO that has no name any longer',
    sentences: [
      `It was ${argument} when ${named(pid)} called open(2).`,
      'Without a name no process can open it, so the call blocks forever, unless a second name exists.',
    ],
    proofs: [{ shows: `${named(pid)} opens a FIFO.`, evidence: [pathArgument(pid, argument)] }],
  }
}

function pathArgument(pid: number, argument: string): Evidence {
  return { source: `/proc/${pid}/mem`, value: argument, about: 'the path in its call' }
}

export function tellPipe(blocker: PipeBlocker): Telling {
  const { pid, fd, access, path, fill, holders, hidden, isWatched } = blocker
  const end = access === 'reading' ? 'write end' : 'read end'
  const other = opposite[access]
  const own = holders.find((holder) => holder.pid === pid)
  const others = holders.filter((holder) => holder.pid !== pid)
  const noun = path === undefined ? 'pipe' : `FIFO ${path}`
  const what = path === undefined ? 'a pipe that' : `the FIFO ${path}, which`
  const act = access === 'reading' ? `for data on ${what}` : `for room in ${what}`
  const wait =
    others.length > 0
      ? `${act} ${processNames(others)} ${verb(new Set(others.map((each) => each.pid)).size, 'holds', 'hold')} open for ${other}`
      : own
        ? `${act} only ${named(pid)} itself holds open for ${other}`
        : `${act} a process holds open for ${other}`
  const adjective = isWatched || (fill && fill.bytes > 0 && access === 'reading') ? 'a' : fullness()
  return {
    wait,
    object: path === undefined ? `${adjective} pipe` : `the FIFO ${path}${isWatched ? '' : shown()}`,
    ready: access === 'reading' ? 'a process writes to it' : 'a process reads from it',
    sentences: otherEnd(),
    proofs: [
      {
        shows: fill
          ? `The ${noun} ${access === 'reading' ? `contains ${counted(fill.bytes, 'byte')}` : 'is full'}.`
          : `Fd ${fd} of ${named(pid)} is a ${path === undefined ? 'pipe' : 'FIFO'}.`,
        evidence: [ownDescriptor(blocker), ...fillEvidence()],
      },
      ...(holders.length === 0
        ? []
        : [
            {
              shows: `${processNames(holders)} ${verb(new Set(holders.map((each) => each.pid)).size, 'has', 'have')} its ${end} open.`,
              evidence: openFlags(holders),
            },
          ]),
    ],
  }

  function fullness(): string {
    return access === 'reading' ? 'an empty' : 'a full'
  }

  function shown(): string {
    if (fill && fill.bytes > 0 && access === 'reading') return ''
    return access === 'reading' ? ', which is empty' : ', which is full'
  }

  function fillEvidence(): Evidence[] {
    if (!fill) return []
    return [
      {
        source: 'FIONREAD, F_GETPIPE_SZ',
        value: `${thousands(fill.bytes)} of ${counted(fill.capacity, 'byte')}`,
        about: 'content and capacity',
        data: { ...fill },
      },
    ]
  }

  function otherEnd(): string[] {
    if (others.length > 0) {
      const names = holderNames(others)
      const held = `Its ${end} is open in ${names}.`
      return own ? [held, `${named(pid)} has that end open too, as fd ${own.fd}.`] : [held]
    }
    if (!own) return [`Not observed: which process has its ${end} open.`, ...hiddenOnes(hidden)]
    const alone = `Only ${named(pid)} itself has its ${end} open, as fd ${own.fd}.`
    if (isWatched) return [alone]
    return access === 'reading'
      ? [alone, 'So read(2) never returns end of file: a reader must close its own write end.']
      : [alone, 'So write(2) never fails with EPIPE: a writer must close its own read end.']
  }
}

export function tellFileLock(pid: number, blocker: FileLockBlocker): Telling {
  const { file, wanted, held, holders, isSeveral, wakers } = blocker
  const kind = wanted.access === 'WRITE' ? 'exclusive' : 'shared'
  const names = listed(wakers.map(named), 2)
  const isOwn = wakers.length > 0 && wakers.every((waker) => waker === pid)
  const holder = isOwn ? 'it holds itself' : `${names} ${verb(wakers, 'holds', 'hold')}`
  return {
    wait: `for the ${kind} lock of ${file}${wakers.length === 0 ? '' : `, which ${holder}`}`,
    sentences: lockHolder(),
    proofs: [
      {
        shows: `${named(pid)} waits for a lock that is held.`,
        evidence: [lockEvidence(wanted, '-> marks a lock that is waited for'), lockEvidence(held, '')],
      },
      ...(holders.length === 0
        ? []
        : [
            {
              shows: `${processNames(holders)} ${verb(new Set(holders.map((each) => each.pid)).size, 'holds', 'hold')} ${isSeveral ? 'a shared lock' : 'it'}.`,
              evidence: holders.slice(0, 4).map((holder) => ({
                source: `/proc/${holder.pid}/fdinfo/${holder.fd}`,
                value: `lock: ${lockLine(holder.lock)}`,
                about: '',
                data: { pid: holder.pid, fd: holder.fd },
              })),
            },
          ]),
    ],
  }

  function lockHolder(): string[] {
    if (wakers.length === 0) return ['Not observed: which process holds the lock.']
    if (isOwn) return ['It opened the file twice, and another of its descriptors has the lock.']
    if (held.kind !== 'POSIX' && holders.length === 0) return [`${listed(wakers.map(named))} took the lock.`]
    if (wakers.length === 1)
      return ['The lock is free when that process unlocks it, closes the file, or exits.']
    if (isSeveral) return ['Each of them has a lock of its own. All must unlock it, close the file, or exit.']
    return [
      `${listed(wakers.map(named))} share one open file description, which has the lock.`,
      'One of them must unlock it, or all must close the file.',
    ]
  }
}

function lockEvidence(lock: FileLockBlocker['wanted'], about: string): Evidence {
  return { source: '/proc/locks', value: lockLine(lock), about, data: { ...lock } }
}

/** open(2) of a file with a lease. */
export function tellLease(pid: number, { argument, holders, breakTime }: LeaseBlocker): Telling {
  const names = listed(holders.map(named))
  const file = argument === undefined ? 'a file' : argument
  return {
    wait: `until ${names || 'a process'} gives back its lease on ${file}`,
    sentences: [
      'A process with a lease must be asked before another one opens the file: fcntl(2), F_SETLEASE.',
      ...(names === '' ? ['Not observed: which process has the lease.'] : []),
      breakTime === undefined || breakTime === 0
        ? 'The kernel sets no time limit.'
        : `The kernel takes the lease ${seconds(breakTime)} after open(2) was called.`,
    ],
    proofs: [
      ...(argument === undefined
        ? []
        : [{ shows: `${named(pid)} opens a file.`, evidence: [pathArgument(pid, argument)] }]),
      {
        shows: `${names || 'A process'} ${verb(Math.max(1, holders.length), 'has', 'have')} a lease.`,
        evidence: [
          {
            source: '/proc/locks',
            value: `LEASE of ${holders.join(', ') || 'none'}`,
            about: '',
            data: holders,
          },
          ...(breakTime === undefined
            ? []
            : [
                {
                  source: '/proc/sys/fs/lease-break-time',
                  value: `${breakTime}`,
                  about: 'seconds',
                  data: breakTime,
                },
              ]),
        ],
      },
    ],
  }
}

export function tellDescriptor(blocker: DescriptorBlocker): Telling {
  const words = descriptorWords(blocker)
  return {
    ...words,
    proofs: [
      {
        shows: `Fd ${blocker.fd} of ${named(blocker.pid)} is ${words.object}.`,
        evidence: [ownDescriptor(blocker), ...moreEvidence(blocker)],
      },
    ],
  }
}

function descriptorWords(blocker: DescriptorBlocker): Omit<Telling, 'proofs'> {
  const { target } = blocker
  switch (blocker.kind) {
    case 'terminal':
      return terminalWords(blocker)
    case 'terminal-emulator': {
      const { terminal, users } = blocker
      return {
        wait: `for output of a program on the terminal ${terminal}`,
        object: `the master of the terminal ${terminal}`,
        ready: 'a program prints there',
        sentences: [
          users.length > 0
            ? `${listed(users.map(named))} ${verb(users, 'has', 'have')} that terminal open.`
            : 'Not observed: which processes have that terminal open.',
        ],
      }
    }
    case 'eventfd': {
      const { access, count, users } = blocker
      const now = count === undefined ? '' : count >= 2 ** 63 ? ', now full' : `, now ${count}`
      const act = access === 'reading' ? 'adds to' : 'reads'
      return {
        wait: `until a thread ${act} an eventfd(2) counter`,
        object: `an eventfd(2) counter${now}`,
        ready: `a thread ${act} it`,
        sentences:
          users.length > 0
            ? [`${listed(users.map(named))} ${verb(users, 'has', 'have')} it open too.`]
            : ['No other process has it open.'],
      }
    }
    case 'timerfd': {
      const { left } = blocker
      const due =
        left === undefined ? '' : left === 0 ? ' that is not set' : ` that expires in ${seconds(left)}`
      const timer = `a timer of timerfd_create(2)${due}`
      return { wait: `for ${timer}`, object: timer, ready: 'it expires', sentences: [] }
    }
    case 'signalfd':
      return {
        wait: 'for a signal, through signalfd(2)',
        object: 'a descriptor of signalfd(2)',
        ready: 'a signal arrives',
        sentences:
          blocker.signals.length > 0
            ? [
                `It accepts ${listed(
                  blocker.signals.map((name) => `SIG${name}`),
                  8,
                )}.`,
              ]
            : [],
      }
    case 'inotify':
      return {
        wait: 'until a file changes that it watches with inotify(7)',
        object: 'an inotify(7) instance',
        ready: 'a file changes that it watches',
        sentences: blocker.watches.slice(0, 4).map(({ path, ino, device, events }) => {
          const what = path ?? `inode ${ino} of device ${device}`
          return `It watches ${what} for ${events.join(', ') || 'nothing'}.`
        }),
      }
    case 'eventpoll':
      return {
        wait: 'until a descriptor in an epoll(7) instance is ready',
        object: 'an epoll(7) instance',
        ready: 'a descriptor in it is ready',
        sentences: [],
      }
    case 'pidfd': {
      const process = blocker.process === undefined ? 'a process' : named(blocker.process)
      return {
        wait: `until ${process} exits`,
        object: `a descriptor of ${process}, pidfd_open(2)`,
        ready: 'that process exits',
        sentences: [],
      }
    }
    case 'file': {
      const { servers, fileSystem } = blocker
      const names = listed(servers.map(named))
      return {
        wait:
          names === ''
            ? `until the kernel completes the call on ${target}`
            : `until ${names} answers the call on ${target}`,
        object: target,
        ready: 'the kernel completes the call',
        sentences: [
          names === ''
            ? 'Its file system or device has not answered yet.'
            : `The file system is of type ${fileSystem}: ${names} ${verb(servers, 'serves', 'serve')} it.`,
        ],
      }
    }
  }
}

/** Each side of a terminal may wait for the other. */
function terminalWords({
  access,
  target,
  emulators,
  unread = 0,
  wakers,
}: DescriptorBlocker & { kind: 'terminal' }): Omit<Telling, 'proofs'> {
  const names = listed(emulators.map(named))
  const master = names === '' ? [] : [`${names} ${verb(emulators, 'has', 'have')} its master open.`]
  const object = `the terminal ${target}`
  if (access === 'reading') {
    return {
      wait: `for a line from the terminal ${target}`,
      object,
      ready: 'a user types a line',
      // Where the other side waits for a user, it is a terminal like all others.
      sentences: wakers.length > 0 ? [...master, 'That process does not wait for input of a user.'] : [],
    }
  }
  if (unread === 0)
    return {
      wait: `until the terminal ${target} accepts more output`,
      object,
      ready: 'it accepts more output',
      sentences: ['Ctrl-S stops the output of a terminal, and Ctrl-Q continues it.'],
    }
  return {
    wait: `until ${names} reads what was printed on the terminal ${target}`,
    object,
    ready: `${names} reads what was printed`,
    sentences: [...master, `It has not read ${counted(unread, 'byte')} that were printed there.`],
  }
}

function moreEvidence(blocker: DescriptorBlocker): Evidence[] {
  if (blocker.kind === 'file' && blocker.fileSystem !== undefined)
    return [
      {
        source: `/proc/${blocker.pid}/mountinfo`,
        value: blocker.fileSystem,
        about: 'type of its file system',
        data: blocker.servers,
      },
    ]
  if (blocker.kind === 'inotify')
    return blocker.watches.map((watch) => ({
      source: `/proc/${blocker.pid}/fdinfo/${blocker.fd}`,
      value: `inotify ino:${watch.ino.toString(16)} of ${watch.device}, ${watch.events.join(' ')}`,
      about: watch.path ?? 'decoded',
      data: { ...watch },
    }))
  if (blocker.kind === 'terminal' && blocker.emulators.length > 0)
    return [
      {
        source: `/proc/${blocker.emulators[0]}/fdinfo`,
        value: `tty-index: ${blocker.target.split('/').at(-1)}`,
        about: `the master${blocker.unread === undefined ? '' : `, where ${counted(blocker.unread, 'byte')} can be read: FIONREAD`}`,
        data: {
          emulators: blocker.emulators,
          ...(blocker.unread !== undefined && { unread: blocker.unread }),
        },
      },
    ]
  if (blocker.kind !== 'terminal-emulator') return []
  const { pid, fd, terminal, users } = blocker
  const index = terminal.split('/').at(-1)
  return [{ source: `/proc/${pid}/fdinfo/${fd}`, value: `tty-index: ${index}`, about: terminal, data: users }]
}

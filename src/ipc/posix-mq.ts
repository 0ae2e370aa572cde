/**
 * POSIX message queues, mq_overview(7): a queue has a name, a capacity and a longest message, and lives in the kernel until
 * somebody unlinks it, whoever made it and however that one ended. Messages come out by priority, and in each priority in
 * the order in which they went in. On Linux the descriptor of a queue is a file descriptor: fstat(2), /proc/PID/fd and
 * read(2), which gives its bytes as text, work on it.
 */
import { fchmodSync, fstatSync } from 'node:fs'
import { errnoOf, OsdemoError, systemCallError, Unavailable, UsageError } from '../errors.js'
import { checked, native } from './libc.js'
import { mark } from './mark.js'
import { O_NONBLOCK, opened, type Queue } from './open-mq.js'

// fcntl.h of Linux; the same on x86-64 and arm64.
const access = { read: 0, write: 1, both: 2 }
const O_CREAT = 0o100
const O_EXCL = 0o200

/** What a new queue is to be like. */
export interface NewQueue {
  capacity: number
  /** In bytes. */
  messageSize: number
  /** Permissions, as of a file. */
  mode: number
}

/** Why this is no name of a queue, or undefined when it is one. */
function wrongName(name: string): string | undefined {
  if (!name.startsWith('/')) return 'it must begin with a slash'
  if (name.length < 2 || name.slice(1).includes('/')) return 'it is one slash and then a name without any'
  if (name === '/.' || name === '/..') return 'no queue can be called so'
  if (name.includes('\0')) return 'it must have no NUL'
  return Buffer.byteLength(name) > 256 ? 'after the slash it has at most 255 bytes' : undefined
}

/**
 * Makes a queue that is marked as one of osdemo's (mark.ts), and opens it for both, nonblocking.
 *
 * @returns undefined when there is one of this name already
 * @throws SystemCallError: EINVAL above the limits in /proc/sys/fs/mqueue, ENOSPC when there are too many queues, EMFILE when
 *   the queues of this user may have no more bytes (RLIMIT_MSGQUEUE) or this process no more files; UsageError when that is
 *   no name of a queue; Unavailable
 */
export function makeQueue(name: string, { capacity, messageSize, mode }: NewQueue): Queue | undefined {
  const attributes = new BigInt64Array(8)
  attributes.set([0n, BigInt(capacity), BigInt(messageSize)])
  try {
    const flags = access.both | O_NONBLOCK | O_CREAT | O_EXCL
    const fd = open(name, flags, mode | mark, attributes)
    // The umask may have taken something away.
    fchmodSync(fd, mode | mark)
    return opened(name, fd)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    const what = `a queue ${name} of ${capacity} messages of ${messageSize} bytes`
    throw systemCallError(error, `cannot make ${what}`, (errno) => makeHints[errno])
  }
}

/** Takes the mark from a queue that osdemo has made: it stays until the user removes it. @throws SystemCallError */
export function keepQueue({ name, fd }: Queue): void {
  try {
    fchmodSync(fd, fstatSync(fd).mode & 0o777 & ~mark)
  } catch (error) {
    throw systemCallError(error, `cannot keep the queue ${name}`)
  }
}

const makeHints: Record<string, string> = {
  EINVAL:
    'the kernel allows at most /proc/sys/fs/mqueue/msg_max messages of /proc/sys/fs/mqueue/msgsize_max bytes; ' +
    'root may raise them: sysctl fs.mqueue.msg_max=100',
  EMFILE:
    'either all queues of this user together may have no more bytes (see ulimit -q), or this process no more open files (see ulimit -n)',
  ENOSPC: 'there are /proc/sys/fs/mqueue/queues_max queues already; root may raise that, or remove some',
  ENOMEM: 'this machine has not so much memory',
}

/**
 * Opens a queue that is there.
 *
 * @throws SystemCallError: ENOENT when there is none, EACCES when its mode does not let us in; UsageError, Unavailable
 */
export function openQueue(
  name: string,
  purpose: 'read' | 'write' | 'both',
  { nonblocking }: { nonblocking: boolean },
): Queue {
  try {
    const flags = access[purpose] | (nonblocking ? O_NONBLOCK : 0)
    return opened(name, open(name, flags, 0, null))
  } catch (error) {
    const why = { read: 'receiving', write: 'sending', both: 'sending and receiving' }[purpose]
    throw systemCallError(error, `cannot open the queue ${name} for ${why}`, (errno) => openHints[errno])
  }
}

/** Opens a queue, nonblocking; undefined where there is none of this name. @throws as `openQueue` */
export function openIfThere(name: string, purpose: 'read' | 'write'): Queue | undefined {
  try {
    return openQueue(name, purpose, { nonblocking: true })
  } catch (error) {
    if (error instanceof OsdemoError && error.errno === 'ENOENT') return undefined
    throw error
  }
}

const openHints: Record<string, string> = {
  ENOENT: 'there is none of this name',
  EACCES: 'it belongs to somebody else, and its mode does not let you in; name another one with --name',
}

/** mq_unlink(3): the name is free at once, the queue goes with the last who has it open. @throws SystemCallError */
export function unlinkQueue(name: string): void {
  try {
    checked('mq_unlink', native('mq_unlink', 'int mq_unlink(const char *name)')(cString(name)))
  } catch (error) {
    throw systemCallError(error, `cannot remove the queue ${name}`, (errno) => openHints[errno])
  }
}

function open(name: string, flags: number, mode: number, attributes: BigInt64Array | null): number {
  if (process.platform !== 'linux') throw noQueues()
  const wrong = wrongName(name)
  if (wrong)
    throw new UsageError(`${JSON.stringify(name)} is no name of a queue: ${wrong}`, 'such as /osdemo')
  const call = native(
    'mq_open',
    'int mq_open(const char *name, int flags, unsigned int mode, void *attributes)',
  )
  try {
    const bytes = attributes && new Uint8Array(attributes.buffer)
    return checked('mq_open', call(cString(name), flags, mode, bytes))
  } catch (error) {
    if (errnoOf(error) === 'ENOSYS') throw noQueues(error)
    throw error
  }
}

function noQueues(cause?: unknown): Unavailable {
  const lack = process.platform === 'linux' ? 'this kernel' : process.platform
  return new Unavailable(`${lack} has no POSIX message queues`, 'use Linux with CONFIG_POSIX_MQUEUE', cause)
}

/** Bytes with a NUL behind them, as C wants them. */
function cString(text: string): Uint8Array {
  return Buffer.from(`${text}\0`)
}

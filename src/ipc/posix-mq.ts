/**
 * POSIX message queues, mq_overview(7). A queue has a name, a capacity and a longest message. It stays in the kernel until a
 * process unlinks it, even when its creator has exited. Messages are received by priority, and within a priority in the order
 * they were sent. On Linux the descriptor of a queue is a file descriptor: fstat(2), /proc/PID/fd and read(2), which returns
 * its state as text, work on it.
 */
import { fchmodSync, fstatSync } from 'node:fs'
import { errnoOf, OsdemoError, systemCallError, Unavailable, UsageError } from '../errors.js'
import { checked, cString, native } from './libc.js'
import { mark } from './mark.js'
import { wrongName } from './object-name.js'
import { O_NONBLOCK, opened, type Queue } from './open-mq.js'

// fcntl.h of Linux; the same on x86-64 and arm64.
const access = { read: 0, write: 1, both: 2 }
const O_CREAT = 0o100
const O_EXCL = 0o200

/** The attributes of a new queue. */
export interface NewQueue {
  capacity: number
  /** In bytes. */
  messageSize: number
  /** Permissions, as of a file. */
  mode: number
}

/**
 * Creates a queue with osdemo's mark (mark.ts), and opens it nonblocking for sending and receiving.
 *
 * @returns undefined when a queue with this name exists already
 * @throws SystemCallError: EINVAL above the limits in /proc/sys/fs/mqueue, ENOSPC when there are too many queues, EMFILE when
 *   the queues of this user have reached RLIMIT_MSGQUEUE or this process its limit of files; UsageError for a wrong name;
 *   Unavailable
 */
export function makeQueue(name: string, { capacity, messageSize, mode }: NewQueue): Queue | undefined {
  const attributes = new BigInt64Array(8)
  attributes.set([0n, BigInt(capacity), BigInt(messageSize)])
  try {
    const flags = access.both | O_NONBLOCK | O_CREAT | O_EXCL
    const fd = open(name, flags, mode | mark, attributes)
    // mq_open(2) takes the bits of the umask away.
    fchmodSync(fd, mode | mark)
    return opened(name, fd)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined
    const what = `queue ${name} of ${capacity} messages of ${messageSize} bytes`
    throw systemCallError(error, `cannot create ${what}`, (errno) => makeHints[errno])
  }
}

/** Removes osdemo's mark from a queue: it then stays until the user removes it. @throws SystemCallError */
export function keepQueue({ name, fd }: Queue): void {
  try {
    fchmodSync(fd, fstatSync(fd).mode & 0o777 & ~mark)
  } catch (error) {
    throw systemCallError(error, `cannot keep queue ${name}`)
  }
}

const makeHints: Record<string, string> = {
  EINVAL:
    'Stay below the limits in /proc/sys/fs/mqueue/msg_max and msgsize_max, or raise them as root: sysctl fs.mqueue.msg_max=100',
  EMFILE: 'Raise a limit of this shell: bytes in queues with ulimit -q, or open files with ulimit -n',
  ENOSPC: 'Remove a queue, or raise the limit as root: sysctl fs.mqueue.queues_max=512',
  ENOMEM: 'Use a smaller queue: this machine does not have that much memory.',
}

/**
 * Opens an existing queue.
 *
 * @throws SystemCallError: ENOENT when it does not exist, EACCES when its mode forbids it; UsageError, Unavailable
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
    throw systemCallError(error, `cannot open queue ${name} for ${why}`, (errno) => openHints[errno])
  }
}

/** Opens a queue nonblocking. @returns undefined when it does not exist @throws as `openQueue` */
export function openIfThere(name: string, purpose: 'read' | 'write'): Queue | undefined {
  try {
    return openQueue(name, purpose, { nonblocking: true })
  } catch (error) {
    if (error instanceof OsdemoError && error.errno === 'ENOENT') return undefined
    throw error
  }
}

const openHints: Record<string, string> = {
  ENOENT: 'Create it first: osdemo queue send hello',
  EACCES: 'Use a queue of your own with --name, or ask its owner for access.',
}

/** mq_unlink(3): the name is free at once; the kernel frees the queue after its last close(2). @throws SystemCallError */
export function unlinkQueue(name: string): void {
  try {
    checked('mq_unlink', native('mq_unlink', 'int mq_unlink(const char *name)')(cString(name)))
  } catch (error) {
    throw systemCallError(error, `cannot remove queue ${name}`, (errno) => openHints[errno])
  }
}

function open(name: string, flags: number, mode: number, attributes: BigInt64Array | null): number {
  if (process.platform !== 'linux') throw noQueues()
  const wrong = wrongName(name)
  if (wrong)
    throw new UsageError(
      `${JSON.stringify(name)} cannot be the name of a queue: ${wrong}`,
      'Use a name such as /osdemo.',
    )
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
  return new Unavailable(`${lack} has no POSIX message queues`, 'Use Linux with CONFIG_POSIX_MQUEUE.', cause)
}

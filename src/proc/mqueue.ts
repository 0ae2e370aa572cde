/** POSIX message queues: their limits in /proc/sys/fs/mqueue, and what the kernel says of one, mq_overview(7). */
import { readText } from './read.js'

export interface QueueLimits {
  /** The most messages of a queue, unless one is root: msg_max. */
  capacity: number
  /** The longest message in bytes, unless one is root: msgsize_max. */
  messageSize: number
  /** The most queues: queues_max. */
  queues: number
}

/** Where the limits are set. */
export const queueLimitsFolder = '/proc/sys/fs/mqueue'

/** Undefined where the kernel has no POSIX queues. */
export function readQueueLimits(): QueueLimits | undefined {
  const [capacity, messageSize, queues] = ['msg_max', 'msgsize_max', 'queues_max'].map((name) =>
    readText(`${queueLimitsFolder}/${name}`),
  )
  if (capacity === undefined || messageSize === undefined || queues === undefined) return undefined
  return { capacity: Number(capacity), messageSize: Number(messageSize), queues: Number(queues) }
}

/** Where the queues of this machine are listed as files, mostly /dev/mqueue; undefined where they are not mounted. */
export function queueFolder(mounts = readText('/proc/self/mounts') ?? ''): string | undefined {
  const mount = mounts.split('\n').find((line) => line.split(' ')[2] === 'mqueue')
  // A space, tab, newline or backslash in the path is written as an octal escape: man 5 proc_pid_mounts.
  return mount
    ?.split(' ')[1]
    ?.replace(/\\(\d{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)))
}

/** Parses the file of a queue, `QSIZE:0          NOTIFY:0     ...`: on one line with single spaces, and each of its fields. */
export function parseQueueFile(content: string): { text: string; fields: Record<string, number> } {
  const words = content.trim().split(/\s+/)
  const fields = words.map((word): [string, number] => {
    const [name = '', value = ''] = word.split(':')
    return [name, Number(value)]
  })
  return { text: words.join(' '), fields: Object.fromEntries(fields) }
}

/** POSIX message queues: their limits in /proc/sys/fs/mqueue, and their files, see mq_overview(7). */
import { readText } from './read.js'

export interface QueueLimits {
  /** msg_max: the largest capacity of a queue that is not made by root. */
  capacity: number
  /** msgsize_max: the largest message size in bytes of a queue that is not made by root. */
  messageSize: number
  /** queues_max: the most queues on this machine. */
  queues: number
}

/** The folder with the files of the limits. */
export const queueLimitsFolder = '/proc/sys/fs/mqueue'

/** Reads the limits; undefined where the kernel has no POSIX queues. */
export function readQueueLimits(): QueueLimits | undefined {
  const [capacity, messageSize, queues] = ['msg_max', 'msgsize_max', 'queues_max'].map((name) =>
    readText(`${queueLimitsFolder}/${name}`),
  )
  if (capacity === undefined || messageSize === undefined || queues === undefined) return undefined
  return { capacity: Number(capacity), messageSize: Number(messageSize), queues: Number(queues) }
}

/** The folder in which each queue is a file, mostly /dev/mqueue; undefined where it is not mounted. */
export function queueFolder(mounts = readText('/proc/self/mounts') ?? ''): string | undefined {
  const mount = mounts.split('\n').find((line) => line.split(' ')[2] === 'mqueue')
  // A space, tab, newline or backslash in the path is written as an octal escape: man 5 proc_pid_mounts.
  return mount
    ?.split(' ')[1]
    ?.replace(/\\(\d{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)))
}

/** Parses the file of a queue, `QSIZE:0          NOTIFY:0     ...`. @returns the line with single spaces, and its fields */
export function parseQueueFile(content: string): { text: string; fields: Record<string, number> } {
  const words = content.trim().split(/\s+/)
  const fields = words.map((word): [string, number] => {
    const [name = '', value = ''] = word.split(':')
    return [name, Number(value)]
  })
  return { text: words.join(' '), fields: Object.fromEntries(fields) }
}

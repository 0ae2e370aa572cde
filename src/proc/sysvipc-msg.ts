/** The System V message queues of this machine: /proc/sysvipc/msg, man 5 proc_sysvipc, and their limits. */
import { uptime } from 'node:os'
import { readText } from './read.js'
import { readStat } from './stat.js'
import { parseTable, processesIn, type Row, readTable } from './sysvipc.js'

export interface MessageQueue {
  id: number
  /** 0 for a queue without a key (IPC_PRIVATE). */
  key: number
  /** The permission bits. */
  mode: number
  /** The bytes and messages that it contains. */
  bytes: number
  messages: number
  /** The process that sent last and the process that received last; 0 when none has. */
  lastSender: number
  lastReceiver: number
  uid: number
  creatorUid: number
  /** The last send and the last receive, 0 for none, and the creation or the last IPC_SET, in seconds since 1970. */
  sent: number
  received: number
  changed: number
}

/** Parses the file: a line of column names, then one line for each queue. */
export function parseMessageQueues(text: string): MessageQueue[] {
  return parseTable(text).map(queueOf)
}

function queueOf({ text, number }: Row): MessageQueue {
  return {
    id: number('msqid'),
    key: number('key'),
    mode: Number.parseInt(text('perms'), 8),
    bytes: number('cbytes'),
    messages: number('qnum'),
    lastSender: number('lspid'),
    lastReceiver: number('lrpid'),
    uid: number('uid'),
    creatorUid: number('cuid'),
    sent: number('stime'),
    received: number('rtime'),
    changed: number('ctime'),
  }
}

/** All queues of all users; undefined where the kernel was built without System V IPC. */
export function readMessageQueues(): MessageQueue[] | undefined {
  return readTable('msg')?.map(queueOf)
}

/** The present entry of a queue; undefined when it has been removed. */
export function readMessageQueue(id: number): MessageQueue | undefined {
  return readMessageQueues()?.find((queue) => queue.id === id)
}

/**
 * The pids of the processes that use a queue, as far as the kernel shows: those that wait in a call on it, and the last sender and
 * the last receiver while they live. The kernel does not record other users.
 */
export function messageQueueUsers({ id, lastSender, sent, lastReceiver, received }: MessageQueue): number[] {
  const last = [
    ...(wasThere(lastSender, sent) ? [lastSender] : []),
    ...(wasThere(lastReceiver, received) ? [lastReceiver] : []),
  ]
  return [...new Set([...processesIn(['msgsnd', 'msgrcv'], id), ...last])]
}

/** Whether a process lives that began before this time, in seconds since 1970: a later one has only the same pid. */
function wasThere(pid: number, time: number): boolean {
  const stat = pid > 0 ? readStat(pid) : undefined
  if (!stat || stat.state === 'Z' || stat.state === 'X') return false
  const boot = Date.now() / 1000 - uptime()
  return boot + stat.startTicks / 100 <= time + 1
}

/** The limits of System V queues, in /proc/sys/kernel. */
export interface MessageLimits {
  /** msgmax: the longest message in bytes. */
  longest: number
  /** msgmnb: the bytes that a new queue may contain. */
  bytes: number
  /** msgmni: the most queues on this machine. */
  queues: number
}

/** Undefined where the kernel has no System V queues. */
export function readMessageLimits(): MessageLimits | undefined {
  const [longest, bytes, queues] = ['msgmax', 'msgmnb', 'msgmni'].map((name) =>
    readText(`/proc/sys/kernel/${name}`),
  )
  if (longest === undefined || bytes === undefined || queues === undefined) return undefined
  return { longest: Number(longest), bytes: Number(bytes), queues: Number(queues) }
}

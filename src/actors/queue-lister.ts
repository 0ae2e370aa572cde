/** Lists message queues, POSIX and System V: their owner, mode, and how full they are. */
import { fstatSync } from 'node:fs'
import { OsdemoError } from '../errors.js'
import { now } from '../events.js'
import { openIfThere } from '../ipc/posix-mq.js'
import { type MessageQueue, readMessageQueues } from '../proc/sysvipc-msg.js'
import { runActor } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'
import { table } from './lib/table.js'

export interface QueueListerConfig {
  /** The names of POSIX queues to look for. */
  names: string[]
  /** Those of them that osdemo created. */
  ours: string[]
  /** The ids of the System V queues that osdemo created. */
  oursById: number[]
  /** Print a table to stdout. */
  print: boolean
}

declare module '../actor-types.js' {
  interface Actors {
    'queue-lister': { config: QueueListerConfig; word: never; runsAs: 'process' }
  }
}

runActor<'queue-lister'>(async ({ say, config: { names, ours, oursById, print } }) => {
  const found = names.flatMap((name) => look(name) ?? [])
  for (const queue of found) {
    const { name, messages, capacity, messageSize, uid, mode } = queue
    const isOurs = ours.includes(name)
    const value =
      messages === null
        ? `${name}: EACCES`
        : `${name}: mq_curmsgs ${messages}, mq_maxmsg ${capacity}, mq_msgsize ${messageSize}, uid ${uid}, mode ${octal(mode)}`
    const about = isOurs ? 'made by osdemo' : ''
    say({ event: 'evidence', source: 'mq_getattr(3)', value, about, data: { ...queue, ours: isOurs } })
  }
  const at = now()
  const keyed = readMessageQueues() ?? []
  for (const queue of keyed) {
    const { key, id, mode, messages, bytes, lastSender, lastReceiver, uid } = queue
    const isOurs = oursById.includes(id)
    const value =
      `key ${key}, msqid ${id}, perms ${octal(mode)}, cbytes ${bytes}, qnum ${messages}, ` +
      `lspid ${lastSender}, lrpid ${lastReceiver}, uid ${uid}`
    const about = isOurs ? 'made by osdemo' : ''
    const data = { ...queue, ours: isOurs }
    say({ event: 'evidence', source: '/proc/sysvipc/msg', value, about, data }, at)
  }
  if (found.length + keyed.length === 0)
    return say({ event: 'note', text: 'No queue was found.', role: 'closing' })
  if (!print) return
  const rows = [found.map((queue) => rowOf(queue, ours)), keyed.map((queue) => keyedRowOf(queue, oursById))]
  const tables = rows.flatMap((each) => (each.length > 0 ? table(each) : []))
  await writeOut(Buffer.from(tables.join('\n')))
})

type FoundQueue = ReturnType<typeof look> & object

const unknown = { messages: null, capacity: null, messageSize: null, uid: null, mode: null }

/** Undefined when there is no such queue. Of one that this user may not open, only the name is known. */
function look(name: string) {
  try {
    const queue = openIfThere(name, 'read')
    if (!queue) return undefined
    const { depth: messages, capacity, messageSize } = queue.attributes()
    const { uid, mode } = fstatSync(queue.fd)
    queue.close()
    return { name, messages, capacity, messageSize, uid, mode: mode & 0o777 }
  } catch (error) {
    if (error instanceof OsdemoError && error.errno === 'EACCES') return { name, ...unknown }
    throw error
  }
}

function rowOf({ name, messages, capacity, messageSize, uid, mode }: FoundQueue, ours: string[]) {
  const cell = (value: number | null) => (value === null ? '?' : `${value}`)
  return {
    name,
    uid: cell(uid),
    mode: octal(mode),
    messages: cell(messages),
    capacity: cell(capacity),
    longest: cell(messageSize),
    note: ours.includes(name) ? 'by osdemo' : '',
  }
}

function keyedRowOf(
  { key, id, uid, mode, messages, bytes, lastSender, lastReceiver }: MessageQueue,
  ours: number[],
) {
  const pid = (number: number) => (number === 0 ? 'none' : `${number}`)
  return {
    key: `${key}`,
    id: `${id}`,
    uid: `${uid}`,
    mode: octal(mode),
    // As the kernel names them, and short: a line with long ids and pids fits into 80 columns.
    qnum: `${messages}`,
    cbytes: `${bytes}`,
    lspid: pid(lastSender),
    lrpid: pid(lastReceiver),
    note: ours.includes(id) ? 'by osdemo' : '',
  }
}

function octal(mode: number | null): string {
  return mode === null ? '?' : mode.toString(8).padStart(3, '0')
}

/** Lists POSIX message queues: their owner, mode, and how full they are. */
import { fstatSync } from 'node:fs'
import { OsdemoError } from '../errors.js'
import { openIfThere } from '../ipc/posix-mq.js'
import { runActor } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'
import { table } from './lib/table.js'

export interface QueueListerConfig {
  /** The names to look for. */
  names: string[]
  /** Those of them that osdemo created. */
  ours: string[]
  /** Print a table to stdout. */
  print: boolean
}

declare module '../actor-types.js' {
  interface Actors {
    'queue-lister': { config: QueueListerConfig; word: never; runsAs: 'process' }
  }
}

runActor<'queue-lister'>(async ({ say, config: { names, ours, print } }) => {
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
  if (found.length === 0) say({ event: 'note', text: 'No queue was found.', role: 'closing' })
  else if (print) await writeOut(Buffer.from(table(found.map((queue) => rowOf(queue, ours)))))
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

function octal(mode: number | null): string {
  return mode === null ? '?' : mode.toString(8).padStart(3, '0')
}

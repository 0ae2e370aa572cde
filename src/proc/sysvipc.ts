/** System V IPC: the tables of /proc/sysvipc, man 5 proc_sysvipc. Each begins with a line of column names. */
import { readText } from './read.js'

/** A line of a table: its words by the names of their columns. Columns were added over time, so each is found by its name. */
export interface Row {
  text(column: string): string
  number(column: string): number
}

/** Reads the text of a table. */
export function parseTable(text: string): Row[] {
  const [header = '', ...lines] = text.trimEnd().split('\n')
  const names = words(header)
  return lines.map((line) => {
    const values = words(line)
    const column = (name: string) => values[names.indexOf(name)] ?? ''
    return { text: column, number: (name) => Number(column(name)) }
  })
}

function words(line: string): string[] {
  return line.trim().split(/\s+/)
}

export interface MessageQueue {
  id: number
  key: number
  /** Bytes and messages that wait in it. */
  bytes: number
  messages: number
  /** The last that sent and the last that received; 0 when nobody has. */
  lastSender: number
  lastReceiver: number
}

/** The message queue of an id: /proc/sysvipc/msg. Undefined when there is none, or where the kernel does not tell. */
export function readMessageQueue(id: number): MessageQueue | undefined {
  const row = readTable('msg')?.find((each) => each.number('msqid') === id)
  return (
    row && {
      id,
      key: row.number('key'),
      bytes: row.number('cbytes'),
      messages: row.number('qnum'),
      lastSender: row.number('lspid'),
      lastReceiver: row.number('lrpid'),
    }
  )
}

export interface SemaphoreSet {
  id: number
  key: number
  /** How many semaphores are in it. */
  semaphores: number
}

/** The set of semaphores of an id: /proc/sysvipc/sem. Undefined when there is none, or where the kernel does not tell. */
export function readSemaphoreSet(id: number): SemaphoreSet | undefined {
  const row = readTable('sem')?.find((each) => each.number('semid') === id)
  return row && { id, key: row.number('key'), semaphores: row.number('nsems') }
}

/** Undefined where the kernel does not tell, as where it was built without System V IPC. */
export function readTable(kind: 'shm' | 'msg' | 'sem'): Row[] | undefined {
  const text = readText(`/proc/sysvipc/${kind}`)
  return text === undefined ? undefined : parseTable(text)
}

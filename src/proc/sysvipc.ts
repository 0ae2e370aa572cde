/** System V IPC: the tables of /proc/sysvipc, man 5 proc_sysvipc. Each begins with a line of column names. */
import { readText } from './read.js'

/** A line of a table. Later kernels have more columns, so a value is found by the name of its column. */
export interface Row {
  text(column: string): string
  number(column: string): number
}

/** Parses a table. */
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
  /** The bytes and messages that it contains. */
  bytes: number
  messages: number
  /** The process that sent last and the process that received last; 0 when none has. */
  lastSender: number
  lastReceiver: number
}

/** The message queue with this id: /proc/sysvipc/msg. Undefined where there is none. */
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

/** Undefined where the kernel was built without System V IPC. */
export function readTable(kind: 'shm' | 'msg' | 'sem'): Row[] | undefined {
  const text = readText(`/proc/sysvipc/${kind}`)
  return text === undefined ? undefined : parseTable(text)
}

/** System V IPC: the tables of /proc/sysvipc, man 5 proc_sysvipc. Each begins with a line of column names. */
import { isElsewhere } from './links.js'
import { readPids } from './pids.js'
import { readText } from './read.js'
import { readSyscall } from './syscall.js'
import { callName } from './syscall-names.js'
import { threads } from './task.js'

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

/** Undefined where the kernel was built without System V IPC. */
export function readTable(kind: 'shm' | 'msg' | 'sem'): Row[] | undefined {
  const text = readText(`/proc/sysvipc/${kind}`)
  return text === undefined ? undefined : parseTable(text)
}

/** The pids of the processes that are in such a call on the object with this id, of those whose system calls this user may see. */
export function processesIn(calls: readonly string[], id: number): number[] {
  const isIn = (pid: number, tid: number) => {
    const call = readSyscall(pid, tid)
    if (typeof call !== 'object' || !calls.includes(callName(call) ?? '')) return false
    return Number(BigInt.asIntN(32, call.args[0] ?? -1n)) === id
  }
  return readPids().filter((pid) => threads(pid).some((tid) => isIn(pid, tid)) && !isElsewhere(pid, 'ipc'))
}

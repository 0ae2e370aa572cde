/** The processes that lock a file: examples/locks.c takes a command per line. */
import { type FileLock, lockHolders, lockLine, readLocks } from '../../proc/locks.js'
import { compiled } from '../../run/compile.js'
import type { Stage } from '../../run/stage.js'
import { type Begun, begun } from '../shared/begun.js'
import { type LineProgram, printedNothing, startLineProgram } from '../shared/line-program.js'

export type LockKind = 'flock' | 'fcntl' | 'ofd'
export type LockAccess = 'shared' | 'exclusive'

/** How /proc/locks calls the kinds. */
export const kindNames = { flock: 'FLOCK', fcntl: 'POSIX', ofd: 'OFDLCK' } as const

export interface Party extends Pick<LineProgram, 'id' | 'name' | 'ending'> {
  /** Sends a command without waiting for it. */
  tell(command: string): void
  /** The number at the end of the next line that matches; a call that succeeded has 0. @throws DemoFailed where none comes */
  result(pattern: RegExp): Promise<{ errno: number; groups: string[] }>
  /** Sends a command, and waits until its call has returned. */
  call(command: string): Promise<{ errno: number; groups: string[] }>
  /** Sends a command whose call may wait. */
  begin(command: string): Begun<{ errno: number }>
  /** Opens the file. */
  open(): Promise<number>
}

export async function startParty(stage: Stage, name: string, path: string): Promise<Party> {
  const words = [await compiled('locks'), path]
  const program = await startLineProgram(stage, name, words)
  const result: Party['result'] = async (pattern) => {
    for (;;) {
      const line = await program.next()
      if (line === undefined) throw printedNothing(name, words)
      const [, said = '', errno] = /^(.*): (?:ok|errno (\d+))$/.exec(line) ?? []
      const found = pattern.exec(said)
      if (found) return { errno: Number(errno ?? 0), groups: found.slice(1) }
    }
  }
  const callFor = (command: string, pattern: RegExp) => {
    program.tell(command)
    return result(pattern)
  }
  return {
    ...program,
    result,
    call: (command) => callFor(command, /^/),
    begin: (command) => begun(callFor(command, /^/)),
    async open() {
      const { groups } = await callFor('open', /^open (-?\d+)$/)
      return Number(groups[0])
    },
  }
}

type Member = Pick<Party, 'id' | 'name'>

/** A process that holds a lock of the file, or waits for one. */
export type LockRow = {
  process: string
  pid: number
  kind: string
  access: string
  waits: boolean
  from: string
}

/** The locks of a file as the kernel lists them, and the processes that they belong to. */
export interface LockTable {
  /** Reads them without showing them. */
  rows(): LockRow[]
  /** Quotes each line of /proc/locks about the file. @param moment what has happened, in a few words */
  show(moment: string): LockRow[]
}

/**
 * @param file as /proc/locks names it
 * @param members the processes that may hold or want a lock
 * @param asked which process waits for the lock of this byte: the kernel lists no pid for a lock of an open file description
 */
export function lockTable(
  stage: Stage,
  file: string,
  members: readonly Member[],
  asked: (from: string) => Member | undefined = () => undefined,
): LockTable {
  const pids = members.map(({ id }) => id)
  /** The processes of a line. The lines of two shared locks differ in the pid only. */
  const ownersOf = (lock: FileLock) => {
    if (lock.waits) return [lock.pid > 0 ? lock.pid : asked(lock.from)?.id]
    return lockHolders(lock, pids).flatMap((holder) => (holder.lock.pid === lock.pid ? holder.pid : []))
  }
  const read = () =>
    (readLocks() ?? [])
      .filter((lock) => lock.file === file)
      .map((lock) => {
        const { kind, access, waits, from } = lock
        const owners = ownersOf(lock)
        const rows = members
          .filter(({ id }) => owners.includes(id))
          .map(({ id, name }) => ({ process: name, pid: id, kind, access, waits, from }))
        return { lock, rows }
      })
  return {
    rows: () => read().flatMap(({ rows }) => rows),
    show(moment) {
      const found = read()
      for (const { lock, rows } of found) {
        const names = rows.map(({ process, waits }) => `${process} ${waits ? 'waits' : 'holds it'}`)
        const data = rows.map((row) => ({ moment, ...row }))
        stage.evidence('/proc/locks', lockLine(lock), names.join(', '), { data })
      }
      if (found.length === 0)
        stage.evidence('/proc/locks', 'no lock of the file', '', { data: [{ moment, process: 'none' }] })
      return found.flatMap(({ rows }) => rows)
    },
  }
}

/** What the kernel counts of the reads and writes of a thread: /proc/PID/task/TID/io, man 5 proc_pid_io. */
import { readText } from './read.js'

export interface IoCounts {
  /** Calls of read(2) and its relatives. */
  reads: number
  /** Bytes that these calls returned. */
  bytesRead: number
  /** Calls of write(2) and its relatives. */
  writes: number
  /** Bytes that these calls were passed. */
  bytesWritten: number
}

/** Parses an io file. */
export function parseIo(text: string): IoCounts {
  const count = (field: string) => Number(new RegExp(`^${field}: (\\d+)$`, 'm').exec(text)?.[1])
  return {
    reads: count('syscr'),
    bytesRead: count('rchar'),
    writes: count('syscw'),
    bytesWritten: count('wchar'),
  }
}

/** Threads of V8 and of libuv read and write too, so only the calling thread is counted. */
const ownFile = '/proc/thread-self/io'

/**
 * Counts what the calling thread reads and writes from now on. To look is to read a file: that is subtracted.
 *
 * @returns a function that returns the counts so far; undefined where the kernel does not count (CONFIG_TASK_IO_ACCOUNTING)
 */
export function startIoCount(): (() => IoCounts) | undefined {
  const look = () => {
    const text = readText(ownFile)
    return text === undefined ? undefined : { ...parseIo(text), length: text.length }
  }
  // The first look may read more than the others, because Node prepares something.
  look()
  const [one, begin] = [look(), look()]
  if (!one || !begin) return undefined
  const readsOfLook = begin.reads - one.reads
  return () => {
    const end = look() ?? begin
    return {
      reads: end.reads - begin.reads - readsOfLook,
      // The file does not yet contain the bytes of the look itself, but those of the look before.
      bytesRead: end.bytesRead - begin.bytesRead - begin.length,
      writes: end.writes - begin.writes,
      bytesWritten: end.bytesWritten - begin.bytesWritten,
    }
  }
}

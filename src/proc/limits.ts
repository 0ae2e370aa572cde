/** Limits of a process, from /proc/PID/limits, and of the machine, from /proc/sys. */
import { folder, readText } from './read.js'

/** How many descriptors a process may have at once (`ulimit -n`), and up to which number it may raise that limit itself. */
export interface FilesLimit {
  soft: number
  hard: number
}

/** The line of a limits file; undefined without a limit, or where it cannot be read. */
export function parseFilesLimit(text: string): FilesLimit | undefined {
  const [, soft, hard] = /^Max open files +(\d+) +(\d+)/m.exec(text) ?? []
  return soft === undefined ? undefined : { soft: Number(soft), hard: Number(hard) }
}

export function readFilesLimit(pid: number): FilesLimit | undefined {
  return parseFilesLimit(readText(`${folder(pid)}/limits`) ?? '')
}

/** How many descriptors this process may have at once; undefined without a limit, or where there is no /proc. */
export function openFilesLimit(): number | undefined {
  return readFilesLimit(process.pid)?.soft
}

/** The largest capacity that an ordinary user may give a pipe, in bytes: pipe(7). Undefined where there is no /proc. */
export function pipeSizeLimit(): number | undefined {
  const text = readText('/proc/sys/fs/pipe-max-size')
  return text === undefined ? undefined : Number(text)
}

/** Reads files of /proc. They are small, and reading them never blocks. */
import { readdirSync, readFileSync } from 'node:fs'
import { errnoOf } from '../errors.js'

/**
 * The process or thread has exited (ENOENT, ESRCH), /proc is missing (ENOENT), or this user may not read it (EACCES, EPERM).
 * Every other errno, such as EMFILE, does not concern the process, so it must not look as if the process had exited.
 */
const NOT_TO_BE_SEEN = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM'])

function unlessHidden<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (NOT_TO_BE_SEEN.has(errnoOf(error) ?? '')) return undefined
    throw error
  }
}

/** The text of a file; undefined where it cannot be read. */
export function readText(path: string): string | undefined {
  return unlessHidden(() => readFileSync(path, 'utf8'))
}

/** The bytes of a file, for what need not be text; undefined where it cannot be read. */
export function readBytes(path: string): Buffer | undefined {
  return unlessHidden(() => readFileSync(path))
}

/** The entries of a folder that are numbers (pids, tids, descriptors), in ascending order; empty where it cannot be read. */
export function readNumbers(path: string): number[] {
  const names = unlessHidden(() => readdirSync(path)) ?? []
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

/** The folder of a process, or of one of its threads. */
export function folder(pid: number, tid?: number): string {
  return tid === undefined ? `/proc/${pid}` : `/proc/${pid}/task/${tid}`
}

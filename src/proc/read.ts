/** Reading files of /proc, all of them small and never blocking. */
import { readdirSync, readFileSync } from 'node:fs'
import { errnoOf } from '../errors.js'

/**
 * The process or thread ended (ENOENT, ESRCH), /proc is missing (ENOENT), or we may not look (EACCES, EPERM).
 * Anything else, such as EMFILE, is not about the process that was asked for, so it must not look like "it is gone".
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

/** The file's text, or undefined where it cannot be seen. */
export function readText(path: string): string | undefined {
  return unlessHidden(() => readFileSync(path, 'utf8'))
}

/** Those entries of a folder that are numbers (pids, tids, descriptors), the least first; empty where it cannot be seen. */
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

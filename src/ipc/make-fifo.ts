/** Making a FIFO with the program mkfifo(1), because Node has no call for it. */
import { existsSync, lstatSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname } from 'node:path'
import { getSystemErrorMap } from 'node:util'
import { DemoFailed, errnoOf, Interrupted, OsdemoError, systemCallError, Unavailable } from '../errors.js'
import { mark } from './mark.js'

/**
 * Loads what is needed to make a FIFO, and returns the function that makes it. That one is synchronous, for about two milliseconds,
 * so that no Ctrl-C can be handled between making a FIFO and deferring its removal. Only this user may open the FIFO. `marked` is
 * explained in mark.ts. It returns false when the path is taken. It throws OsdemoError; Interrupted when a signal killed mkfifo.
 */
export async function loadMkfifo() {
  const { execaSync } = await import('execa')
  return (path: string, { marked }: { marked: boolean }): boolean => {
    const words = ['-m', (marked ? 0o600 | mark : 0o600).toString(8), '--', path]
    const options = { reject: false, env: { LC_ALL: 'C' } } as const
    const { signal, cause, exitCode, failed, stderr } = started(
      () => execaSync('mkfifo', words, options),
      path,
    )
    // The terminal sends Ctrl-C's SIGINT to the whole foreground process group, mkfifo included.
    if (signal) throw new Interrupted(signal, constants.signals[signal])
    const isMissing = errnoOf(cause) === 'ENOENT'
    // Node knows the working folder by a name in which every byte that is not UTF-8 was replaced, and execa starts programs there.
    if (isMissing && !existsSync(process.cwd()))
      throw new DemoFailed(`cannot make the FIFO ${path}: the name of the working folder is not UTF-8`, {
        hint: 'Change to another folder.',
      })
    if (isMissing) throw new Unavailable('the program mkfifo is not installed', 'Install coreutils.')
    // mkfifo was not started, for example because this process has too many open files.
    if (exitCode === undefined) throw systemCallError(cause, `cannot make the FIFO ${path}`, limitHint)
    if (!failed) return true
    const there = lstatSync(path, { throwIfNoEntry: false })
    if (there?.isSymbolicLink()) {
      const hint = 'It was not changed. Remove it, or name another path with --path.'
      throw new DemoFailed(`${path} is a symbolic link to a file that does not exist`, { hint })
    }
    if (there) return false
    // mkfifo(1) prints the meaning of the errno that mkfifo(3) returned, such as `Permission denied`.
    const reason = stderr.trim().split(': ').at(-1) ?? ''
    const meaning = reason.toLowerCase()
    const errno = [...getSystemErrorMap().values()].find(([, text]) => text === meaning)?.[0]
    const hint =
      errno === 'ENOENT'
        ? `There is no folder ${missingFolder(path)}. Make it, or name another path with --path.`
        : 'Name another path with --path.'
    const why = errno === undefined ? reason : `${errno} (${meaning})`
    throw new OsdemoError(`cannot make the FIFO ${path}: mkfifo: ${why}`, 1, { call: 'mkfifo', errno, hint })
  }
}

/** The first folder on the way to a path that does not exist. `./sub/../x` needs `./sub`, although it is not in it. */
function missingFolder(path: string): string {
  for (let end = path.indexOf('/', 1); end >= 0; end = path.indexOf('/', end + 1)) {
    const folder = path.slice(0, end)
    if (!existsSync(folder)) return folder
  }
  return dirname(path)
}

/** execa throws in spite of `reject: false` when the current folder has been removed. */
function started<T>(start: () => T, path: string): T {
  try {
    return start()
  } catch (error) {
    throw systemCallError(error, `cannot make the FIFO ${path}`, limitHint)
  }
}

function limitHint(errno: string): string | undefined {
  return errno === 'EAGAIN' ? 'Raise the limit of processes of this user: ulimit -u' : undefined
}

/** Making a FIFO, by the program mkfifo(1), because Node has no call for it. */
import { lstatSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname } from 'node:path'
import { getSystemErrorMap } from 'node:util'
import { DemoFailed, errnoOf, Interrupted, OsdemoError, systemCallError, Unavailable } from '../errors.js'
import { mark } from './mark.js'

/**
 * Loads what it takes to make a FIFO, and returns the function that does it: synchronously, in two milliseconds or so, so that
 * no Ctrl-C can come between making a FIFO and having it in a scope. Only this user may open it; `marked` as in mark.ts. It returns
 * false when something lies at the path already. It throws OsdemoError; Interrupted when a signal ended mkfifo.
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
    // A Ctrl-C reaches the whole foreground group, mkfifo too.
    if (signal) throw new Interrupted(signal, constants.signals[signal])
    const isMissing = errnoOf(cause) === 'ENOENT'
    if (isMissing) throw new Unavailable('there is no program mkfifo here', 'install coreutils')
    // It could not be started, as when no more files may be open.
    if (exitCode === undefined) throw systemCallError(cause, `cannot make the FIFO ${path}`)
    if (!failed) return true
    const there = lstatSync(path, { throwIfNoEntry: false })
    const loose = { hint: 'remove it, or name another path with --path' }
    if (there?.isSymbolicLink())
      throw new DemoFailed(`${path} is a symbolic link that leads nowhere; it was left as it is`, loose)
    if (there) return false
    // mkfifo(1) says in words what mkfifo(3) told it as errno.
    const reason = stderr.trim().split(': ').at(-1) ?? ''
    const errno = [...getSystemErrorMap().values()].find(([, text]) => text === reason.toLowerCase())?.[0]
    const hint = `${errno === 'ENOENT' ? `there is no folder ${dirname(path)}: make it, or ` : ''}name another --path`
    const details = { call: 'mkfifo', errno, hint }
    throw new OsdemoError(`cannot make the FIFO ${path}: mkfifo: ${reason}`, 1, details)
  }
}

/** execa throws, whatever `reject` says, where the current folder is gone. */
function started<T>(start: () => T, path: string): T {
  try {
    return start()
  } catch (error) {
    throw systemCallError(error, `cannot make the FIFO ${path}`)
  }
}

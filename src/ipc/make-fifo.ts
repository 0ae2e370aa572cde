/** Making a FIFO, by the program mkfifo(1), because Node has no call for it. */
import { linkSync, lstatSync, unlinkSync } from 'node:fs'
import { constants as osConstants } from 'node:os'
import { dirname } from 'node:path'
import { getSystemErrorMap } from 'node:util'
import type { execaSync as ExecaSync } from 'execa'
import { DemoFailed, errnoOf, Interrupted, OsdemoError, systemCallError, Unavailable } from '../errors.js'
import { type FifoIdentity, findFifo } from './fifo.js'

/** Makes a FIFO; see `makeFifo`. */
export type MakeFifo = (path: string, draft: string, made: (identity: FifoIdentity) => void) => boolean

/**
 * Loads what it takes to run mkfifo(1), and gives the function that does it. That one is synchronous, two milliseconds
 * or so: between making a FIFO and having it in a scope nothing else can happen, so no Ctrl-C can leave one behind.
 */
export async function loadMkfifo(): Promise<MakeFifo> {
  const { execaSync } = await import('execa')
  return (path, draft, made) => makeFifo(path, draft, made, execaSync)
}

/**
 * Makes a FIFO of mode 0600, first at a draft: a name in the same folder that nobody else uses. So `made` can write down
 * its identity before anybody meets it at its path, and whatever moment we are killed at, that one is known as ours.
 *
 * @returns false when somebody else was first, and something lies at the path
 * @throws Interrupted when a signal ended mkfifo; SystemCallError when the folder is missing or not ours to write;
 *   DemoFailed when a symbolic link lies at the path that leads nowhere; Unavailable when there is no mkfifo
 */
function makeFifo(
  path: string,
  draft: string,
  made: (identity: FifoIdentity) => void,
  execaSync: typeof ExecaSync,
): boolean {
  try {
    const result = execaSync('mkfifo', ['-m', '600', '--', draft], { reject: false, env: { LC_ALL: 'C' } })
    // A Ctrl-C reaches the whole foreground group, mkfifo too.
    if (result.signal) throw new Interrupted(result.signal, osConstants.signals[result.signal])
    if (errnoOf(result.cause) === 'ENOENT') {
      throw new Unavailable('there is no program mkfifo here', 'install coreutils')
    }
    // It could not be started, as when no more files may be open.
    if (result.exitCode === undefined) throw result.cause ?? result
    if (result.failed) throw explainMkfifo(path, result.stderr)
    made(findFifo(draft)!)
    linkSync(draft, path)
    return true
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw systemCallError(error, `cannot make the FIFO ${path}`)
    requireNoLooseLink(path)
    return false
  } finally {
    removeQuietly(draft)
  }
}

/** Mostly nothing is there: then something else has failed, and that is what is to be told. */
function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // A sweep will look at it again.
  }
}

/** link(2) sees something at such a path, open(2) nothing. */
function requireNoLooseLink(path: string): void {
  if (findFifo(path) || !lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return
  throw new DemoFailed(`${path} is a symbolic link that leads nowhere; it was left as it is`, {
    hint: 'remove it, or name another path with --path',
  })
}

/** mkfifo(1) tells in words what mkfifo(3) told it as errno. */
function explainMkfifo(path: string, stderr: string): OsdemoError {
  const reason = stderr.trim().split(': ').at(-1)!
  const errno = [...getSystemErrorMap().values()].find(([, meaning]) => meaning === reason.toLowerCase())?.[0]
  const folder = dirname(path)
  const hint =
    errno === 'ENOENT'
      ? `there is no folder ${folder}: make it, or name another --path`
      : 'name another --path'
  return new OsdemoError(`cannot make the FIFO ${path}: mkfifo: ${reason}`, 1, {
    call: 'mkfifo',
    errno,
    hint,
  })
}

/** Real processes and files to look at. They are removed when the test has finished. */
import { type ChildProcess, execFileSync, type StdioOptions, spawn } from 'node:child_process'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './folders.js'

export { temporaryFolder } from './folders.js'

/** A pid that no process can have: above PID_MAX_LIMIT of 64-bit kernels. */
export const NO_PID = 2 ** 22 + 1

/** Starts a program. It is killed after the test, even if it is stopped. */
export function start(
  command: string,
  args: string[],
  stdio: StdioOptions = 'ignore',
): ChildProcess & { pid: number } {
  const child = spawn(command, args, { stdio })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  if (child.pid === undefined) throw new Error(`cannot start ${command}`)
  return child as ChildProcess & { pid: number }
}

export function makeFifo(): string {
  const path = join(temporaryFolder(), 'fifo')
  execFileSync('mkfifo', [path])
  return path
}

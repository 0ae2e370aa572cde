/** Starts `silent-file-system.mjs`. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './folders.js'
import { until } from './until.js'

const program = fileURLToPath(new URL('silent-file-system.mjs', import.meta.url))

interface SilentFileSystem {
  /** With `read` or `fifo`, a cat that is blocked in read(2) or open(2). Otherwise the file system itself. */
  pid: number
  /** A path of its folder that leads there from any mount namespace. */
  folder: string
  /** Removes the file system. Blocked processes continue. */
  release(): void
}

/** Skips the test where this is not possible. The file system is removed at the end of the test. */
export async function startSilentFileSystem(
  call: 'read' | 'fifo' | 'create' | 'write' | 'fsync',
  { skip }: { skip(condition: boolean, note: string): void },
): Promise<SilentFileSystem> {
  skip(process.getuid!() !== 0 || !existsSync('/dev/fuse'), 'needs root and /dev/fuse')
  const folder = temporaryFolder()
  // The mount is visible in this mount namespace only, and is removed with its last process.
  const command = ['--mount', process.execPath, program, folder, call]
  const daemon = spawn('unshare', command, { stdio: ['pipe', 'pipe', 'ignore'] })
  const release = () => void daemon.kill('SIGKILL')
  onTestFinished(release)
  let said = ''
  daemon.stdout.on('data', (chunk) => {
    said += chunk
  })
  const ended = new Promise<0>((resolve) => daemon.once('close', () => resolve(0)))
  const pid = await Promise.race([until(() => said.endsWith('\n') && Number(said)), ended])
  skip(pid === 0, 'needs mount namespaces and FUSE')
  return { pid, folder: `/proc/${pid}/root${folder}`, release }
}

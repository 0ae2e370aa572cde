/** A process has a file open on a file system that does not answer. No command touches that file, so none blocks. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { holders, openFiles } from '../../src/proc/fds.js'
import { newPlace, temporaryFolder, waitingActor } from '../support/osdemo.js'
import { until } from '../support/until.js'

/** The time limit of a command, in milliseconds. The slowest takes two seconds. */
const patience = 15_000

const fileSystem = fileURLToPath(new URL('../support/silent-file-system.mjs', import.meta.url))

/** Starts a process that blocks in read(2). Returns its pid and how to end it; undefined where this is not possible. */
async function startHeldProcess() {
  // The mount is visible in this mount namespace only, and is removed with its last process.
  const command = ['--mount', process.execPath, fileSystem, temporaryFolder()]
  const daemon = spawn('unshare', command, { stdio: ['pipe', 'pipe', 'ignore'] })
  const release = () => void daemon.kill('SIGKILL')
  onTestFinished(release)
  let said = ''
  daemon.stdout.on('data', (chunk) => {
    said += chunk
  })
  const ended = new Promise<'ended'>((resolve) => daemon.once('close', () => resolve('ended')))
  const pid = await Promise.race([until(() => said.endsWith('\n') && Number(said)), ended])
  return pid === 'ended' ? undefined : { pid, release }
}

test('a file on a file system that does not answer blocks no command', async ({ skip }) => {
  skip(process.getuid!() !== 0 || !existsSync('/dev/fuse'), 'needs root and /dev/fuse')
  const held = await startHeldProcess()
  skip(!held, 'needs mount namespaces and FUSE')
  const place = newPlace()
  // A killed run: the sweep of the next one asks for each process whether it uses the FIFO.
  const killed = place.osdemo(['pipe', 'read'])
  await waitingActor(killed)
  killed.child.kill('SIGKILL')
  await killed.exit
  const pid = `${held!.pid}`
  // The search for the other end looks at all descriptors of all processes.
  const reader = newPlace().sh('exec cat', { stdio: ['pipe', 'ignore', 'ignore'] })
  const lines = [
    ['clean'],
    ['doctor'],
    ['shm', 'list'],
    ['queue', 'demo'],
    ['pipe', 'demo'],
    ['process', 'tree', pid],
    ['process', 'layout', pid],
    ['why', `${reader.pid}`],
    ['why', pid],
  ]
  const runs = lines.map((line) => ({ line, run: place.osdemo(line, { env: { NO_COLOR: '1' } }) }))
  const late = new Promise<'hangs'>((resolve) => setTimeout(resolve, patience, 'hangs'))
  const endings = await Promise.all(
    runs.map(async ({ line, run }) => ({ line, exit: await Promise.race([run.exit, late]) })),
  )
  // First, before any assertion can fail: a process that is blocked there cannot be killed.
  held!.release()
  expect(endings).toEqual(lines.map((line) => ({ line, exit: 0 })))
})

test('the kind of such a file is known without asking its file system', async ({ skip }) => {
  skip(process.getuid!() !== 0 || !existsSync('/dev/fuse'), 'needs root and /dev/fuse')
  const held = await startHeldProcess()
  skip(!held, 'needs mount namespaces and FUSE')
  try {
    const file = openFiles(held!.pid).find(({ target }) => target.endsWith('/file'))!
    expect(file).toEqual({ fd: expect.any(Number), target: file.target, ino: 4_711_000_815 })
    expect(holders(file.target, 4_711_000_815)).toEqual([{ pid: held!.pid, fd: file.fd }])
  } finally {
    held!.release()
  }
})

/** A process has a file open on a file system that does not answer. No command touches that file, so none blocks. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { readFdInfoText } from '../../src/proc/fd-details.js'
import { holders, openFiles } from '../../src/proc/fds.js'
import { openObject } from '../../src/proc/open-object.js'
import { readStat } from '../../src/proc/stat.js'
import { readWchan } from '../../src/proc/task.js'
import { makeFifo, start } from '../support/children.js'
import { eventsSoFar, newPlace, waitingActor } from '../support/osdemo.js'
import { startSilentFileSystem } from '../support/silent-file-system.js'
import { until } from '../support/until.js'
import { ask, waitOf } from '../support/why-ask.js'

/** The time limit of a command, in milliseconds. The slowest takes two seconds, and many times that on a busy machine. */
const patience = 40_000

test('a file on a file system that does not answer blocks no command', async (context) => {
  const held = await startSilentFileSystem('read', context)
  const place = newPlace()
  // A killed run: the sweep of the next one asks for each process whether it uses the FIFO.
  const killed = place.osdemo(['pipe', 'read'])
  await waitingActor(killed)
  killed.child.kill('SIGKILL')
  await killed.exit
  const pid = `${held.pid}`
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
    ['why', pid, '--files'],
    ['why', pid, '--signals'],
    ['why', pid, '--stack'],
  ]
  const runs = lines.map((line) => ({ line, run: place.osdemo(line, { env: { NO_COLOR: '1' } }) }))
  const late = new Promise<'hangs'>((resolve) => setTimeout(resolve, patience, 'hangs'))
  const endings = await Promise.all(
    runs.map(async ({ line, run }) => ({ line, exit: await Promise.race([run.exit, late]) })),
  )
  // First, before any assertion can fail: a process that is blocked there cannot be killed.
  held.release()
  expect(endings).toEqual(lines.map((line) => ({ line, exit: 0 })))
})

test('the kind of such a file is known without asking its file system', async (context) => {
  const held = await startSilentFileSystem('read', context)
  try {
    const file = openFiles(held.pid).find(({ target }) => target.endsWith('/file'))!
    expect(file).toEqual({ fd: expect.any(Number), target: file.target, ino: 4_711_000_815 })
    expect(holders(file.target, 4_711_000_815)).toEqual([{ pid: held.pid, fd: file.fd }])
    expect(openObject(held.pid, file.fd)).toMatchObject({ kind: 'file', dev: undefined, ino: 4_711_000_815 })
    const answer = await ask(held.pid)
    const wait = waitOf(answer, held.pid)
    expect(wait).toMatchObject({ kind: 'file', call: 'read', fd: file.fd, fileSystem: 'fuse' })
    // The file system starts the cat. Linux before 6.15 does not report which process serves a connection.
    const daemon = readStat(held.pid)?.ppid ?? 0
    const device = openFiles(daemon).find(({ target }) => target === '/dev/fuse')
    context.skip(!device || !/^fuse_connection:/m.test(readFdInfoText(daemon, device.fd)), 'needs Linux 6.15')
    expect(wait).toMatchObject({ servers: [daemon], wakers: [daemon] })
    expect(answer.command).toBe(`kill ${daemon}`)
  } finally {
    held.release()
  }
})

test('neither a FIFO there nor a mount that was removed lazily blocks a command', async (context) => {
  const cases = [
    { call: 'read', isMounted: false },
    { call: 'fifo', isMounted: true },
    { call: 'fifo', isMounted: false },
  ] as const
  const all = await Promise.all(cases.map(({ call }) => startSilentFileSystem(call, context)))
  const place = newPlace()
  const waiting = start('cat', [makeFifo()])
  const reader = newPlace().sh('exec cat', { stdio: ['pipe', 'ignore', 'ignore'] })
  await Promise.all(
    all.map(async ({ pid, folder }, index) => {
      await until(() => /request_wait_answer|wait_for_partner/.test(readWchan(pid, pid) ?? ''))
      const words = ['-t', `${pid}`, '-m', 'umount', '-l', folder.replace(/^\/proc\/\d+\/root/, '')]
      if (!cases[index]?.isMounted) expect(spawnSync('nsenter', words).status).toBe(0)
    }),
  )
  const pids = all.map(({ pid }) => `${pid}`)
  const lines = [
    ...pids.map((pid) => ['why', pid]),
    ...pids.map((pid) => ['why', pid, '--files']),
    ['why', `${reader.pid}`],
    ['why', `${waiting.pid}`],
    ['clean'],
  ]
  const runs = lines.map((line) => ({ line, run: place.osdemo([...line, '--json']) }))
  const late = new Promise<'hangs'>((resolve) => setTimeout(resolve, patience, 'hangs'))
  const endings = await Promise.all(
    runs.map(async ({ line, run }) => ({ line, exit: await Promise.race([run.exit, late]) })),
  )
  for (const { release } of all) release()
  expect(endings).toEqual(lines.map((line) => ({ line, exit: 0 })))
  const told = runs.map(({ run }) =>
    eventsSoFar(run).flatMap((event) => ('data' in event ? [event.data] : [])),
  )
  const fifo = expect.objectContaining({ kind: 'fifo-open', access: 'reading', argument: 'file' })
  expect(told[1]).toContainEqual(fifo)
  expect(told[2]).toContainEqual(fifo)
})

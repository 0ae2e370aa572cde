/**
 * What tools print fits 80 columns, where a command to paste stays on one line. `playDemo` checks the same of every demo,
 * and plain-words.test.ts of every help page.
 */
import { spawnSync } from 'node:child_process'
import stringWidth from 'string-width'
import { expect, onTestFinished, test } from 'vitest'
import { serve } from '../support/echo-peers.js'
import { newPlace, type Run } from '../support/osdemo.js'
import { until } from '../support/until.js'

/** Waits for the end of the runs, and expects that all worked and that no line is too wide. */
async function expectNarrow(...runs: Run[]): Promise<void> {
  for (const run of runs) {
    const exit = await run.exit
    // A list has a table for each kind, with an empty line between them.
    const parts = `${run.stdout()}${run.stderr()}`.trim().split(/\n\n?/)
    expect({ exit, stderr: run.stderr() }).toMatchObject({ exit: 0 })
    expect(parts.filter((line) => line === '' || stringWidth(line) > 80)).toEqual([])
  }
}

test('pipe read, pipe write', async () => {
  const { osdemo } = newPlace()
  const reader = osdemo(['pipe', 'read'])
  await until(() => reader.stderr() !== '')
  await expectNarrow(osdemo(['pipe', 'write', 'hello']), reader)
})

test('shm write, read, list, remove', async () => {
  const { osdemo } = newPlace()
  // As long as a key can be. The kernel chooses the length of the id and of the pids.
  const key = `${1_700_000_000 + process.pid}`
  onTestFinished(() => void spawnSync('ipcrm', ['-M', key]))
  for (const words of [
    ['write', 'hello', '--key', key],
    ['read', '--key', key],
    ['list'],
    ['remove', '--key', key],
  ]) {
    await expectNarrow(osdemo(['shm', ...words]))
  }
})

test('semaphore wait, post, list, remove', async () => {
  const { osdemo } = newPlace()
  const key = `${1_600_000_000 + process.pid}`
  onTestFinished(() => void spawnSync('ipcrm', ['-S', key]))
  const waiter = osdemo(['semaphore', 'wait', '--key', key])
  await until(() => waiter.stderr() !== '')
  await expectNarrow(osdemo(['semaphore', 'post', '--key', key]), waiter)
  for (const words of [['list'], ['remove', '--key', key]])
    await expectNarrow(osdemo(['semaphore', ...words]))
})

test('queue send, receive, list, remove', async () => {
  const { osdemo } = newPlace()
  // Short, since the name is part of the command to paste.
  const name = `/t${process.pid % 100}`
  const receiver = osdemo(['queue', 'receive', '--max', '1', '--name', name])
  await until(() => receiver.stderr() !== '')
  await expectNarrow(osdemo(['queue', 'send', 'hello', '--name', name]), receiver)
  await expectNarrow(osdemo(['queue', 'send', 'hello', '--keep', '--name', name]))
  for (const words of [['list'], ['remove', '--name', name]]) await expectNarrow(osdemo(['queue', ...words]))
})

test('tcp-echo serve, tcp-echo client', async () => {
  const server = await serve()
  await expectNarrow(server.place.osdemo(['tcp-echo', 'client', 'hello', '--port', `${server.port}`]))
  server.child.kill('SIGTERM')
  await expectNarrow(server)
})

test('doctor, clean', async () => {
  const { osdemo } = newPlace()
  const reports = [osdemo(['doctor']), osdemo(['clean'])]
  for (const run of reports) {
    await run.exit
    expect(
      run
        .stdout()
        .split('\n')
        .filter((line) => stringWidth(line) > 80),
    ).toEqual([])
  }
})

/** How actors start, and how they end with their supervisor. */

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFiles } from '../../src/proc/fds.js'
import { readText } from '../../src/proc/read.js'
import { isAlive } from '../../src/proc/stat.js'
import { waitingThreads } from '../../src/proc/task.js'
import { pathWith } from '../support/folders.js'
import { withoutFfi } from '../support/no-ffi.js'
import {
  childrenOf,
  newPlace,
  parseEvents,
  processesOf,
  temporaryFolder,
  waitsForPartner,
} from '../support/osdemo.js'
import { until } from '../support/until.js'

test.each([
  ['with setpriv, by the kernel', () => ({})],
  ['without setpriv, by the kernel too, which the actor asks by FFI', () => ({ PATH: pathWith('mkfifo') })],
  ['without both, by the end of its line', () => ({ PATH: pathWith('mkfifo'), ...withoutFfi() })],
])('an actor that is blocked in open(2) dies with a supervisor killed by SIGKILL: %s', async (_, lacking) => {
  const place = newPlace()
  const run = place.osdemo(['pipe', 'read'], { env: lacking() })
  const actor = await until(() => childrenOf(run.pid).find(waitsForPartner))
  run.child.kill('SIGKILL')
  await until(() => !isAlive(actor), 2000)
  expect(await run.exit).toBe(137)
})

/** These do not notice the end of their input, because their event loop does not turn. */
test.each([
  ['setpriv', () => ({})],
  ['the actor itself', () => ({ PATH: pathWith('mkfifo') })],
])(
  'an actor that is blocked in a call of its main thread is killed by the kernel, as %s asked',
  async (_, lacking) => {
    const place = newPlace()
    const name = `/osdemo-test-${process.pid}`
    const run = place.osdemo(['queue', 'receive', '--name', name], { env: lacking() })
    const isBlocked = (pid: number) =>
      waitingThreads(pid).some(({ tid, syscall }) => tid === pid && syscall === 'mq_timedreceive')
    const actor = await until(() => childrenOf(run.pid).find(isBlocked))
    run.child.kill('SIGKILL')
    await until(() => !isAlive(actor), 2000)
    await place.osdemo(['clean', '--quiet']).exit
    expect(place.leftovers()).toEqual([])
  },
)

test('an actor has its five descriptors, and no other of the supervisor', async () => {
  const run = newPlace().osdemo(['tcp-echo', '--port', '0', '--json'])
  await until(() => run.stdout().includes('"port"'))
  const server = childrenOf(run.pid)[0]!
  const sockets = openFiles(server).filter(({ fd, target }) => fd > 2 && target.startsWith('socket:'))
  // Its two lines and its listening socket. It opened the epoll, event and pipe descriptors itself.
  expect(sockets).toHaveLength(3)
  run.child.kill('SIGINT')
  expect(await run.exit).toBe(0)
})

test('an actor has the environment of the supervisor, except certificates that Node would read at its start', async () => {
  const env = { NODE_EXTRA_CA_CERTS: '/etc/hostname', OSDEMO_TEST: 'x' }
  const run = newPlace().osdemo(['pipe', 'read', '--quiet'], { env })
  const actor = await until(() => childrenOf(run.pid).find(waitsForPartner))
  const names = readText(`/proc/${actor}/environ`)!
    .split('\0')
    .map((word) => word.split('=')[0])
  expect(names).toContain('OSDEMO_TEST')
  expect(names).not.toContain('NODE_EXTRA_CA_CERTS')
})

test.each([
  ['pipe read', 'an actor'],
  ['process layout -- sleep 1000', 'a program'],
])('%s that is ended while it starts %s waits for that one to be gone', async (words) => {
  const place = newPlace()
  const [bin, called, go] = [temporaryFolder(), join(place.folder, 'called'), join(place.folder, 'go')]
  const slow = `: > '${called}'; while [ ! -e '${go}' ]; do sleep 0.02; done`
  const stub = `#!/bin/sh\n${slow}\nPATH='${process.env.PATH}' exec setpriv "$@"\n`
  writeFileSync(join(bin, 'setpriv'), stub, { mode: 0o755 })
  const run = place.osdemo(words.split(' '), { env: { PATH: `${bin}:${process.env.PATH}` } })
  await until(() => existsSync(called))
  run.child.kill('SIGTERM')
  writeFileSync(go, '')
  expect(await run.exit).toBe(143)
  expect(processesOf(place)).toEqual([])
})

test('the run ends with exit 1 and names the actor that was killed', async () => {
  const run = newPlace().osdemo(['pipe', 'read', '--json'])
  const actor = await until(() => childrenOf(run.pid).find(waitsForPartner))
  process.kill(actor, 'SIGKILL')
  expect(await run.exit).toBe(1)
  expect(run.stderr()).toContain(`the reader (pid ${actor}) was killed by SIGKILL`)
  expect(parseEvents(run.stdout()).at(-1)).toMatchObject({ event: 'error', exit: 1 })
})

test('an actor that cannot be started for want of descriptors: the error tells what to raise', async () => {
  const run = newPlace().sh('ulimit -n 25; osdemo shm demo')
  expect(await run.exit).toBe(1)
  expect(run.stderr()).toMatch(/EMFILE.*\n.*ulimit -n/)
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
  '%s ends a run with 128 + n; no process and no FIFO is left',
  async (signal) => {
    const place = newPlace()
    const run = place.osdemo(['pipe', 'read'])
    const actor = await until(() => childrenOf(run.pid).find(waitsForPartner))
    run.child.kill(signal)
    expect(await run.exit).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGQUIT: 131 }[signal])
    expect(isAlive(actor)).toBe(false)
    expect(place.leftovers()).toEqual([])
  },
)

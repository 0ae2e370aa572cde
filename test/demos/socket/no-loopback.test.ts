/** In a new network namespace the loopback interface is down: the demos that need it are not available. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { newPlace, program } from '../../support/osdemo.js'

test.for(['udp', 'listen'])(
  'socket %s exits with 69 where the loopback interface is down',
  (name, context) => {
    const inside = ['--net', process.execPath, program, 'socket', name, '--timeout', '1s']
    const isAllowed = spawnSync('unshare', ['--net', 'true']).status === 0
    context.skip(!isAllowed, 'needs the right to unshare')
    const run = spawnSync('unshare', inside, {
      encoding: 'utf8',
      env: { ...process.env, XDG_RUNTIME_DIR: newPlace().folder },
    })
    expect(run).toMatchObject({ status: 69, stderr: expect.stringContaining('127.0.0.1') })
  },
)

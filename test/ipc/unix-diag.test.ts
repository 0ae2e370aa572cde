import { readlinkSync } from 'node:fs'
import { expect, test } from 'vitest'
import { unixPeer } from '../../src/ipc/unix-diag.js'
import { inodeOf } from '../../src/proc/fds.js'
import { start } from '../support/children.js'
import { until } from '../support/until.js'

test.runIf(process.platform === 'linux')('the two ends of a Unix socket are each other’s peers', async () => {
  // A pipe of Node's child_process is a pair of Unix sockets.
  const child = start('sleep', ['1000'], ['pipe', 'ignore', 'ignore'])
  child.stdin!.write('hello')
  const inode = await until(() => inodeOf(readlinkSync(`/proc/${child.pid}/fd/0`)))
  const { peer, unread } = await until(() => {
    const found = unixPeer(inode)
    return found?.unread ? found : undefined
  })
  expect(unread).toBe(5)
  expect(unixPeer(peer!)).toEqual({ peer: inode, unread: 0, pending: [] })
  expect(unixPeer(1)).toBeUndefined()
})

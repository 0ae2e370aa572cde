import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parseNetUnix, readUnixTable } from '../../src/proc/net-unix.js'
import { temporaryFolder } from '../support/children.js'
import { until } from '../support/until.js'

test('parses /proc/net/unix, with any characters in a path', () => {
  const text = `Num       RefCount Protocol Flags    Type St Inode Path
0000000039a3d28b: 00000003 00000000 00000000 0001 03 286006
00000000502a2d15: 00000002 00000000 00010000 0001 01 256337 /tmp/a b
0000000000000000: 00000002 00000000 00000000 0002 01    17 @name
`
  expect(parseNetUnix(text)).toEqual([
    { inode: 286006, kind: 'stream', listens: false, path: '' },
    { inode: 256337, kind: 'stream', listens: true, path: '/tmp/a b' },
    { inode: 17, kind: 'datagram', listens: false, path: '@name' },
  ])
})

test.runIf(process.platform === 'linux')('finds a listener by its path', async () => {
  const path = join(temporaryFolder(), 'socket')
  const server = createServer().listen(path)
  onTestFinished(() => void server.close())
  const row = await until(() => readUnixTable(process.pid).find((each) => each.path === path))
  expect(row).toMatchObject({ kind: 'stream', listens: true })
})

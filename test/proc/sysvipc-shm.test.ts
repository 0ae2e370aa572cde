import { spawnSync } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { attachSegment, makeSegment, privateKey, removeSegment } from '../../src/ipc/sysv-shm.js'
import { attachers, parseSegments, readSegments } from '../../src/proc/sysvipc-shm.js'

test('finds values by the names of their columns', () => {
  const text = [
    '       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap',
    '     70000          7  1640                  1024 19160     0      2  1000  1000     0     0          0          0 1790000000                  4096                     0',
    '',
  ].join('\n')
  expect(parseSegments(text)).toEqual([
    {
      key: 70_000,
      id: 7,
      mode: 0o640,
      removed: true,
      size: 1024,
      creatorPid: 19_160,
      lastPid: 0,
      attached: 2,
      uid: 1000,
      creatorUid: 0,
      changed: 1_790_000_000,
    },
  ])
  expect(parseSegments(text.split('\n')[0]!)).toEqual([])
})

test('a key above 31 bits, which the kernel lists as a negative number, is read as a negative number', () => {
  expect(parseSegments('key shmid perms\n-2147483648 1 600\n')[0]!.key).toBe(-(2 ** 31))
})

test('finds the processes that have a segment attached', () => {
  const id = makeSegment(privateKey, 4096, 0o600)!
  onTestFinished(() => removeSegment(id))
  expect(attachers(id, 4711)).toEqual([4711])
  const attached = attachSegment(id, 4096)
  expect(attachers(id, 4711)).toEqual([process.pid])
  attached.detach()
  expect(readSegments()!.find((segment) => segment.id === id)).toMatchObject({
    attached: 0,
    lastPid: process.pid,
  })
})

test('finds as many segments as ipcs(1)', ({ skip }) => {
  const { status, stdout } = spawnSync('ipcs', ['-m'], { encoding: 'utf8' })
  skip(status !== 0, 'needs ipcs of util-linux')
  const id = makeSegment(privateKey, 12_345, 0o600)!
  onTestFinished(() => removeSegment(id))
  expect(stdout).not.toContain(' 12345 ')
  expect(spawnSync('ipcs', ['-m'], { encoding: 'utf8' }).stdout).toMatch(
    new RegExp(`0x00000000 ${id} .* 600 +12345 `),
  )
})

import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lockFile, lockHolders, parseLocks, readLocks } from '../../src/proc/locks.js'
import { start, temporaryFolder } from '../support/children.js'
import { until } from '../support/until.js'

test('parses /proc/locks, with processes that wait', () => {
  const text = `1: POSIX  ADVISORY  WRITE 18470 fe:00:398611 0 EOF
2: FLOCK  ADVISORY  WRITE 19306 fe:00:2147108 0 EOF
2: -> FLOCK  ADVISORY  READ 19321 fe:00:2147108 100 199
`
  expect(parseLocks(text)).toEqual([
    {
      id: 1,
      waits: false,
      kind: 'POSIX',
      access: 'WRITE',
      pid: 18470,
      file: 'fe:00:398611',
      from: '0',
      to: 'EOF',
    },
    {
      id: 2,
      waits: false,
      kind: 'FLOCK',
      access: 'WRITE',
      pid: 19306,
      file: 'fe:00:2147108',
      from: '0',
      to: 'EOF',
    },
    {
      id: 2,
      waits: true,
      kind: 'FLOCK',
      access: 'READ',
      pid: 19321,
      file: 'fe:00:2147108',
      from: '100',
      to: '199',
    },
  ])
  expect(parseLocks('')).toEqual([])
})

test('lists a real lock, and the process that has the descriptor as its lock holder', async ({ skip }) => {
  skip(spawnSync('flock', ['--version']).status !== 0, 'needs flock')
  const path = join(temporaryFolder(), 'lock')
  const { pid } = start('flock', ['--no-fork', path, 'sleep', '1000'])
  const lock = await until(() => readLocks()?.find((each) => each.pid === pid))
  expect(lock).toMatchObject({ waits: false, kind: 'FLOCK', access: 'WRITE' })
  expect(lock.file).toBe(lockFile(statSync(path)))
  expect(lockHolders(lock, [process.pid, pid])).toEqual([
    // An fdinfo file numbers its locks from 1.
    { pid, fd: expect.any(Number), lock: { ...lock, id: 1 } },
  ])
})

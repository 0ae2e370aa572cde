import { expect, test } from 'vitest'
import { parseSets } from '../../src/proc/sysvipc-sem.js'

test('finds values by the names of their columns', () => {
  const text = [
    '       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime',
    '     70001 2147483647   700          1  1000  1001     0  1003 1790000001 1790000000',
    '',
  ].join('\n')
  expect(parseSets(text)).toEqual([
    {
      key: 70_001,
      id: 2_147_483_647,
      mode: 0o700,
      semaphores: 1,
      uid: 1000,
      creatorUid: 0,
      operated: 1_790_000_001,
      changed: 1_790_000_000,
    },
  ])
  expect(parseSets(text.split('\n')[0]!)).toEqual([])
})

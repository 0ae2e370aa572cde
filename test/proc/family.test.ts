import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { readCommandLine } from '../../src/proc/cmdline.js'
import { descendants, parseChildren, readFamily, readLineage } from '../../src/proc/family.js'
import { isKernelThread, readStat, readWaitStatus } from '../../src/proc/stat.js'
import { parsePasswd } from '../../src/proc/users.js'
import { NO_PID, start } from '../support/children.js'
import { until } from '../support/until.js'

test('a children file contains pids, each followed by a space, or nothing', () => {
  expect(parseChildren('12 13 4194303 ')).toEqual([12, 13, 4194303])
  expect(parseChildren('')).toEqual([])
})

test('the first name of a uid is used, and malformed lines are ignored', () => {
  const text = 'root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\n# note\n+::::::\nmeier:x:1000:100:a:b:c\n'
  expect([...parsePasswd(text)]).toEqual([
    [0, 'root'],
    [1000, 'meier'],
  ])
})

test('a family is drawn with each child below its parent', () => {
  const children: Record<number, number[]> = { 1: [2, 5], 2: [3, 4], 5: [6] }
  const family = { source: 'a test', children: (pid: number) => children[pid] ?? [] }
  expect(descendants(family, 1).map(({ pid, branch }) => `${branch}${pid}`)).toEqual([
    '├─ 2',
    '│  ├─ 3',
    '│  └─ 4',
    '└─ 5',
    '   └─ 6',
  ])
})

describe.runIf(process.platform === 'linux')('real processes', { timeout: 30_000 }, () => {
  test('a child is among the descendants of this test, and its ancestors lead to the first process', async () => {
    const { pid } = start('sleep', ['100'])
    const { members, missing } = readLineage(pid)
    expect(members.slice(0, 2).map((stat) => stat.pid)).toEqual([pid, process.pid])
    expect([members.at(-1)!.ppid, missing]).toEqual([0, 0])
    expect(descendants(readFamily(), process.pid).map((one) => one.pid)).toContain(pid)
    expect(readFamily().children(pid)).toEqual([])
    await until(() => readCommandLine(pid)?.join(' ') === 'sleep 100')
  })

  test('a process that does not exist has no family', () => {
    expect(readLineage(NO_PID)).toEqual({ members: [], missing: 0 })
    expect(readFamily().children(NO_PID)).toEqual([])
    expect(readCommandLine(NO_PID)).toBeUndefined()
    expect(readWaitStatus(NO_PID)).toBeUndefined()
  })

  test('a zombie keeps its exit code, and has no command line', async () => {
    // The shell becomes cat, which never reaps the child. The child exits after that.
    const script = '(read -r word <&3; exit 7) & exec cat'
    const parent = start('sh', ['-c', script], ['pipe', 'ignore', 'inherit', 'pipe'])
    await until(() => readCommandLine(parent.pid)?.[0] === 'cat')
    const zombie = await until(() => readFamily().children(parent.pid)[0])
    expect(readWaitStatus(zombie)).toBe(0)
    parent.stdio[3]!.destroy()
    await until(() => readStat(zombie)?.state === 'Z')
    expect(readWaitStatus(zombie)).toBe(7 * 256)
    expect(readCommandLine(zombie)).toEqual([])
  })

  test('a thread of the kernel is recognized', ({ skip }) => {
    expect(isKernelThread(process.pid)).toBe(false)
    skip(readStat(2)?.comm !== 'kthreadd', 'needs to see the threads of the kernel')
    expect(isKernelThread(2)).toBe(true)
    expect(readFileSync('/proc/2/cmdline', 'utf8')).toBe('')
  })
})

/** Which processes have an object open: every process of the machine is asked, so each read counts. */
import { statSync } from 'node:fs'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { takeCensus } from '../../src/proc/open-descriptors.js'
import * as read from '../../src/proc/read.js'
import { readStat } from '../../src/proc/stat.js'
import { makeFifo, start } from '../support/children.js'
import { childrenOf } from '../support/osdemo.js'
import { until } from '../support/until.js'

// Test files share their modules. What another one has loaded would not see the mock.
vi.hoisted(() => vi.resetModules())
afterAll(() => void vi.resetModules())

vi.mock('../../src/proc/read.js', async (original) => {
  const real: typeof read = await original()
  return { ...real, readText: vi.fn(real.readText) }
})

/** The files of /proc that were read since the test began. */
const readFiles = () => vi.mocked(read.readText).mock.calls.map(([path]) => path)
beforeEach(() => void vi.mocked(read.readText).mockClear())

describe.runIf(process.platform === 'linux')('a census', () => {
  test('reads no fdinfo for what the links show, however many processes there are', async () => {
    const { pid } = start('sh', ['-c', 'sleep 1000 | sleep 1000; exit'])
    const sleeps = await until(() => {
      const all = childrenOf(pid).filter((each) => readStat(each)?.comm === 'sleep')
      return all.length === 2 && all
    })
    const census = takeCensus()
    const ends = census.withTarget((target) => target.startsWith('pipe:'))
    const read = readFiles()
    for (const each of sleeps) process.kill(each, 'SIGKILL')
    expect(ends).toEqual(expect.arrayContaining(sleeps.map((each) => expect.objectContaining({ pid: each }))))
    expect(read.filter((path) => path.includes('fdinfo'))).toEqual([])
  })

  test('finds each descriptor of a FIFO, and asks once for its mount', async () => {
    const fifo = makeFifo()
    const many = `exec 3<>"$1" 4<>"$1" 5<>"$1" 6<>"$1" 7<>"$1" 8<>"$1"; read line`
    const { pid } = start('sh', ['-c', many, 'sh', fifo], ['pipe', 'ignore', 'ignore'])
    const { dev, ino } = statSync(fifo)
    const fds = await until(() => {
      const found = takeCensus().holders(dev, ino)
      return found.length === 6 && found
    })
    expect(fds).toEqual([3, 4, 5, 6, 7, 8].map((fd) => expect.objectContaining({ pid, fd })))
    const census = takeCensus()
    vi.mocked(read.readText).mockClear()
    expect(census.holders(dev, ino)).toHaveLength(6)
    const first = readFiles()
    expect(first.filter((path) => path.endsWith('mountinfo')).length).toBeLessThanOrEqual(1)
    // The second answer reads nothing more.
    expect(census.holders(dev, ino)).toHaveLength(6)
    expect(readFiles()).toEqual(first)
  })
})

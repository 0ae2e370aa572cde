/** `osdemo process exit`: the status of each child, and how often a line in a buffer arrives. */
import { describe, expect, test } from 'vitest'
import { isAlive } from '../../../src/proc/stat.js'
import { noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { playDemo } from '../../support/osdemo.js'

describe.skipIf(noCompiler)(`the ends of C programs${whyNoCompiler}`, () => {
  test('wait(2) returns what the kernel has kept, and a buffer is written once, twice or never', async () => {
    const events = await playDemo(['process', 'exit'])
    const statuses = [0x300, 0x300, 15, 6]
    const returned = dataFrom(events, /^waitpid/) as { status: number }[]
    expect(returned.map(({ status }) => status)).toEqual(statuses)
    expect(dataFrom(events, /^\/proc\/\d+\/stat$/)).toEqual(statuses)
    const times = (dataFrom(events, /^read\(2\)/) as { times: number }[]).map(({ times }) => times)
    // Where there is no terminal, the last one is missing.
    expect([1, 0, 2, 1, 1, 1].slice(0, times.length)).toEqual(times)
    expect(claimIdsOf(events)).toContain('exit/child-quick-exit-writes-nothing')
    expect(only(events, 'exited').map(({ code, signal }) => code ?? signal)).toEqual([
      3,
      3,
      'SIGTERM',
      'SIGABRT',
      0,
    ])
    const processes = only(events, 'started').map(({ child }) => child)
    expect(processes.filter((pid) => isAlive(pid))).toEqual([])
  })
})

/** `osdemo signal demo`: its sets of signals are the kernel's, and none of its processes is left. */
import { describe, expect, test } from 'vitest'
import { isAlive } from '../../../src/proc/stat.js'
import { noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { playDemo } from '../../support/osdemo.js'
import { slideOf, valuesOf } from '../../support/slide.js'

describe.skipIf(noCompiler)(`signals of a C program${whyNoCompiler}`, () => {
  test('the sets in /proc contain what was caught, ignored, blocked and sent', async () => {
    const events = await playDemo(['signal', 'demo'])
    const sets = dataFrom(events, /^\/proc\/\d+\/status$/) as { field: string; signals: number[] }[]
    // SIGHUP, SIGUSR1, SIGUSR2, SIGTERM; SIGRTMIN of glibc is 34.
    expect(
      sets.map(({ field, signals }) => `${field} ${signals.filter((one) => one < 32)}`).slice(0, 7),
    ).toEqual(['SigCgt ', 'SigCgt 1,10', 'SigIgn 12', 'ShdPnd ', 'SigBlk 1,10', 'SigPnd 1', 'ShdPnd 10'])
    const blocked = sets.find(({ signals }) => signals.length > 50)
    expect(blocked?.signals).not.toContain(9)
    expect(blocked?.signals).not.toContain(19)
    expect(sets.at(-1)).toEqual({ field: 'ShdPnd', signals: [15] })

    const reads = dataFrom(events, /^stdout of pid/)
    expect(reads).toContainEqual({ result: -1, errno: 4, runs: 1 })
    expect(reads).toContainEqual({ result: 6, errno: 0, runs: 1 })
    expect(claimIdsOf(events)).toHaveLength(13)

    const slide = slideOf(events)
    expect(valuesOf(slide, 'data-delivered')).toEqual(['1', '3'])
    expect(valuesOf(slide, 'data-result')).toEqual(['EINTR', '6 bytes'])
    expect(valuesOf(slide, 'data-zombies')).toEqual(['2', '0'])
    expect(valuesOf(slide, 'data-outcome')).toHaveLength(4)

    const processes = only(events, 'started').map(({ child }) => child)
    expect(processes.filter((pid) => isAlive(pid))).toEqual([])
    expect(only(events, 'exited').map(({ name, signal }) => `${name} ${signal}`)).toEqual([
      'child SIGUSR1',
      'receiver SIGKILL',
    ])
  })
})

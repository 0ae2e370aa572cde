/** `osdemo lock demo`: what it shows of /proc/locks, and that neither a process nor the file is left. */
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isAlive } from '../../../src/proc/stat.js'
import { noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { playDemo } from '../../support/osdemo.js'
import { slideOf, valuesOf } from '../../support/slide.js'

describe.skipIf(noCompiler)(`file locks${whyNoCompiler}`, () => {
  test('/proc/locks lists the holders and the processes that wait, and nothing is left', async () => {
    const events = await playDemo(['lock', 'demo'])
    const rows = dataFrom(events, '/proc/locks').flat() as Record<string, unknown>[]
    const at = (wanted: string) =>
      rows
        .filter(({ moment }) => moment === wanted)
        .map(({ process, kind, waits }) => `${process} ${kind}${waits ? ' waits' : ''}`)
        .sort()
    expect(at('both share')).toEqual(['first FLOCK', 'second FLOCK'])
    expect(at('second asks')).toEqual(['first FLOCK', 'second FLOCK waits'])
    expect(at('flock: fork')).toEqual(['child FLOCK', 'first FLOCK'])
    expect(at('fcntl: fork')).toEqual(['first POSIX'])
    expect(at('fcntl: close')).toEqual(['none undefined'])
    expect(at('ofd: both ask')).toEqual([
      'first OFDLCK',
      'first OFDLCK waits',
      'second OFDLCK',
      'second OFDLCK waits',
    ])
    expect(claimIdsOf(events)).toHaveLength(11)
    expect(valuesOf(slideOf(events), 'data-locks')).toHaveLength(12)

    const processes = only(events, 'started').map(({ child }) => child)
    expect(processes.filter((pid) => isAlive(pid))).toEqual([])
    const [made] = only(events, 'created')
    expect(only(events, 'removed').map(({ id }) => id)).toEqual([made?.id])
    expect(existsSync(made?.id ?? '')).toBe(false)
  })
})

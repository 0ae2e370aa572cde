/** `osdemo process exec`: what /proc reports of a process before execve(2) and after it. */
import { describe, expect, test } from 'vitest'
import { isAlive } from '../../../src/proc/stat.js'
import { noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { claimIdsOf, only } from '../../support/facts.js'
import { playDemo } from '../../support/osdemo.js'
import { slideOf, valuesOf } from '../../support/slide.js'

describe.skipIf(noCompiler)(`a C program that executes another one${whyNoCompiler}`, () => {
  test('one process has two programs, and what it keeps is in the table', async () => {
    const events = await playDemo(['process', 'exec'])
    const processes = only(events, 'started').map(({ child }) => child)
    expect(processes).toHaveLength(1)
    expect(processes.filter((pid) => isAlive(pid))).toEqual([])
    expect(claimIdsOf(events)).toContain('exec/returns-only-when-it-fails')

    const rows = only(events, 'claim').flatMap(({ row }) => (row ? [Object.values(row.cells)] : []))
    const [pid = [], name = [], ...others] = rows
    expect(pid.slice(1)).toEqual([`${processes[0]}`, `${processes[0]}`])
    expect(name[1]).toMatch(/^before-exec/)
    expect(name[2]).toMatch(/^after-exec/)
    const nice = others.find(([part]) => part === 'nice value')
    expect(nice?.[1]).toMatch(/^-?\d+$/)
    expect(nice?.[2]).toBe(nice?.[1])
    expect(others.filter((row) => row !== nice)).toEqual([
      ['variable', expect.anything(), 'not mapped'],
      ['descriptor 3', '/dev/null', '/dev/null'],
      ['descriptor 4', '/dev/zero, O_CLOEXEC', 'closed'],
      ['working folder', '/dev', '/dev'],
      ['SIGUSR1', 'handler', 'default action'],
      ['SIGUSR2', 'ignored', 'ignored'],
      ['SIGHUP', 'blocked, pending', 'blocked, pending'],
    ])

    const first = events.findIndex((event) => event.event === 'claim' && event.id === 'exec/keeps-pid')
    expect(events[first - 1]).toMatchObject({ event: 'evidence', source: `/proc/${processes[0]}/stat` })

    const slide = slideOf(events)
    expect(valuesOf(slide, 'data-kept')).toHaveLength(6)
    expect(valuesOf(slide, 'data-replaced')).toEqual(['name', 'variable', 'descriptor 4', 'SIGUSR1'])
  })
})

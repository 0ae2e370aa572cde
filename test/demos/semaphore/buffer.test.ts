/** `osdemo semaphore buffer`: the values of the kernel at each step, what was counted, and that nothing is left. */
import { describe, expect, test } from 'vitest'
import { isAlive } from '../../../src/proc/stat.js'
import { readSet } from '../../../src/proc/sysvipc-sem.js'
import { readSegment } from '../../../src/proc/sysvipc-shm.js'
import { noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { playDemo } from '../../support/osdemo.js'
import { slideOf, valuesOf } from '../../support/slide.js'

describe.skipIf(noCompiler)(`the bounded buffer${whyNoCompiler}`, () => {
  test('the values of the semaphores follow each step, all numbers arrive, and nothing is left', async () => {
    const events = await playDemo(['semaphore', 'buffer'])
    const rows = dataFrom(events, 'semctl(2)').flat() as Record<string, unknown>[]
    const values = rows.map(
      ({ free, filled, mutex, freeWaiting, filledWaiting, mutexWaiting }) =>
        `${free} ${filled} ${mutex}, ${freeWaiting} ${filledWaiting} ${mutexWaiting}`,
    )
    expect(values).toEqual([
      '4 0 1, 0 0 0',
      '3 1 1, 0 0 0',
      '2 2 1, 0 0 0',
      '1 3 1, 0 0 0',
      '0 4 1, 0 0 0',
      '0 4 1, 1 0 0',
      '0 4 1, 0 0 0',
      '4 0 1, 0 0 0',
      '4 0 1, 0 1 0',
      '4 0 1, 0 0 0',
      '0 2 0, 2 0 2',
      '1 3 1, 0 0 0',
    ])
    expect(dataFrom(events, 'the processes')).toEqual([{ put: 200, taken: 200, lost: 0, wrong: 0 }])
    const counts = dataFrom(events, 'the buffer').flat() as Record<string, unknown>[]
    expect(counts.map(({ put, taken, left }) => `${put} ${taken} ${left}`)).toEqual([
      '1 2 -1',
      '1 1 0',
      '2 2 0',
    ])
    const pids = new Map(only(events, 'started').map(({ name, child }) => [name, child]))
    expect(dataFrom(events, 'wait-for graph')).toEqual([
      { consumer: pids.get('C1'), wakers: [pids.get('P1')], semaphore: 0 },
    ])
    expect(claimIdsOf(events)).toHaveLength(9)

    const slide = slideOf(events)
    expect(valuesOf(slide, 'data-step')).toHaveLength(10)
    expect(valuesOf(slide, 'data-count')).toEqual(['1 2', '2 2'])
    expect(valuesOf(slide, 'data-stuck')).toEqual(['yes'])

    expect([...pids.values()].filter((pid) => isAlive(pid))).toEqual([])
    const made = only(events, 'created').map(({ kind, id }) => `${kind} ${id}`)
    const removed = only(events, 'removed').map(({ kind, id }) => `${kind} ${id}`)
    expect(removed.sort()).toEqual(made.sort())
    const idOf = (kind: string) => Number(made.find((one) => one.startsWith(kind))?.replace(/\D+/, ''))
    expect([readSet(idOf('semaphore')), readSegment(idOf('segment'))]).toEqual([undefined, undefined])
  })
})

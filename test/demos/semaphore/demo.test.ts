/** `osdemo semaphore demo`: what the kernel says about the set at each moment, and that nothing is left. */
import { expect, test } from 'vitest'
import { semaphoreAt } from '../../../src/ipc/posix-sem.js'
import { isAlive } from '../../../src/proc/stat.js'
import { readSet } from '../../../src/proc/sysvipc-sem.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { playDemo } from '../../support/osdemo.js'
import { slideOf, valuesOf } from '../../support/slide.js'

test('two of four processes are inside, killed ones with and without SEM_UNDO, and nothing is left', async () => {
  const events = await playDemo(['semaphore', 'demo'])
  const moments = dataFrom(events, 'semctl(2)') as Record<string, unknown>[][]
  const told = moments.map((rows) => {
    const states = rows.map(({ state }) => `${state}`[0]).join('')
    return `${rows[0]?.value} ${rows[0]?.waiting} ${states}`
  })
  const [before, after] = [told.slice(0, 5), told.slice(5)]
  expect(before).toEqual(['2 0 oooo', '1 0 iooo', '0 0 iioo', '0 1 iiwo', '0 2 iiww'])
  // The kernel wakes them in the order in which they came.
  expect(after).toEqual(['0 1 oiiw', '0 0 okii', '0 1 wkik'])
  const last = moments.at(-1)?.find(({ pid, lastUser }) => pid === lastUser)
  expect(last).toMatchObject({ process: 'worker-4', state: 'killed', undo: false })
  expect(claimIdsOf(events)).toHaveLength(10)
  const slide = slideOf(events)
  expect(valuesOf(slide, 'data-value')).toEqual(['2', '1', '0', '0', '0', '0', '0', '0'])
  expect(valuesOf(slide, 'data-waiting').at(-2)).toBe('worker-1')
  // The mode of a new set only marks it as ours.
  const listed = only(events, 'evidence').find(({ source }) => source === '/proc/sysvipc/sem')
  expect(listed?.value).toMatch(/^semid \d+, nsems 1$/)

  const processes = only(events, 'started').map(({ child }) => child)
  expect(processes.filter((pid) => isAlive(pid))).toEqual([])
  const made = only(events, 'created').map(({ id }) => id)
  expect(only(events, 'removed').map(({ id }) => id)).toEqual(made)
  const [set = '', named = ''] = made
  expect([readSet(Number(set.slice(3))), semaphoreAt(named)]).toEqual([undefined, undefined])
})

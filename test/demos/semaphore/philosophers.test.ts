/** `osdemo semaphore philosophers`: what it shows of the deadlock, and that neither a process nor the set is left. */
import { describe, expect, test } from 'vitest'
import { semaphoreBuffer } from '../../../src/demos/semaphore/buffer.js'
import { semaphorePhilosophers } from '../../../src/demos/semaphore/philosophers.js'
import { isAlive } from '../../../src/proc/stat.js'
import { readSet } from '../../../src/proc/sysvipc-sem.js'
import { noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { playDemo } from '../../support/osdemo.js'
import { perform } from '../../support/perform.js'
import { procSays } from '../../support/proc-says.js'
import { slideOf, valuesOf } from '../../support/slide.js'

const places = [0, 1, 2, 3, 4]
const next = (place: number) => (place + 1) % places.length

describe.skipIf(noCompiler)(`philosophers${whyNoCompiler}`, () => {
  test('each has its left fork and waits for the right one, why finds the circle, and nothing is left', async () => {
    const events = await playDemo(['semaphore', 'philosophers'])
    const pids = places.map(
      (place) => only(events, 'started').find(({ name }) => name === `P${place}`)?.child,
    )
    expect(dataFrom(events, 'semctl(2)').flat()).toEqual(
      places.map((place) => ({ moment: 'deadlock', fork: place, value: 0, waiting: 1, holder: place })),
    )
    expect(dataFrom(events, /^\/proc\/\d+\/syscall$/).flat()).toEqual(
      places.map((place) => ({
        moment: 'deadlock',
        philosopher: place,
        pid: pids[place],
        has: place,
        waitsFor: next(place),
      })),
    )
    expect(dataFrom(events, 'wait-for graph')).toEqual([{ kind: 'deadlock', members: pids, certain: false }])
    expect(claimIdsOf(events)).toHaveLength(7)

    const slide = slideOf(events)
    expect(valuesOf(slide, 'data-waits')).toEqual(places.map((place) => `P${place} ${next(place)}`))
    expect(valuesOf(slide, 'data-has')).toEqual(places.map((place) => `P${place} ${place}`))

    const ended = only(events, 'exited').filter(({ name }) => name !== 'parent')
    expect(ended.map(({ signal }) => signal).filter((signal) => signal !== null)).toEqual(['SIGKILL'])
    expect(ended).toHaveLength(10)
    expect(only(events, 'started').filter(({ child }) => isAlive(child))).toEqual([])
    const [made] = only(events, 'created')
    expect(only(events, 'removed').map(({ id }) => id)).toEqual([made?.id])
    expect(readSet(Number(made?.id.replace('id ', '')))).toBeUndefined()
  })

  test.each([
    ['philosophers', semaphorePhilosophers, ['hold-and-wait', 'no-preemption', 'circular-wait']],
    ['buffer', semaphoreBuffer, ['why-names-the-holder']],
  ] as const)(
    '%s: where the kernel hides system calls, nothing is claimed about them',
    async (topic, demo, hidden) => {
      procSays(/\/syscall$/, () => undefined)
      const { events, error } = await perform(demo)
      expect(error).toBeUndefined()
      const ids = claimIdsOf(events)
      expect(ids.filter((id) => hidden.some((name) => id === `${topic}/${name}`))).toEqual([])
      expect(only(events, 'note').filter(({ role }) => role === 'aside')).toHaveLength(1)
    },
  )
})

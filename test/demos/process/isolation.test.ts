/** `osdemo process isolation`: what it shows to root and to an ordinary user. */
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { processIsolation } from '../../../src/demos/process/isolation.js'
import type { Event } from '../../../src/events.js'
import * as memory from '../../../src/proc/process-memory.js'
import { noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { pathWith } from '../../support/folders.js'
import {
  newPlace,
  outcome,
  parseEvents,
  placeOfNobody,
  playDemo,
  temporaryFolder,
} from '../../support/osdemo.js'
import { perform } from '../../support/perform.js'
import { mayReadFrames } from '../../support/rights.js'
import { slideOf, valuesOf } from '../../support/slide.js'

const everywhere = [
  'isolation/same-address-has-different-content',
  'isolation/reading-needs-a-right',
  'isolation/wrong-pointer-kills-its-process',
  'isolation/other-process-continues',
]

const withFrames = ['isolation/same-address-leads-to-different-pages', 'isolation/text-is-in-memory-once']

/** What every user sees. */
function expectIsolation(events: Event[]): void {
  expect(dataFrom(events, /^\/proc\/\d+\/mem, /)).toMatchObject([{ first: 1, second: 2 }])
  const [first, second] = only(events, 'started').map(({ child }) => child)
  expect(dataFrom(events, `/proc/${first}/maps`)).toMatchObject([{ permissions: 'rw-p' }])
  expect(dataFrom(events, `/proc/${second}/maps`)).toMatchObject([{ permissions: null }])
  expect(dataFrom(events, 'errno')).toMatchObject([{ after: 'EPERM' }])
  expect(only(events, 'exited')).toMatchObject([
    { child: second, signal: 'SIGSEGV' },
    { child: first, code: 0 },
  ])
  expect(dataFrom(events, `/proc/${first}/mem`)).toEqual([{ variable: 2, page: 1 }])
}

describe.skipIf(noCompiler)(`process isolation${whyNoCompiler}`, () => {
  test('shows two memories at one address, and where they lie if this user may see it', async () => {
    const events = await playDemo(['process', 'isolation'])
    expectIsolation(events)
    expect(valuesOf(slideOf(events), 'data-mapping')).toHaveLength(2)
    const [own, common, ...more] = dataFrom(events, /\/pagemap$/) as { first: number; second: number }[]
    expect(more).toEqual([])
    if (mayReadFrames) {
      expect(own?.first).not.toBe(own?.second)
      expect(common?.first).toBe(common?.second)
    }
    expect(new Set(claimIdsOf(events))).toEqual(
      new Set([...everywhere, ...(mayReadFrames ? withFrames : [])]),
    )
  })

  test('shows the same to an ordinary user, except where the memories lie', async (context) => {
    const { place, options } = placeOfNobody(context)
    const env = { XDG_CACHE_HOME: place.folder }
    const run = place.osdemo(['process', 'isolation', '--json'], { ...options, env })
    expect(await run.exit).toBe(0)
    const events = parseEvents(run.stdout())
    expectIsolation(events)
    expect(claimIdsOf(events)).toEqual(everywhere)
  })

  test('reports where there is no C compiler', async () => {
    const env = { XDG_CACHE_HOME: temporaryFolder(), PATH: pathWith('sh') }
    expect(await outcome(newPlace().osdemo(['process', 'isolation'], { env }))).toMatchObject({
      exit: 69,
      stderr: expect.stringContaining('no C compiler'),
    })
  })

  test('is not available to a user who may not read the memory of other processes', async () => {
    const spy = vi.spyOn(memory, 'readInt').mockReturnValue(undefined)
    onTestFinished(() => spy.mockRestore())
    const { events, error } = await perform(processIsolation)
    expect(error).toMatchObject({ exit: 69 })
    expect(claimIdsOf(events)).toEqual([])
  })
})

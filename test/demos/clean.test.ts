/** What `osdemo clean` says and does. What it may remove is tested in run/ledger.test.ts. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  defaultFifo,
  expectNothingLeft,
  newPlace,
  type Place,
  parseEvents,
  processesOf,
  waitingActor,
  waitsForPartner,
} from '../support/osdemo.js'
import { until } from '../support/until.js'

async function clean(place: Place) {
  const run = place.osdemo(['clean', '--json'])
  expect(await run.exit).toBe(0)
  const events = parseEvents(run.stdout())
  return {
    removed: events.flatMap((event) => (event.event === 'removed' ? [event.id] : [])),
    notes: events.flatMap((event) => (event.event === 'note' ? [event.text] : [])),
  }
}

test('says that nothing is left where nothing was', async () => {
  const place = newPlace()
  const { removed, notes } = await clean(place)
  expect(removed).toEqual([])
  expect(notes).toEqual([`nothing is left of what runs have recorded in ${place.folder}/osdemo`])
})

test('says what is left alone and who uses it, and removes it when nobody does', async () => {
  const place = newPlace()
  const path = join(place.folder, 'p')
  const run = place.osdemo(['pipe', 'read', '--path', path])
  await waitingActor(run)
  const cat = newPlace().sh(`exec cat '${path}'`)
  await until(() => waitsForPartner(cat.pid))
  run.child.kill('SIGKILL')
  await until(() => processesOf(place).length === 0)
  expect(await clean(place)).toEqual({
    removed: [],
    notes: [`left alone: the FIFO ${path}: process ${cat.pid} (cat) uses it or waits for it`],
  })
  cat.child.kill('SIGKILL')
  await cat.exit
  const { removed, notes } = await clean(place)
  expect([removed, notes.at(-1)]).toEqual([[path], expect.stringContaining('nothing is left')])
  expectNothingLeft(place)
})

test('leaves alone what a run that lives has made', async () => {
  const place = newPlace()
  const run = place.osdemo(['pipe', 'read'])
  await waitingActor(run)
  const { removed, notes } = await clean(place)
  expect(removed).toEqual([])
  expect(notes).toEqual([expect.stringContaining(`process ${run.pid} (`)])
  expect(existsSync(defaultFifo(place))).toBe(true)
})

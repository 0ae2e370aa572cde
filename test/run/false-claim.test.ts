/** What a claim that comes out false does to a run: a demo made only to claim it. */
import { expect, test } from 'vitest'
import { DemoFailed } from '../../src/errors.js'
import type { Demo } from '../../src/run/stage.js'
import { createProseView, createView } from '../../src/views/index.js'
import { viewNames } from '../../src/views/names.js'
import { perform } from '../support/perform.js'

const falsehood = 'Water flows uphill.'
const truth = 'Water flows downhill.'

const demo: Demo = async (stage) => {
  expect(stage.claim('water/downhill', truth, true)).toBe(true)
  expect(stage.claim('water/uphill', falsehood, false)).toBe(false)
  // A claim that failed does not end the demo.
  stage.note('The demo continues.')
}

const looks = { color: false, width: 80, hide: [], demo: true }

/** Every way to show a run: the views by name, and the levels of the text for people. */
const views = {
  ...Object.fromEntries(viewNames.map((name) => [name, () => createView(name, undefined, looks)])),
  brief: () => createProseView('brief', process.stdout, looks),
  document: () => createProseView('document', process.stdout, looks),
  tool: () => createProseView('tool', process.stdout, looks),
}

test('the run exits with 1 and names the claim, after all of the demo', async () => {
  const { events, error } = await perform(demo)
  expect(error).toBeInstanceOf(DemoFailed)
  expect(error).toMatchObject({ exit: 1, message: expect.stringContaining(falsehood) })
  expect(error).not.toMatchObject({ message: expect.stringContaining(truth) })
  expect(events.map(({ event }) => event)).toEqual(['run', 'claim', 'claim', 'note', 'error'])
  expect(events[2]).toMatchObject({ id: 'water/uphill', holds: false })
  expect(events[4]).toMatchObject({ exit: 1 })
})

test('a claim that fails in a part of a demo counts as one of the whole', async () => {
  const { error } = await perform((stage) => stage.within(demo))
  expect(error).toMatchObject({ exit: 1 })
})

test('a run whose claims hold does not fail', async () => {
  const { error } = await perform(async (stage) => void stage.claim('water/downhill', truth, true))
  expect(error).toBeUndefined()
})

/** How each view marks a claim that failed. The text is broken up in pictures, so the first word stands for it. */
const marks: Record<string, RegExp> = {
  ndjson: /"event":"claim","id":"water\/uphill","text":"Water flows uphill\.","holds":false/,
  timeline: /claim failed +✘ Water flows uphill\./,
  mermaid: /#10008; claim failed: Water flows uphill\.\n/,
  perfetto: /"holds":false|claim failed/,
  svg: /<text[^>]*>claim failed: Water/,
  html: /claim failed: (<[^>]+>)*Water/,
  brief: /✘ Water flows uphill\.\n.*\n*1 of 2 claims hold/s,
  document: /✘ Water flows uphill\./,
  tool: /claim failed: Water flows uphill\./,
}

test.each(Object.entries(views))('the view %s shows which claim failed', async (name, create) => {
  const { events } = await perform(demo)
  const view = await create()
  const shown = events.map((event) => view.event(event)).join('') + view.end()
  expect(shown).toMatch(marks[name]!) // Each view has a mark above.
})

/** A finding is in every picture of a traced run. */
import { expect, test } from 'vitest'
import type { FindingFact } from '../../src/events.js'
import { drawPage } from '../../src/views/html/index.js'
import { drawMermaid } from '../../src/views/mermaid/index.js'
import { createProse } from '../../src/views/prose/index.js'
import { tellStory } from '../../src/views/story/index.js'
import { slideOf, valuesOf } from '../support/slide.js'
import { createTeller, run, started } from '../support/stories.js'

const finding = (id: string, certain: boolean): FindingFact => ({
  event: 'finding',
  id,
  text: `The text of ${id}.`,
  certain,
  pids: [12],
  evidence: [{ source: 'pid 12, 0.000001 s', value: 'close(-1) = -1 EBADF' }],
})

const { events, say } = createTeller()
say('osdemo', 1, run)
say('osdemo', 1, started(12, 'a.out'))
say('osdemo', 1, { event: 'note', text: 'a row', row: { table: 'Processes', cells: { pid: '12' } } })
const ids = ['io/one', 'io/two', 'io/three', 'io/four', 'io/five']
for (const id of ids) say('osdemo', 1, finding(id, id === 'io/five'))

test('a slide has room for three, and those that are certain come first', () => {
  expect(valuesOf(slideOf(events), 'data-finding')).toEqual(['io/five', 'io/one', 'io/two'])
})

test('the page has all, with the calls that show them', () => {
  const page = drawPage(tellStory(events, true))
  expect(valuesOf(page, 'data-finding').filter((id, at, all) => all.indexOf(id) === at)).toEqual(
    expect.arrayContaining(ids),
  )
  expect(page.match(/close\(-1\) = -1 EBADF/g)?.length).toBeGreaterThanOrEqual(ids.length)
})

test('a sequence diagram has findings, and no row of a table', () => {
  const diagram = drawMermaid(tellStory(events, true))
  expect(diagram.match(/The text of/g)).toHaveLength(ids.length)
  expect(diagram).not.toContain('a row')
})

test.each(['tool', 'brief', 'document'] as const)(
  'prose of level %s has them, with what to type',
  (level) => {
    const prose = createProse({ level, color: 0, width: 80 })
    const text = events.map((event) => prose.event(event)).join('') + prose.end()
    for (const id of ids) expect(text).toContain(`osdemo explain ${id}`)
  },
)

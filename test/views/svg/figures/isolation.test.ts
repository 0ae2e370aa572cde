/** The picture of isolation: to which pages one address leads in two processes. */
import { expect, test } from 'vitest'
import type { Data } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, exited, run, started } from '../../../support/stories.js'

function isolationStory(pages: readonly Data[]) {
  const { events, say } = createTeller()
  const evidence = (source: string, data: Data) =>
    say('osdemo', 1, { event: 'evidence', source, value: 'x', about: 'x', data })
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, 'first'))
  say('osdemo', 1, started(3, 'second'))
  evidence('/proc/2/mem, /proc/3/mem', { address: '4040ac', first: 1, second: 2 })
  const id = 'isolation/same-address-has-different-content'
  say('osdemo', 1, { event: 'claim', id, text: 'x', holds: true })
  for (const data of pages) evidence('/proc/2/pagemap, /proc/3/pagemap', data)
  evidence('/proc/2/maps', { address: '7000', permissions: 'rw-p' })
  evidence('/proc/3/maps', { address: '7000', permissions: null })
  say('osdemo', 1, exited(3, 'second', 'SIGSEGV'))
  evidence('/proc/2/mem', { variable: 2, page: 1 })
  return events
}

test('one address leads to two pages, and instructions that both execute lie in one', () => {
  const slide = slideOf(
    isolationStory([
      { part: 'data', address: '4040ac', first: 81, second: 82 },
      { part: 'text', address: '401000', first: 90, second: 90 },
    ]),
  )
  expect(valuesOf(slide, 'data-pages')).toEqual(['2', '1'])
  expect([...slide.matchAll(/>page (\d+)</g)].map(([, number]) => number)).toEqual(['81', '82', '90'])
  // The first has mapped the page, the second has not.
  expect(valuesOf(slide, 'data-mapping')).toEqual(['2', '3'])
  expect(slide).toContain('✘ write: SIGSEGV')
})

test('a user who may not see physical memory gets the same picture without pages', () => {
  const slide = slideOf(isolationStory([]))
  expect(valuesOf(slide, 'data-pages')).toEqual([])
  expect(valuesOf(slide, 'data-mapping')).toEqual(['2', '3'])
})

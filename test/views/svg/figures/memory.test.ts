/** The picture of an address space: its parts, where registers point to, and which part has grown. */
import { expect, test } from 'vitest'
import type { Data } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, run, started } from '../../../support/stories.js'

function memoryStory() {
  const { events, say } = createTeller()
  const parts = [
    ['stack', '7000', '9000'],
    ['library', '5000', '6000'],
    ['heap', '3000', '4000'],
    ['text', '1000', '2000'],
  ] as const
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, 'cat'))
  const show = () => {
    for (const [part, from, to] of parts) {
      const region = { part, from, to, bytes: 4096, resident: 1024, permissions: 'rw-p', mappings: 1 }
      say('osdemo', 1, { event: 'evidence', source: '/proc/2/smaps', value: 'x', about: part, region })
    }
  }
  const evidence = (data: Data) =>
    say('osdemo', 1, { event: 'evidence', source: '/proc/2/syscall', value: 'x', about: 'x', data })
  show()
  return { events, say, show, evidence }
}

test('registers point to the parts in which their addresses lie', () => {
  const { events, evidence } = memoryStory()
  evidence({ register: 'program counter', address: '5fff', part: 'library' })
  evidence({ register: 'stack pointer', address: '7000', part: 'stack' })
  evidence({ register: 'nowhere', address: '6000', part: null })
  const slide = slideOf(events)
  expect(valuesOf(slide, 'data-register')).toEqual(['program counter', 'stack pointer'])
  expect(valuesOf(slide, 'data-part')).toEqual(['library', 'stack'])
  for (const purpose of ['calls and their variables', 'memory from malloc(3)', 'the instructions'])
    expect(slide).toContain(`>${purpose}<`)
})

test('the part that grows at a step has a bar, a new mapping one between its neighbours', () => {
  const { events, evidence } = memoryStory()
  evidence({ heap: 8192, stack: 0, anonymous: 0 })
  evidence({ address: '3100', part: 'heap' })
  evidence({ heap: 0, stack: 0, anonymous: 16384 })
  evidence({ address: '4800', part: 'anonymous' })
  evidence({ heap: 0, stack: 0, anonymous: 0 })
  const slide = slideOf(events)
  expect(valuesOf(slide, 'data-grown')).toEqual(['heap', 'anonymous'])
  const bars = [...slide.matchAll(/<rect x="[\d.]+" y="([\d.]+)" width="([\d.]+)" height="20" class="held"/g)]
  const [heap, mapping] = bars.map(([, y, width]) => ({ y: Number(y), width: Number(width) }))
  expect(mapping!.width / heap!.width).toBeCloseTo(2, 1)
  // The mapping lies above the heap, and the picture has the highest address on top.
  expect(mapping!.y).toBeLessThan(heap!.y)
})

test('two maps are drawn side by side, without what the parts are for', () => {
  const { events, show } = memoryStory()
  show()
  const slide = slideOf(events)
  expect(slide.match(/>heap<\/text>/g)).toHaveLength(2)
  expect(slide).not.toContain('memory from malloc(3)')
})

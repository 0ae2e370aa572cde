/** The figure of scheduling: turns on a time axis, and shares beside weights. */
import { expect, test } from 'vitest'
import type { ProcessState } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, run, started } from '../../../support/stories.js'

/** Two children: the first one runs twice, the second one once in between, and both are compared with their weights. */
function story(weights = [1024, 512], pause = 0) {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  for (const child of [2, 3]) say('osdemo', 1, started(child, `child-${child}`))
  say('osdemo', 1, {
    event: 'evidence',
    source: 'kernel',
    value: 'x',
    about: '',
    data: weights.map((weight, nice) => ({ nice, weight })),
  })
  const state = (child: number, name: ProcessState, later = 1000) =>
    say(`child-${child}`, child, { event: 'state', child, state: name, kernel: 'R', source: 'x' }, later)
  state(2, 'running', 500_000)
  state(3, 'ready', 0)
  state(2, 'ready', 4000)
  state(3, 'running', pause)
  state(3, 'ready', 2000)
  state(2, 'running', 0)
  state(2, 'ready', 4000)
  for (const [child, runNs] of [
    [2, 3e9],
    [3, 1e9],
  ] as const) {
    const about = { value: 'x', about: '', data: { runNs, delayNs: 0, turns: 1, wallNs: 4e9 } }
    say('osdemo', 1, { event: 'evidence', source: `/proc/${child}/schedstat`, ...about })
  }
  for (const [child, holds] of [
    [2, true],
    [3, false],
  ] as const) {
    const row = { table: 'shares', cells: { child: `child-${child}` } }
    say('osdemo', 1, { event: 'claim', id: 'scheduler/weights-predict-shares', text: 'x', holds, row })
  }
  return events
}

test('the chart begins with the measurement, has a bar for each turn, and a share for each child', () => {
  const slide = slideOf(story())
  const turns = [
    ...slide.matchAll(/<rect x="([\d.]+)"[^>]* width="([\d.]+)"[^>]*data-state="running" data-t="(\d+)"/g),
  ]
  const [first, second, third] = turns.map(([, x, width, t]) => ({ x: Number(x), width: Number(width), t }))
  expect(turns).toHaveLength(3)
  // The half second before the first turn is not drawn.
  expect(first!.x).toBe(236)
  expect(first!.width).toBeCloseTo(second!.width, 0)
  expect(third!.x).toBeCloseTo(first!.x + first!.width, 0)
  expect(new Set(valuesOf(slide, 'data-share'))).toEqual(new Set(['child-2', 'child-3']))
  for (const share of ['75.0 % ✔', '25.0 % ✘', '66.7 %', '33.3 %']) expect(slide).toContain(`>${share}<`)
  expect(slide).toContain('nice 1, weight 512')
})

test('there is no figure without the weight of each child', () => {
  expect(valuesOf(slideOf(story([1024])), 'data-share')).toEqual([])
})

test('where other programs use the CPU, the slide says that they do, and not that one child always runs', () => {
  expect(slideOf(story())).toContain('one process is running and the others are ready')
  expect(slideOf(story([1024, 512], 40_000))).toContain('other programs use the CPU too')
})

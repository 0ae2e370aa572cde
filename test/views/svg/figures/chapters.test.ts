/** The slide of a tour: its chapters. */
import { expect, test } from 'vitest'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, run } from '../../../support/stories.js'

function tour(chapters: number) {
  const { events, say } = createTeller()
  say('osdemo', 1, { ...run, command: ['tour'] })
  for (let at = 0; at < chapters; at++) {
    say('osdemo', 1, { ...run, command: ['pipe', `demo${at}`], title: `named pipes ${at}` })
    say('osdemo', 1, { event: 'claim', text: 'x', holds: true })
    say('osdemo', 1, { event: 'claim', text: 'y', holds: at !== 1 })
  }
  return { events, say }
}

test('each chapter has its title, its command, and the number of its claims that hold', () => {
  const slide = slideOf(tour(3).events)
  expect(valuesOf(slide, 'data-chapter')).toEqual(['1', '2', '3'])
  expect(slide).toContain('>Named pipes 2<')
  expect(slide).toContain('>osdemo pipe demo2<')
  const counts = [...slide.matchAll(/>(.)<\/text><text[^>]*>(\d+ of \d+) claims</g)].map(
    ([, sign, count]) => `${sign} ${count}`,
  )
  expect(counts).toEqual(['✔ 2 of 2', '✘ 1 of 2', '✔ 2 of 2'])
  // The claim that failed is named, as on every slide.
  expect(slide).toContain('claim failed: y')
})

test('what ended the run is said in full, also for a run that somebody interrupted', () => {
  const ended = (exit: number, message: string) => {
    const { events, say } = tour(3)
    say('osdemo', 1, { event: 'error', exit, message })
    return slideOf(events)
  }
  expect(ended(130, 'terminated by SIGINT')).toContain('>The run was terminated by SIGINT. ')
  expect(ended(1, 'no room')).toContain('>The run failed: no room. ')
})

/** The figure of both models of communication: system calls and copies of the same messages. */
import { expect, test } from 'vitest'
import type { Event } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, run, started } from '../../../support/stories.js'

/** Each side by its name, direction, and what the kernel counted; of shared memory also the calls of futex(2). */
const sides = [
  { name: 'sender', direction: 'sent', writes: 10, reads: 0 },
  { name: 'receiver', direction: 'received', writes: 1, reads: 11 },
  { name: 'producer', direction: 'sent', writes: 0, reads: 0, calls: 3 },
  { name: 'consumer', direction: 'received', writes: 0, reads: 0, calls: 4 },
] as const

function story(): Event[] {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  for (const [index, { name, direction, writes, reads, ...more }] of sides.entries()) {
    const pid = index + 2
    const about = { event: 'evidence', value: 'x', about: '' } as const
    say('osdemo', 1, started(pid, name))
    say(name, pid, { event: 'tally', channel: 'c', direction, messages: 10, bytes: 640, since: 0 })
    if ('calls' in more) say(name, pid, { ...about, source: 'futex(2)', data: { calls: more.calls } })
    const data = { reads, bytesRead: 64 * reads, writes, bytesWritten: 64 * writes }
    say(name, pid, { ...about, source: `/proc/${pid}/io`, data })
  }
  return events
}

test('calls and copies of each model stand beside each other', () => {
  const slide = slideOf(story())
  expect(valuesOf(slide, 'data-model')).toEqual(['passing', 'sharing'])
  for (const words of ['10 write(2)', '11 read(2)', 'copy 640 bytes in', 'copy 704 bytes out'])
    expect(slide).toContain(`>${words}<`)
  expect(slide).toContain('7 calls of futex(2)')
  // 10 write(2) and 11 read(2), then 7 futex(2); 640 and 704 bytes, then none.
  const totals = [...slide.matchAll(/class="(?:two|three)"\/>\s*<text[^>]*>([\d,]+)</g)].map(
    ([, total]) => total,
  )
  expect(totals).toEqual(['21', '7', '1,344', '0'])
})

test('there is no figure of one model alone', () => {
  const events = story().filter(({ pid }) => pid < 4)
  expect(valuesOf(slideOf(events), 'data-model')).toEqual([])
})

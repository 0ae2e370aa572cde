/** The picture of the capacity of a pipe: its pages, each time the kernel reported how many bytes it holds. */
import { expect, test } from 'vitest'
import type { Event } from '../../../../src/events.js'
import { tellStory } from '../../../../src/views/story/index.js'
import { drawCapacity } from '../../../../src/views/svg/figures/capacity.js'
import { createTeller } from '../../../support/stories.js'

/** A pipe of two pages of 100 bytes: filled, read by one byte, emptied, and filled with writes of 60 bytes. */
function filled(reported = [200, 199, 120]): Event[] {
  const { events, say } = createTeller()
  const tell = (source: string, data: number) =>
    say('filler', 2, { event: 'evidence', source, value: `${data}`, about: 'x', data })
  const move = (direction: 'sent' | 'received', messages: number, bytes: number) =>
    say('filler', 2, { event: 'tally', channel: '/p', direction, messages, bytes, since: 0 })
  const refused = () =>
    say('filler', 2, { event: 'call', phase: 'end', call: 'write', object: 'x', errno: 'EAGAIN' })
  tell('getpagesize(2)', 100)
  tell('fcntl F_GETPIPE_SZ', 200)
  move('sent', 2, 200)
  refused()
  tell('ioctl FIONREAD', reported[0]!)
  say('osdemo', 1, { event: 'claim', id: 'pipe/holds-its-capacity', text: 'x', holds: true })
  move('received', 0, 1)
  refused()
  tell('ioctl FIONREAD', reported[1]!)
  move('received', 0, 199)
  move('sent', 2, 120)
  refused()
  tell('ioctl FIONREAD', reported[2]!)
  return events
}

const rowsOf = (events: Event[]) =>
  drawCapacity(tellStory(events, false))!.parts.filter((part) => part.startsWith('<g data-t'))

/** The widths of the parts of pages, in pixels. */
const widths = (row: string, kind: string) =>
  [...row.matchAll(new RegExp(`width="([\\d.]+)" height="26" class="${kind}"`, 'g'))].map(
    ([, width]) => +width!,
  )

test('each time the kernel was asked, the pages are drawn with what was written and read', () => {
  const rows = rowsOf(filled())
  expect(rows.map((row) => /data-t="(\d+)"/.exec(row)![1])).toEqual(['4000', '8000', '12000'])
  const [full, read, small] = rows.map((row) => ({ one: widths(row, 'one'), ready: widths(row, 'ready') }))
  expect(full!.one).toEqual([full!.one[0], full!.one[0]])
  // The page of which one byte was read stays in use.
  expect([read!.one, read!.ready]).toEqual([full!.one, [3]])
  // A second write of 60 bytes does not fit into a page of 100.
  for (const width of small!.one) expect(width / full!.one[0]!).toBeCloseTo(0.6)
  expect(small!.one).toHaveLength(2)
  expect(rows.every((row) => row.includes('the next write fails: EAGAIN'))).toBe(true)
})

test('where the kernel reports another sum than the pages have, no pages are drawn', () => {
  const [full, read] = rowsOf(filled([200, 150, 120]))
  expect(widths(full!, 'new')).toHaveLength(2)
  expect(widths(read!, 'new')).toHaveLength(0)
  expect(widths(read!, 'one')).toEqual([330])
})

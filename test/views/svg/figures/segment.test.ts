/** The figure of a segment: how long it exists, and which process has it attached. */
import { expect, test } from 'vitest'
import type { Fact } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, exited, received, run, sent, started } from '../../../support/stories.js'

const call = (name: string, more = {}): Fact => ({
  event: 'call',
  phase: 'end',
  call: name,
  object: 'segment 7',
  ...more,
})
const listed = (attached: number, removed = false): Fact => ({
  event: 'evidence',
  source: '/proc/sysvipc/shm',
  value: 'x',
  about: '',
  data: { key: removed ? 0 : 99, id: 7, size: 1024, mode: 384, attached, removed },
})

function story() {
  const { events, say } = createTeller()
  say('osdemo', 1, run)
  say('osdemo', 1, started(2, 'writer'))
  say('writer', 2, { event: 'created', kind: 'segment', id: '99' })
  say('writer', 2, call('shmat'))
  say('osdemo', 1, listed(1))
  say('writer', 2, sent('99', 0, 'hello'))
  say('osdemo', 1, exited(2, 'writer', 'SIGKILL'))
  say('osdemo', 1, listed(0))
  say('osdemo', 1, started(3, 'reader'))
  say('reader', 3, call('shmat'))
  say('reader', 3, received('99', 0, 'hello'))
  say('osdemo', 1, { event: 'removed', kind: 'segment', id: '99' })
  say('osdemo', 1, listed(1, true))
  say('reader', 3, call('shmget', { errno: 'ENOENT' }))
  say('reader', 3, call('shmdt'))
  return events
}

test('a segment is attached until a process detaches it or is killed, and outlives its removal', () => {
  const slide = slideOf(story())
  expect(valuesOf(slide, 'data-attached')).toEqual(['writer', 'reader'])
  expect(valuesOf(slide, 'data-nattch')).toEqual(['1', '0', '1'])
  expect(valuesOf(slide, 'data-removed')).toEqual(['99'])
  for (const words of [
    'segment 7, key 99, 1 KiB',
    'removed, but still attached',
    'writes “hello”',
    'shmget: ENOENT',
    'SIGKILL',
  ])
    expect(slide).toContain(`>${words}<`)
  // The line of nattch: it rises at shmat(2), and falls at shmdt(2) and when the process is killed.
  const [, line = ''] = /d="(M[^"]*)" class="one-line"/.exec(slide) ?? []
  const heights = [...line.matchAll(/,([\d.]+)/g)].map(([, y]) => Number(y))
  const changes = heights.filter((y, at) => at > 0 && y !== heights[at - 1])
  expect(changes).toHaveLength(4)
})

test('a segment that is never attached has no figure of its own', () => {
  const events = story().filter((event) => event.event !== 'call')
  expect(valuesOf(slideOf(events), 'data-attached')).toEqual([])
})

test('the counts of another segment do not belong to this one', () => {
  const other = story().map((event) =>
    event.event === 'evidence' ? { ...event, data: { key: 5, id: 8, size: 1, attached: 50 } } : event,
  )
  expect(valuesOf(slideOf(other), 'data-nattch')).toEqual([])
})

/** The figures of Unix sockets. The tests of `socket pair` and `socket unix` draw those of real runs. */
import { expect, test } from 'vitest'
import type { Data } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller } from '../../../support/stories.js'

function slideWith(id: string, ...evidence: Data[]): string {
  const { events, say } = createTeller()
  for (const data of evidence)
    say('osdemo', 1, { event: 'evidence', source: '/proc', value: '', about: '', data })
  say('osdemo', 1, { event: 'claim', id, text: id, holds: false })
  return slideOf(events)
}

const row = { moment: 'fork', pid: 1 }

test('connected sockets have a line with an arrow for each direction, and a moment is drawn once', () => {
  const rows = [
    { ...row, process: 'parent', fd: 3, ino: 7, peer: 8 },
    { ...row, process: 'child', fd: 4, ino: 8, peer: 7 },
  ]
  const slide = slideWith('pair/end-of-file-after-last-close', 3, ['x'], rows, rows, [{ moment: 'none' }])
  expect(valuesOf(slide, 'data-sockets')).toEqual(['parent 3, child 4'])
  expect(slide.match(/class="head"/g)).toHaveLength(2)
})

test('a passed descriptor is the same file, and each call has what it found', () => {
  const call = { moment: 'after unlink(2)', call: 'connect', result: 'ENOENT', file: false, listens: true }
  const slide = slideWith(
    'unix/bind-makes-a-file',
    [{ ...row, process: 'server', fd: 3, ino: 7, peer: null }],
    [{ ...row, process: 'client', fd: 4, ino: 9, pos: 6 }],
    [{ ...row, process: 'server', fd: 5, ino: 9, pos: 6 }],
    call,
  )
  expect(valuesOf(slide, 'data-sockets')).toEqual(['server 3'])
  expect(valuesOf(slide, 'data-passed')).toEqual(['client 4 at 6, server 5 at 6'])
  expect(valuesOf(slide, 'data-call')).toEqual(['connect after unlink(2): ENOENT'])
})

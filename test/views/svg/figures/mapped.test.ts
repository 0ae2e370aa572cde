/** The figure of mapped memory. The test of `shm posix` draws the one of a real run. */
import { expect, test } from 'vitest'
import type { Data } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller } from '../../../support/stories.js'

function told(parts: Data[]) {
  const { events, say } = createTeller()
  for (const [at, name] of ['first', 'second'].entries())
    say('osdemo', 1, { event: 'started', child: at + 2, name, kind: 'process' })
  const mapping = (process: string, permissions: string) => ({
    process,
    permissions,
    address: '7f00',
    inode: 5,
    name: '/n',
  })
  for (const data of [
    mapping('first', 'rw-s'),
    mapping('second', 'rw-s'),
    mapping('second', 'rw-p'),
    ...parts,
  ])
    say('osdemo', 1, { event: 'evidence', source: '', value: '', about: '', data })
  say('osdemo', 1, { event: 'claim', id: 'shm/processes-map-one-object', text: '', holds: false })
  return { events, say }
}

test('arrows lead from each mapping to its page, and to a copy where the kernel has made one', () => {
  const { events, say } = told([
    { part: 'private', before: 0, after: 4096 },
    { part: 'file', changed: 4096 },
    { part: 'file', changed: 0 },
  ])
  say('first', 2, { event: 'sent', channel: '/tmp/file', seq: 0, bytes: 1, text: 'x' })
  say('osdemo', 1, { event: 'removed', kind: 'object', id: '/n' })
  const slide = slideOf(events)
  expect(valuesOf(slide, 'data-mapping')).toEqual(['rw-s', 'rw-s', 'rw-p'])
  expect(valuesOf(slide, 'data-pages')).toEqual(['shared', 'private', 'file'])
  expect([valuesOf(slide, 'data-written'), valuesOf(slide, 'data-removed')]).toEqual([['4096 0'], ['/n']])
})

test('without a copy, a file and a removal, their parts are missing', () => {
  const slide = slideOf(told([{ part: 'private', before: 0, after: 0 }]).events)
  expect(valuesOf(slide, 'data-pages')).toEqual(['shared'])
  expect([valuesOf(slide, 'data-written'), valuesOf(slide, 'data-removed')]).toEqual([[], []])
})

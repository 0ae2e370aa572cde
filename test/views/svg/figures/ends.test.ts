/** The figure of pipes between a parent and its children. */
import { expect, test } from 'vitest'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller } from '../../../support/stories.js'

const row = (process: string, fd: number, access: string, moment: string) => ({
  process,
  moment,
  fd,
  target: 'pipe:[7]',
  access,
})

test('each moment is a graph: an arrow into the pipe for a write end, out of it for a read end', () => {
  const { events, say } = createTeller()
  const look = (data: ReturnType<typeof row>[]) =>
    say('osdemo', 1, { event: 'evidence', source: '/proc/2/fd', value: '', about: '', data })
  look([row('parent', 3, 'O_RDONLY', 'before'), row('parent', 4, 'O_WRONLY', 'before')])
  look([row('parent', 4, 'O_WRONLY', 'after')])
  look([row('reader', 3, 'O_RDONLY', 'after')])
  const slide = slideOf(events)
  expect(valuesOf(slide, 'data-node')).toEqual(['parent', 'pipe:[7]', 'parent', 'pipe:[7]', 'reader'])
  expect([...slide.matchAll(/class="(one|two)-line"/g)].map(([, kind]) => kind)).toEqual([
    'one',
    'two',
    'two',
    'one',
  ])
  expect(slide.match(/<g data-t="\d+"><text/g)).toHaveLength(2)
})

test('a long pipeline keeps the size of its texts: the last processes are named, not drawn', () => {
  const { events, say } = createTeller()
  const ends = (at: number) =>
    [
      { ...row(`p${at}`, 0, 'O_RDONLY', 'now'), target: `pipe:[${at}]` },
      { ...row(`p${at}`, 1, 'O_WRONLY', 'now'), target: `pipe:[${at + 1}]` },
    ].slice(at === 0 ? 1 : 0)
  const data = [0, 1, 2, 3, 4, 5, 6, 7].flatMap(ends)
  say('osdemo', 1, { event: 'evidence', source: '/proc/2/fd', value: '', about: '', data })
  const look = { ...row('p0', 1, 'O_WRONLY', 'later'), target: 'pipe:[1]' }
  say('osdemo', 1, { event: 'evidence', source: '/proc/2/fd', value: '', about: '', data: [look] })
  const slide = slideOf(events)
  for (const [, scale] of slide.matchAll(/scale\(([\d.]+)\)/g))
    expect(Number(scale)).toBeGreaterThanOrEqual(1)
  expect(slide).toMatch(/>not drawn: .*p7</)
  expect(slide).toMatch(/>no end open: p1, p2/)
})

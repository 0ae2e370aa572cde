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

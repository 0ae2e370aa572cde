/** The wait-for graph: which process waits for which, and the circle of a deadlock. */
import { expect, test } from 'vitest'
import type { Data, Event, Fact } from '../../../../src/events.js'
import { slideOf, valuesOf } from '../../../support/slide.js'
import { createTeller, run } from '../../../support/stories.js'

const evidence = (source: string, data: Data): Fact => ({
  event: 'evidence',
  source,
  value: 'x',
  about: '',
  data,
})
const blocked = (tid: number, wakers: number[], more = {}) =>
  evidence(`/proc/${tid}/task/${tid}/syscall`, {
    kind: 'file-lock',
    pid: tid,
    tid,
    state: 'S',
    call: 'flock',
    wakers,
    ...more,
  })

function story(...facts: Fact[]): Event[] {
  const { events, say } = createTeller()
  say('osdemo', 1, { ...run, command: ['why', '2'] })
  for (const fact of facts) say('osdemo', 1, fact)
  return events
}

test('the edges of a deadlock are in its circle, and a process that waits for a member is not', () => {
  const slide = slideOf(
    story(
      evidence('/proc/2/cmdline', ['/usr/bin/cat', 'x']),
      blocked(2, [3], { file: '/tmp/a' }),
      blocked(3, [4]),
      blocked(4, [3]),
      evidence('wait-for graph', { kind: 'deadlock', members: [3, 4], certain: true }),
      { event: 'note', role: 'next', text: 'x', data: { do: 'end', pid: 3, command: 'kill 3' } },
    ),
  )
  expect(valuesOf(slide, 'data-node').toSorted()).toEqual(['2', '3', '4'])
  expect(valuesOf(slide, 'data-edge')).toEqual(['2-3', '3-4', '4-3'])
  const circle = [...slide.matchAll(/data-edge="([^"]*)" data-circle="yes"/g)].map(([, edge]) => edge)
  expect(circle).toEqual(['3-4', '4-3'])
  for (const words of ['cat', 'process 2', 'blocks in flock(2)', 'file lock: /tmp/a'])
    expect(slide).toContain(`>${words}<`)
  expect(slide).toContain('kill 3')
  expect(slide).toMatch(/class="title">A deadlock/)
})

test('threads of one process that wait for each other are nodes of their own', () => {
  const thread = (tid: number, wakerThread: number) =>
    blocked(tid, [2], { pid: 2, kind: 'futex', call: 'futex', wakerThread })
  const slide = slideOf(
    story(
      thread(5, 6),
      thread(6, 5),
      evidence('wait-for graph', { kind: 'deadlock', members: [2], certain: true, threads: [5, 6] }),
    ),
  )
  expect(valuesOf(slide, 'data-edge')).toEqual(['5-6', '6-5'])
  expect(valuesOf(slide, 'data-circle')).toEqual(['yes', 'yes'])
  expect(slide).toContain('>thread 5<')
})

test('a chain without a circle is no deadlock, and a process that waits for nobody has no figure', () => {
  expect(slideOf(story(blocked(2, [3])))).toMatch(/class="title">What waits for what/)
  expect(valuesOf(slideOf(story(blocked(2, []))), 'data-node')).toEqual([])
})

test('a circle of ten is a ring of boxes with the words inside, and no text is scaled', () => {
  const ids = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
  const path = `/tmp/${'a'.repeat(60)}`
  // Each member also waits for the next but one, which is no step of the circle.
  const slide = slideOf(
    story(
      ...ids.map((id, at) =>
        blocked(id, [ids[(at + 1) % 10]!, ids[(at + 2) % 10]!], { file: `${path}/${id}` }),
      ),
      evidence('wait-for graph', { kind: 'deadlock', members: ids, certain: false }),
    ),
  )
  expect(valuesOf(slide, 'data-edge')).toEqual(ids.map((id, at) => `${id}-${ids[(at + 1) % 10]}`))
  expect(new Set(valuesOf(slide, 'data-circle'))).toEqual(new Set(['yes']))
  expect(slide).not.toContain('scale(')
  expect(slide).toMatch(/>file lock: …[a/]*\/11</)
  expect(slide).toMatch(/class="title">Probably a deadlock/)
  // Every arrow ends at the box that it leads to.
  const boxes = new Map(
    [
      ...slide.matchAll(
        /data-node="(\d+)"[^>]*><rect x="([\d.-]+)" y="([\d.-]+)" width="(\d+)" height="(\d+)"/g,
      ),
    ].map(([, id, ...rect]) => [id, rect.map(Number)]),
  )
  const heads = [...slide.matchAll(/data-edge="\d+-(\d+)".*?translate\(([\d.-]+) ([\d.-]+)\) rotate/g)]
  expect(heads).toHaveLength(10)
  for (const [, to, headX, headY] of heads) {
    const [x = 0, y = 0, width = 0, height = 0] = boxes.get(to) ?? []
    expect(Math.abs(Number(headX) - x - width / 2)).toBeLessThanOrEqual(width / 2 + 1)
    expect(Math.abs(Number(headY) - y - height / 2)).toBeLessThanOrEqual(height / 2 + 1)
  }
})

test('where threads have no room, the slide says how many are missing', () => {
  const slide = slideOf(story(...[2, 3, 4, 5, 6, 7, 8, 9].map((id) => blocked(id, [1]))))
  const drawn = valuesOf(slide, 'data-node').length
  expect(slide).toContain(`>${9 - drawn} more not drawn<`)
  expect(drawn).toBeGreaterThan(3)
})

/** What a pipe holds, beside what another program hears from the same kernel. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { Event } from '../../../src/events.js'
import { placeOfNobody, playDemo } from '../../support/osdemo.js'

function evidence(events: Event[], source: string): string[] {
  return events.flatMap((event) =>
    event.event === 'evidence' && event.source === source ? [event.value] : [],
  )
}

test('the pipe holds as much as Python says, counted in pages, and no ordinary user makes it larger', async ({
  skip,
}) => {
  const code = 'import fcntl, os; print(fcntl.fcntl(os.pipe()[1], 1032))'
  const python = spawnSync('python3', ['-c', code], { encoding: 'utf8' })
  skip(python.status !== 0, 'needs python3')
  const capacity = python.stdout.trim()
  const events = await playDemo(['pipe', 'capacity'])
  expect(evidence(events, 'fcntl F_GETPIPE_SZ')).toEqual([capacity])
  const [page] = evidence(events, 'getpagesize(2)').map(Number)
  const pages = Number(capacity) / page!
  const inPages = (size: number) => `${pages * Math.floor(page! / size) * size}`
  expect(evidence(events, 'ioctl FIONREAD')).toEqual([
    capacity,
    `${Number(capacity) - 1}`,
    capacity,
    `${Number(capacity) - page! + 'one more\n'.length}`,
    ...[page! / 2 + 1, 1000, 1].map(inPages),
  ])
  expect(evidence(events, 'poll(2)')).toEqual(['no event', 'POLLOUT'])
  expect(events).toContainEqual(
    expect.objectContaining({
      event: 'claim',
      text: expect.stringMatching(/F_SETPIPE_SZ is refused to an ordinary user: EPERM$/),
    }),
  )
})

test('it shows the same to another user', async (context) => {
  const { place, options } = placeOfNobody(context)
  const events = await playDemo(['pipe', 'capacity'], options, place)
  const claims = events.filter((event) => event.event === 'claim')
  expect(claims.length).toBe(9)
})

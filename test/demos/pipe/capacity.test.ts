/** The capacity of a pipe, compared with what another program gets from the same kernel. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { tellStory } from '../../../src/views/story/index.js'
import { drawCapacity } from '../../../src/views/svg/figures/capacity.js'
import { claimIdsOf, dataFrom } from '../../support/facts.js'
import { placeOfNobody, playDemo } from '../../support/osdemo.js'

const shown = [
  'pipe/holds-its-capacity',
  'pipe/partly-read-page-gives-no-room',
  'pipe/wholly-read-page-gives-room',
  'pipe/writer-blocks-when-full',
  'pipe/blocked-writer-continues-after-read',
  // One for each of three sizes.
  'pipe/small-writes-fill-it',
  'pipe/small-writes-fill-it',
  'pipe/small-writes-fill-it',
  'pipe/growing-beyond-limit-is-refused',
]

test('the capacity is the one that Python reads, in pages, and an ordinary user cannot exceed the limit', async ({
  skip,
}) => {
  const code = 'import fcntl, os; print(fcntl.fcntl(os.pipe()[1], 1032))'
  const python = spawnSync('python3', ['-c', code], { encoding: 'utf8' })
  skip(python.status !== 0, 'needs python3')
  const capacity = Number(python.stdout)
  const events = await playDemo(['pipe', 'capacity'])
  expect(drawCapacity(tellStory(events, false))!.claims.length).toBeGreaterThanOrEqual(5)
  expect(dataFrom(events, 'fcntl F_GETPIPE_SZ')).toEqual([capacity])
  const [page] = dataFrom(events, 'getpagesize(2)') as [number]
  const pages = capacity / page
  const inPages = (size: number) => pages * Math.floor(page / size) * size
  expect(dataFrom(events, 'ioctl FIONREAD')).toEqual([
    capacity,
    capacity - 1,
    capacity,
    capacity - page + 'one more\n'.length,
    ...[page / 2 + 1, 1000, 1].map(inPages),
  ])
  // Reading one byte makes no room, reading a page does.
  expect(dataFrom(events, 'poll(2)')).toEqual([0, 1])
  expect(claimIdsOf(events)).toEqual(shown)
})

test('another user gets the same claims', async (context) => {
  const { place, options } = placeOfNobody(context)
  expect(claimIdsOf(await playDemo(['pipe', 'capacity'], options, place))).toEqual(shown)
})

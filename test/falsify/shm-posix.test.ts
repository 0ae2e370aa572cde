/** Claims of `shm posix` that come out false, because the processes map something else, or the kernel counts differently. */
import { describe, onTestFinished, vi } from 'vitest'
import { shmPosix } from '../../src/demos/shm/posix.js'
import * as pagemap from '../../src/proc/pagemap.js'
import { falsify } from '../support/falsify.js'
import { liars } from '../support/impostors.js'
import { meddled } from '../support/meddle.js'
import { perform } from '../support/perform.js'
import { mayReadFrames } from '../support/rights.js'
import { withNatives } from '../support/segments.js'

/** Plays the demo with processes that do something else. */
async function played(lie: string) {
  vi.stubEnv('NODE_OPTIONS', liars({ mapper: lie }).NODE_OPTIONS)
  const { events } = await perform(meddled(shmPosix))
  return events
}

/** Every mapping has these flags: 1 is MAP_SHARED, and 2 MAP_PRIVATE. */
const mapsAll = (flags: number) =>
  `prototype.includes('*mmap(') ? (...words) => native(...words.with(3, ${flags})) : native`

describe.runIf(process.platform === 'linux')('shm posix', () => {
  falsify(
    [
      'shm/processes-map-one-object',
      'shm/mapped-pages-are-shared',
      'shm/unlinked-object-works-while-mapped',
      'mapping/read-returns-stores',
      'mapping/msync-writes-changed-pages',
    ],
    'every mapping is private',
    () => played(withNatives(`(prototype, native) => ${mapsAll(2)}`)),
  )

  falsify(
    [
      'shm/posix-object-is-a-file',
      'shm/private-write-stays-in-process',
      'shm/private-write-copies-page',
      'shm/unlinked-object-has-no-name',
      'shm/unlinked-object-goes-with-last-mapping',
    ],
    'every mapping is shared, the object is larger, and its name stays',
    () =>
      played(`const fs = require('node:fs')
const { ftruncateSync } = fs
fs.ftruncateSync = (fd, size) => ftruncateSync(fd, 2 * size)
${withNatives(`(prototype, native) => prototype.includes(' shm_unlink(') ? () => 0 : ${mapsAll(1)}`)}`),
  )

  describe.skipIf(!mayReadFrames)('with the right to see physical memory (skipped without)', () => {
    falsify(
      ['shm/shared-page-is-in-memory-once'],
      'a kernel that shows a page for each process',
      async () => {
        const spy = vi.spyOn(pagemap, 'readFrame').mockImplementation((pid) => pid)
        onTestFinished(() => spy.mockRestore())
        return played('')
      },
    )
  })
})

/** `osdemo shm posix`: what the kernel lists of the mappings, its picture, and that neither the object nor the file is left. */
import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { withoutFfi } from '../../support/no-ffi.js'
import { newPlace, outcome, playDemo } from '../../support/osdemo.js'
import { mayReadFrames } from '../../support/rights.js'
import { slideOf, valuesOf } from '../../support/slide.js'

describe.runIf(process.platform === 'linux')('shm posix', () => {
  test('two processes map one object, shared and private, and nothing is left', async () => {
    const events = await playDemo(['shm', 'posix'])
    const mappings = only(events, 'evidence')
      .filter(({ source }) => /^\/proc\/\d+\/maps$/.test(source))
      .map(({ data }) => data as Record<string, unknown>)
    const name = only(events, 'created')[0]!.id
    const file = `/dev/shm${name}`
    expect(mappings.map(({ process, permissions, name }) => [process, permissions, name])).toEqual([
      ['first', 'rw-s', file],
      ['second', 'rw-s', file],
      ['second', 'rw-p', file],
      ['first', 'rw-s', `${file} (deleted)`],
      ['second', 'rw-s', `${file} (deleted)`],
    ])
    expect(new Set(mappings.map(({ inode }) => inode)).size).toBe(1)
    expect(dataFrom(events, 'inotify(7)')).toEqual([{ before: false, after: true }])
    expect(claimIdsOf(events)).toEqual(
      expect.arrayContaining([
        ...(mayReadFrames ? ['shm/shared-page-is-in-memory-once'] : []),
        'shm/private-write-copies-page',
        'mapping/read-returns-stores',
      ]),
    )
    expect(valuesOf(slideOf(events), 'data-pages')).toEqual(['shared', 'private', 'file'])
    expect(only(events, 'removed').map(({ id }) => id)).toEqual([name])
    expect(existsSync(file)).toBe(false)
    // The mode of a new object only marks it as ours.
    const stats = only(events, 'evidence').filter(({ source }) => source.startsWith('stat(2)'))
    expect(stats.map(({ value }) => /mode/.test(value))).toEqual([false, false])
  })

  test('without FFI, it is not available', async () => {
    const { exit, stderr } = await outcome(newPlace().osdemo(['shm', 'posix'], { env: withoutFfi() }))
    expect([exit, stderr]).toEqual([69, expect.stringContaining('koffi')])
  })
})

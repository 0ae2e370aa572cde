/** `osdemo socket pair`: its sockets are those that the kernel lists, and no process is left. */
import { describe, expect, test } from 'vitest'
import { isAlive } from '../../../src/proc/stat.js'
import { noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { withoutFfi } from '../../support/no-ffi.js'
import { newPlace, parseEvents, playDemo } from '../../support/osdemo.js'
import { slideOf, valuesOf } from '../../support/slide.js'

describe.skipIf(noCompiler)(`a pair of sockets${whyNoCompiler}`, () => {
  test('each process has one of the two sockets, and each socket is the peer of the other', async () => {
    const events = await playDemo(['socket', 'pair'])
    const rows = dataFrom(events, /^\/proc\/\d+\/fd$/).flat() as Record<string, unknown>[]
    const at = (wanted: string) => rows.filter(({ moment }) => moment === wanted)
    const [one, two] = at('after socketpair(2)')
    expect(one?.ino).not.toBe(two?.ino)
    expect([one?.peer, two?.peer]).toEqual([two?.ino, one?.ino])
    expect(at('after fork(2) and close(2)')).toMatchObject([
      { process: 'parent', ino: one?.ino, fd: one?.fd },
      { process: 'child', ino: two?.ino, fd: two?.fd },
    ])
    expect(at('after dup(2) and close(2)')).toMatchObject([{ process: 'parent', ino: one?.ino }])
    expect(claimIdsOf(events)).toHaveLength(7)
    expect(valuesOf(slideOf(events), 'data-sockets')).toHaveLength(3)

    const [parent, child] = only(events, 'started').map(({ child }) => child)
    expect(dataFrom(events, 'SO_PEERCRED')).toEqual([parent, parent])
    expect(only(events, 'exited')).toMatchObject([
      { child, code: 0 },
      { child: parent, code: 0 },
    ])
    expect([parent, child].filter((pid) => isAlive(pid!))).toEqual([])
  })

  test('without FFI, the peers are not observed, and the other claims hold', async () => {
    const run = newPlace().osdemo(['socket', 'pair', '--json'], { env: withoutFfi() })
    expect(await run.exit).toBe(0)
    const events = parseEvents(run.stdout())
    expect(claimIdsOf(events)).toHaveLength(6)
    expect(claimIdsOf(events)).not.toContain('pair/sockets-are-each-others-peer')
    expect(only(events, 'note').some(({ role }) => role === 'aside')).toBe(true)
  })
})

/** `osdemo socket unix` and `socket datagram`: their data, and that neither processes nor files are left. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isAlive } from '../../../src/proc/stat.js'
import { noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { newPlace, outcome, playDemo } from '../../support/osdemo.js'
import { slideOf, valuesOf } from '../../support/slide.js'

describe.skipIf(noCompiler)(`Unix sockets${whyNoCompiler}`, () => {
  test('socket unix: the kernel lists a listener and an accepted socket at the path', async () => {
    const events = await playDemo(['socket', 'unix'])
    const [server, client] = only(events, 'started').map(({ child }) => child)
    const path = only(events, 'created').find(({ kind }) => kind === 'socket')?.id ?? ''
    const rows = dataFrom(events, '/proc/net/unix') as Record<string, unknown>[]
    expect(rows.filter((row) => row.path === path).map(({ kind, listens }) => [kind, listens])).toEqual(
      expect.arrayContaining([
        ['stream', true],
        ['stream', false],
      ]),
    )
    const [uid, gid] = [process.geteuid?.(), process.getegid?.()]
    expect(dataFrom(events, 'SO_PEERCRED')).toEqual([{ pid: client, uid, gid }])
    const passed = dataFrom(events, /^\/proc\/\d+\/fd$/).flat() as Record<string, unknown>[]
    expect(passed.filter(({ pos }) => pos !== undefined)).toMatchObject([
      { process: 'client', pid: client, pos: 6 },
      { process: 'server', pid: server, pos: 6, ino: passed.find(({ pos }) => pos === 6)?.ino },
      { process: 'client', pid: client, pos: 12 },
      { process: 'server', pid: server, pos: 12 },
    ])
    expect(claimIdsOf(events)).toHaveLength(11)
    expect(valuesOf(slideOf(events), 'data-call')).toEqual([
      'open after bind(2): ENXIO',
      'connect before listen(2): ECONNREFUSED',
      'connect after listen(2): ok',
      'connect after unlink(2): ENOENT',
      'connect server killed: ECONNREFUSED',
      'bind before unlink(2): EADDRINUSE',
      'bind after unlink(2): ok',
    ])
    expect([server, client].filter((pid) => isAlive(pid!))).toEqual([])
    expect(existsSync(dirname(path))).toBe(false)
  })

  test('socket datagram: one call received 15 bytes of the stream, and 5 of each other kind', async () => {
    const events = await playDemo(['socket', 'datagram'])
    const found = dataFrom(events, /^recvmsg/) as Record<string, unknown>[]
    const bytesAt = (wanted: string) =>
      found.filter(({ moment }) => moment === wanted).map(({ kind, bytes }) => [kind, bytes])
    expect(bytesAt('boundaries')).toEqual([
      ['stream', [15]],
      ['datagram', [5, 5, 5]],
      ['seqpacket', [5, 5, 5]],
    ])
    expect(bytesAt('small buffer')).toEqual([
      ['stream', [3, 7]],
      ['datagram', [3, 5]],
      ['seqpacket', [3, 5]],
    ])
    expect(claimIdsOf(events)).toHaveLength(9)
    expect(valuesOf(slideOf(events), 'data-received')).toHaveLength(9)
    const processes = only(events, 'started').map(({ child }) => child)
    expect(processes.filter((pid) => isAlive(pid))).toEqual([])
  })

  test('a path that is too long for a socket is an error that says so', async () => {
    const place = newPlace()
    const long = join(place.folder, 'x'.repeat(100))
    mkdirSync(long)
    const run = place.osdemo(['socket', 'unix'], { env: { XDG_RUNTIME_DIR: long } })
    expect(await outcome(run)).toMatchObject({ exit: 1, stderr: expect.stringContaining('XDG_RUNTIME_DIR') })
  })
})

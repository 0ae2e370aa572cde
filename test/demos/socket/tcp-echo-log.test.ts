/** The log of the echo server: for each connection, who closed it and how. Its clients are sockets of this test. */
import { describe, expect, test } from 'vitest'
import type { Event } from '../../../src/events.js'
import { accepted, connect, frame, type Peer, serve, story } from '../../support/echo-peers.js'
import { only } from '../../support/facts.js'
import { eventsSoFar, parseEvents } from '../../support/osdemo.js'
import { until } from '../../support/until.js'

const half = frame('hello').subarray(0, 6)

/** What the log has about the closing of each connection. */
function endings(events: Event[]) {
  return only(events, 'note').flatMap(({ data }) =>
    typeof data === 'object' && !Array.isArray(data) && 'closedBy' in data ? [data] : [],
  )
}

/** Sends bytes and resets the connection at once: both wait in the kernel when the server is stopped. */
async function resetBehind(peer: Peer, bytes: Buffer): Promise<void> {
  peer.socket.write(bytes, () => peer.socket.resetAndDestroy())
  await until(() => peer.closed())
}

describe.runIf(process.platform === 'linux')('the log of tcp-echo', () => {
  test('has for each connection who closed it, and how: FIN, reset, a limit, or the end of the server', async () => {
    const server = await serve(['--json', '--max-frame', '100'])
    const open = async () => {
      const peer = await connect(server.port)
      await accepted(peer)
      return { ...peer, name: `127.0.0.1:${peer.socket.localPort}` }
    }
    const [clean, cut, reset, long, last] = [
      await open(),
      await open(),
      await open(),
      await open(),
      await open(),
    ]
    const [halfway, behind] = [await open(), await open()]
    clean.socket.end(Buffer.concat([frame('one'), frame('')]))
    cut.socket.end(half)
    long.socket.write(Buffer.from([0, 0, 0, 101]))
    await until(() => clean.closed() && cut.closed() && long.closed())
    reset.socket.resetAndDestroy()
    await until(() => endings(eventsSoFar(server)).length === 4)

    process.kill(server.actor, 'SIGSTOP')
    await resetBehind(halfway, half)
    await resetBehind(behind, Buffer.concat([frame('whole'), half]))
    const gone = [await connect(server.port), await connect(server.port)]
    for (const peer of gone) await resetBehind(peer, frame('gone'))
    process.kill(server.actor, 'SIGCONT')
    await until(() => endings(eventsSoFar(server)).length === 8)

    server.child.kill('SIGTERM')
    expect(await server.exit).toBe(0)
    const events = parseEvents(server.stdout())
    const log = endings(events)
    const of = ({ name }: { name: string }) => log.filter(({ peer }) => peer === name)
    const byPeer = { closedBy: 'peer', frames: 0, bytes: 0 }
    expect(of(clean)).toMatchObject([{ ...byPeer, how: 'FIN', frames: 2, bytes: 11 }])
    expect(of(cut)).toMatchObject([{ ...byPeer, how: 'FIN', partial: [6, 9] }])
    expect(of(reset)).toMatchObject([{ ...byPeer, how: 'reset' }])
    expect(of(halfway)).toMatchObject([{ ...byPeer, how: 'reset', partial: [6, 9] }])
    expect(of(behind)).toMatchObject([{ ...byPeer, how: 'reset', partial: [6, 9], frames: 1, bytes: 9 }])
    expect(of(long)).toMatchObject([{ closedBy: 'server', how: 'limit', limit: 'max-frame', frames: 0 }])
    expect(of(last)).toMatchObject([{ closedBy: 'server', how: 'stop' }])
    expect(of(clean)[0]).not.toHaveProperty('partial')
    expect(of(reset)[0]).not.toHaveProperty('partial')

    // The kernel no longer has an address for these two, and each is a peer of its own.
    const known = [clean, cut, reset, halfway, behind, long, last].map(({ name }) => name)
    const others = log.filter(({ peer }) => !known.includes(`${peer}`))
    expect(others).toMatchObject(Array(2).fill({ closedBy: 'peer', how: 'reset' }))
    expect(new Set(others.map(({ peer }) => peer)).size).toBe(2)
    const received = only(events, 'received').map(({ channel, seq }) => `${channel} ${seq}`)
    expect(new Set(received).size).toBe(received.length)
    expect(received).toHaveLength(5)
  })

  test('is a line for each connection with --verbose, and only troubles without it', async () => {
    const [told, short] = await Promise.all([serve(['--verbose']), serve()])
    for (const server of [told, short]) {
      const clean = await connect(server.port)
      clean.socket.end(frame('hello'))
      await until(() => clean.closed())
      const cut = await connect(server.port)
      cut.socket.end(half)
      await until(() => story(server).includes('6 of 9 bytes'))
    }
    await until(() => story(told).split('closed the connection (FIN). ').length === 3)
    // Bytes arrived of the frame that was cut, so the log does not have that none were sent.
    expect(story(told)).toMatch(/6 of 9 bytes.*\(FIN\)\. It sent 0 complete frames \(0 bytes\)/s)
    expect(story(short)).not.toContain('(FIN). ')
  })

  test('names --idle-timeout as the reason', async () => {
    const server = await serve(['--json', '--idle-timeout', '100ms'])
    await connect(server.port)
    const [ending] = await until(() => {
      const seen = endings(eventsSoFar(server))
      return seen.length > 0 && seen
    })
    expect(ending).toMatchObject({
      closedBy: 'server',
      how: 'limit',
      limit: 'idle-timeout',
    })
  })
})

/** The echo server under attack by sockets of this test. Whatever some of them do, it serves the others, and it stops when asked. */
import { randomBytes } from 'node:crypto'
import { createConnection, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Data, type Event, numberIn } from '../../../src/events.js'
import { openFilesLimit } from '../../../src/proc/limits.js'
import { readText } from '../../../src/proc/read.js'
import { readStatus } from '../../../src/proc/status.js'
import {
  connect,
  expectAllGone,
  expectEcho,
  expectSame,
  frame,
  listeningRow,
  MiB,
  serve,
  story,
  writeApart,
} from '../../support/echo-peers.js'
import { only } from '../../support/facts.js'
import { childrenOf, eventsSoFar, newPlace, parseEvents, type Run } from '../../support/osdemo.js'
import { until } from '../../support/until.js'

const many = 1300

/** Every connection takes a descriptor here and one in the server, which has the same limit. */
const lacksDescriptors = (openFilesLimit() ?? many * 2) < many + 200

/** The kernel's limit for the backlog of a listener. */
const queueLimit = Number(readText('/proc/sys/net/core/somaxconn'))

interface Peer {
  socket: Socket
  received: Buffer[]
  /** Resolves when the connection is closed, with its errno where it had an error. */
  closed: Promise<string | undefined>
}

/** Like `connect`, but cheap enough for a thousand: it does not poll. */
async function join(port: number): Promise<Peer> {
  const socket = createConnection({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  const received: Buffer[] = []
  let errno: string | undefined
  socket.on('error', (error: NodeJS.ErrnoException) => {
    errno = error.code
  })
  socket.on('data', (chunk) => received.push(chunk))
  socket.on('end', () => socket.end())
  const closed = new Promise<string | undefined>((resolve) => socket.on('close', () => resolve(errno)))
  await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), closed])
  return { socket, received, closed }
}

function crowd(port: number, size: number): Promise<Peer[]> {
  return Promise.all(Array.from({ length: size }, () => join(port)))
}

/** Sends a frame, byte by byte if `byByte` is set, and waits for its echo. */
async function exchange({ socket, received }: Peer, message: Buffer, byByte = false): Promise<void> {
  const echo = new Promise<void>((resolve, reject) => {
    let count = 0
    const take = (chunk: Buffer) => {
      count += chunk.length
      if (count < message.length) return
      socket.off('data', take)
      resolve()
    }
    socket.on('data', take)
    socket.once('close', () => reject(new Error('the server closed the connection')))
  })
  if (!byByte) socket.write(message)
  else
    for (const byte of message) {
      socket.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
  await echo
  expect(Buffer.concat(received)).toEqual(message)
}

/** Whether this is the data of a connection that the peer closed with FIN. */
function isFin(data: Data | undefined): boolean {
  return typeof data === 'object' && !Array.isArray(data) && data.how === 'FIN'
}

/** How many connections and frames the events report, in events of their own and in sums. */
function told(events: Event[]) {
  const notes = only(events, 'note')
  const sums = notes.map(({ data }) => ({
    opened: numberIn(data, 'opened') ?? 0,
    closed: numberIn(data, 'closed') ?? 0,
  }))
  const total = (numbers: number[]) => numbers.reduce((sum, number) => sum + number, 0)
  const singly = (kind: 'created' | 'removed') =>
    events.filter((event) => event.event === kind && event.id.includes(' to ')).length
  const frames = (direction: 'received' | 'sent') =>
    total(
      events.map((event) =>
        event.event === direction
          ? 1
          : event.event === 'tally' && event.direction === direction
            ? event.messages
            : 0,
      ),
    )
  return {
    singly: singly('created'),
    opened: singly('created') + total(sums.map(({ opened }) => opened)),
    closed: singly('removed') + total(sums.map(({ closed }) => closed)),
    byFin: total(notes.map(({ data }) => numberIn(data, 'FIN') ?? (isFin(data) ? 1 : 0))),
    received: frames('received'),
    sent: frames('sent'),
    untold: notes.filter(({ data }) => numberIn(data, 'untold') !== undefined),
  }
}

async function stop(run: Run): Promise<void> {
  run.child.kill('SIGTERM')
  expect(await run.exit).toBe(0)
}

describe.runIf(process.platform === 'linux')('a tcp-echo server', () => {
  test.skipIf(lacksDescriptors).each([
    ['at once', false],
    ['at once, one byte at a time', true],
  ])(
    'serves 1,300 clients %s, and its events report or count each (needs ulimit -n 1500)',
    async (_, byByte) => {
      const server = await serve(['--json'])
      const peers = await crowd(server.port, many)
      await Promise.all(peers.map((peer, number) => exchange(peer, frame(`${number}`), byByte)))
      for (const { socket } of peers) socket.end()
      await Promise.all(peers.map(({ closed }) => closed))
      await stop(server)
      const { singly, ...sums } = told(parseEvents(server.stdout()))
      expect(sums).toEqual({
        opened: many,
        closed: many,
        byFin: many,
        received: many,
        sent: many,
        untold: [],
      })
      expect(singly).toBeLessThan(many / 2)
      await expectAllGone(server)
    },
  )

  test.skipIf(lacksDescriptors || queueLimit < many)(
    'gets every byte of 1,300 clients that connected while it was stopped (needs ulimit -n 1500 and net.core.somaxconn 1300)',
    async () => {
      const server = await serve(['--json'])
      const [actor] = childrenOf(server.pid)
      process.kill(actor!, 'SIGSTOP')
      const peers = await crowd(server.port, many)
      const exchanges = peers.map((peer, number) => exchange(peer, frame(`${number}`), true))
      process.kill(actor!, 'SIGCONT')
      await Promise.all(exchanges)
      await stop(server)
    },
  )

  test('serves 1,300 clients in turn, and its events report or count each', async () => {
    const server = await serve(['--json'])
    for (let number = 0; number < many; number++) {
      const peer = await join(server.port)
      await exchange(peer, frame(`${number}`))
      peer.socket.end()
      await peer.closed
    }
    await stop(server)
    const { singly, ...sums } = told(parseEvents(server.stdout()))
    expect(sums).toEqual({ opened: many, closed: many, byFin: many, received: many, sent: many, untold: [] })
    expect(singly).toBeLessThan(many / 2)
  })

  test('reports each of 15 clients with events of its own', async () => {
    const server = await serve(['--json'])
    const peers = await crowd(server.port, 15)
    await Promise.all(peers.map((peer) => exchange(peer, frame('hello'))))
    for (const { socket } of peers) socket.end()
    await Promise.all(peers.map(({ closed }) => closed))
    await stop(server)
    const events = parseEvents(server.stdout())
    expect(told(events)).toMatchObject({ singly: 15, opened: 15, closed: 15, received: 15 })
    const closed = only(events, 'note').filter(({ data }) => numberIn(data, 'frames') === 1)
    expect(closed).toHaveLength(15)
  })

  test('reports 20 of 100 absurd lengths with peer and length, and counts the others', async () => {
    const server = await serve(['--json'])
    const honest = await connect(server.port)
    await writeApart(honest, [frame('honest').subarray(0, 5)])
    const peers = await crowd(server.port, 100)
    for (const { socket } of peers) socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 1, 2, 3]))
    expect(new Set(await Promise.all(peers.map(({ closed }) => closed)))).toEqual(new Set([undefined]))
    honest.socket.write(frame('honest').subarray(5))
    await until(() => honest.count() === 10)
    expect(honest.received()).toEqual(frame('honest'))
    await stop(server)
    const notes = only(parseEvents(server.stdout()), 'note')
    const lines = notes.filter(({ text }) => /to 127\.0\.0\.1:\d+: .* 4,294,967,295 bytes/.test(text))
    const summed = notes.map(({ data }) => numberIn(data, 'troubles') ?? 0)
    expect(lines.length).toBeGreaterThanOrEqual(20)
    expect(lines.length + summed.reduce((sum, number) => sum + number)).toBe(100)
  })

  test.skipIf(lacksDescriptors)(
    'serves others beside 1,000 idle connections, resets and absurd lengths (needs ulimit -n 1500)',
    async () => {
      const server = await serve()
      const idle = await crowd(server.port, 1000)
      const hostile = await crowd(server.port, 60)
      hostile.forEach(({ socket }, number) => {
        if (number % 2 === 0) socket.write(Buffer.from([0x7f, 0xff, 0xff, 0xff]))
        else socket.write(frame('half').subarray(0, 6), () => socket.resetAndDestroy())
      })
      await Promise.all(hostile.map(({ closed }) => closed))
      await expectEcho(server.port, frame(randomBytes(MiB)))
      await Promise.all(idle.slice(0, 100).map((peer) => exchange(peer, frame('awake'))))
      server.child.kill('SIGTERM')
      const ends = new Set(await Promise.all(idle.map(({ closed }) => closed)))
      expect([await server.exit, ends]).toEqual([0, new Set([undefined])])
      await expectAllGone(server)
    },
  )

  test('closes a connection whose frame needs more memory than is left for all, and serves the others', async () => {
    const server = await serve()
    await expectEcho(server.port, frame(randomBytes(MiB)))
    const before = readStatus(server.actor)!.rss!
    const long = frame(randomBytes(15 * MiB))
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => connect(server.port, { reads: false })),
    )
    for (const { socket } of clients) socket.on('error', () => {}).write(long)
    await until(() => story(server).includes('more than the server has left'))
    const echoes = (frames: Buffer) =>
      until(() =>
        expectEcho(server.port, frames).then(
          () => true,
          () => false,
        ),
      )
    // Until some of them are closed, there may be no memory left for any other.
    await echoes(frame(randomBytes(200_000)))
    expect((readStatus(server.actor)!.rss! - before) / MiB).toBeLessThan(150)
    for (const { socket } of clients) socket.destroy()
    // Their memory is free again.
    await echoes(long)
    await stop(server)
  })

  test('does not use memory for 60 clients that send at full speed and never read', async () => {
    const server = await serve()
    await expectEcho(server.port, frame(randomBytes(MiB)))
    const before = readStatus(server.actor)!.rss!
    const messages = [64, 64 * 1024, MiB].map((size) => {
      const one = frame(randomBytes(size))
      return Buffer.concat(Array(Math.ceil(MiB / one.length)).fill(one))
    })
    let sent = 0
    for (let number = 0; number < 60; number++) {
      const { socket } = await connect(server.port, { reads: false })
      const flood = () => {
        while (!socket.destroyed && socket.write(messages[number % 3]!)) sent++
        sent++
      }
      socket.on('drain', flood)
      flood()
    }
    let [most, last, still] = [0, 0, 0]
    await until(() => {
      most = Math.max(most, readStatus(server.actor)!.rss!)
      still = sent === last ? still + 1 : 0
      last = sent
      return still === 100
    }, 30_000)
    await expectEcho(server.port, frame(randomBytes(MiB)))
    most = Math.max(most, readStatus(server.actor)!.rss!)
    expect((most - before) / MiB).toBeLessThan(150)
    await stop(server)
  })

  test('closes a connection that is idle for --idle-timeout, and not one that sends single bytes', async () => {
    const server = await serve(['--idle-timeout', '1s'])
    const slow = await connect(server.port)
    const silent = await connect(server.port, { halfOpen: true })
    const message = frame('x'.repeat(1000))
    let at = 0
    const timer = setInterval(() => slow.socket.write(message.subarray(at, ++at)), 20)
    onTestFinished(() => clearInterval(timer))
    await until(() => silent.ended() || silent.closed())
    await until(() => story(server).includes(`127.0.0.1:${silent.socket.localPort}: it was idle for 1000 ms`))
    clearInterval(timer)
    slow.socket.write(message.subarray(at))
    await until(() => slow.count() === message.length)
    expectSame(slow.received(), message)
  })
})

describe.runIf(process.platform === 'linux')('a tcp-echo server with few descriptors', () => {
  async function serveWith(limit: number) {
    const place = newPlace()
    const run = place.sh(`ulimit -n ${limit}; osdemo tcp-echo --port 0 --json`)
    const actor = await until(() => childrenOf(run.pid).flatMap(childrenOf).find(listeningRow))
    return { run, place, actor, port: listeningRow(actor)!.local.port }
  }
  const notes = (run: Run) =>
    eventsSoFar(run).flatMap((event) => (event.event === 'note' ? [event.text] : []))

  test('reports once that they ran out, serves the open connections, and new ones when others close', async () => {
    const { run, port, place, actor } = await serveWith(64)
    const peers = await crowd(port, 100)
    const refused = new Set<Peer>()
    const served: Peer[] = []
    await Promise.all(
      peers.map((peer) =>
        exchange(peer, frame('hello')).then(
          () => served.push(peer),
          () => refused.add(peer),
        ),
      ),
    )
    expect(served.length).toBeGreaterThan(20)
    expect(served.length).toBeLessThan(64)
    await until(() => notes(run).some((text) => text.includes('had run out')))
    const [first, second, ...more] = notes(run).filter(
      (text) => text.includes('run out') || text.includes('ran out'),
    )
    expect(first).toContain(`ran out with ${served.length} connections open and a limit of 64 files`)
    expect(first).toContain('ulimit -n 1024')
    expect([second, more]).toEqual([`Refused ${refused.size} connections while descriptors had run out.`, []])
    for (const peer of served) peer.received.length = 0
    await Promise.all(served.map((peer) => exchange(peer, frame('still here'))))

    for (const { socket } of served.slice(0, 10)) socket.end()
    await Promise.all(served.slice(0, 10).map(({ closed }) => closed))
    for (const peer of await crowd(port, 10)) await exchange(peer, frame('next'))
    process.kill(childrenOf(run.pid)[0]!, 'SIGTERM')
    expect(await run.exit).toBe(0)
    await expectAllGone({ ...run, port, actor, place })
  })

  test.each([32, 40])('exits with 1 and a hint when the limit is %i', async (limit) => {
    const run = newPlace().sh(`ulimit -n ${limit}; osdemo tcp-echo --port 0 --quiet`)
    expect(await run.exit).toBe(1)
    expect(run.stderr()).toMatch(/^osdemo: .*\n {8}.*ulimit -n 1024\n$/)
  })
})

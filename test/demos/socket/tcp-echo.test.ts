/** The echo server and the demo, run as the real program. The clients of the server are sockets of this test. */
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { constants } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { echoDemo } from '../../../src/demos/socket/echo-demo.js'
import { type Event, now } from '../../../src/events.js'
import * as netTcp from '../../../src/proc/net-tcp.js'
import { readText } from '../../../src/proc/read.js'
import * as services from '../../../src/proc/services.js'
import { isAlive } from '../../../src/proc/stat.js'
import { hasCapability, readStatus } from '../../../src/proc/status.js'
import { echoOfSignal } from '../../../src/run/run.js'
import { tellStory } from '../../../src/views/story/index.js'
import { drawSockets } from '../../../src/views/svg/figures/sockets.js'
import {
  accepted,
  connect,
  expectAllGone,
  expectEcho,
  expectSame,
  frame,
  isListening,
  listeningRow,
  MiB,
  serve,
  story,
  unread,
  writeApart,
} from '../../support/echo-peers.js'
import { claimIdsOf, dataFrom } from '../../support/facts.js'
import {
  childrenOf,
  eventsSoFar,
  invalidEvents,
  newPlace,
  parseEvents,
  placeOfNobody,
  playDemo,
  processesOf,
  temporaryFolder,
} from '../../support/osdemo.js'
import { perform } from '../../support/perform.js'
import { until } from '../../support/until.js'

const { ephemeralRange, unprivilegedPortStart } = netTcp
const { parseServices, readServices } = services

const signals = ['SIGINT', 'SIGTERM'] as const

/** A descriptor of a pipe that no process ever reads: full from the start, or with room for 64 KiB. */
function deadEnd({ full }: { full: boolean }): number {
  const path = join(temporaryFolder(), 'dead-end')
  execFileSync('mkfifo', [path])
  const fd = openSync(path, 'r+')
  onTestFinished(() => closeSync(fd))
  if (full) execFileSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=65536', 'count=1', 'status=none'])
  return fd
}

/** Makes so many events that they fill every buffer between the server and a reader that does not read. */
async function keepBusy(port: number): Promise<void> {
  const frames = Buffer.concat(Array.from({ length: 100 }, (_, number) => frame(`message ${number}`)))
  for (let round = 0; round < 10; round++)
    await Promise.all(Array.from({ length: 15 }, () => expectEcho(port, frames)))
}

describe.runIf(process.platform === 'linux')('tcp-echo serve', () => {
  test.each([[['tcp-echo']], [['tcp-echo', 'serve']], [['tcp-echo', '--quiet']]])(
    'as `osdemo %j` prints only the address where it listens, and the kernel lists the same',
    async (words) => {
      const place = newPlace()
      const run = place.osdemo([...words, '--port', '0'])
      await until(() => run.stdout().includes('\n'))
      const row = listeningRow(childrenOf(run.pid)[0]!)
      const line = `listening on 127.0.0.1:${row?.local.port}\n`
      expect(run.stdout()).toBe(line)
      await expectEcho(row!.local.port, frame('hello'))
      run.child.kill('SIGTERM')
      expect([await run.exit, run.stdout()]).toEqual([0, line])
    },
  )

  test('prints the command for another terminal, which works there, unless --quiet is given', async () => {
    const server = await serve()
    const quiet = await serve(['--quiet'])
    const command = await until(() => /osdemo (tcp-echo client hello --port \d+) /.exec(story(server))?.[1])
    expect(command).toContain(`--port ${server.port}`)
    const run = server.place.osdemo(command.split(' '))
    expect([await run.exit, run.stdout()]).toEqual([0, 'hello\n'])
    quiet.child.kill('SIGTERM')
    expect([await quiet.exit, quiet.stderr()]).toEqual([0, ''])
  })

  test('with --json reports its address in the created event, and prints only events', async () => {
    const server = await serve(['--json'])
    const { port } = server
    await until(() => eventsSoFar(server).some((event) => event.event === 'created' && event.port === port))
    await expectEcho(port, Buffer.concat([frame('hello'), frame('')]))
    server.child.kill('SIGINT')
    expect([await server.exit, server.stderr()]).toEqual([0, ''])
    const events = parseEvents(server.stdout())
    expect(invalidEvents(events)).toEqual([])
    expect(events[0]).toMatchObject({ event: 'run', command: ['tcp-echo', '--port', '0', '--json'] })
    expect(events.find(({ event }) => event === 'created')).toMatchObject({
      actor: 'server',
      pid: server.actor,
      kind: 'socket',
      host: '127.0.0.1',
      port,
    })
    for (const direction of ['received', 'sent']) {
      expect(events.filter(({ event }) => event === direction)).toMatchObject([
        { seq: 0, bytes: 9, text: 'hello' },
        { seq: 1, bytes: 4, text: '' },
      ])
    }
    await expectAllGone(server)
  })

  test('sends every frame back unchanged, from an empty one to one as long as the limit', async () => {
    const { port } = await serve()
    const sizes = [0, 1, 5, 4096, 65_531, 65_532, 65_533, MiB, 16 * MiB]
    for (const size of sizes) await expectEcho(port, frame(randomBytes(size)))
  })

  test('sends back many frames that arrive in one write, empty ones among them', async () => {
    const { port } = await serve()
    await expectEcho(port, Buffer.concat(Array.from({ length: 1000 }, (_, n) => frame(`${n}`))))
    await expectEcho(port, Buffer.concat(['', 'a', '', '', 'b', ''].map(frame)))
  })

  test('assembles a frame that arrives byte by byte, and sends nothing before it is complete', async () => {
    const { port } = await serve()
    const peer = await connect(port)
    const bytes = frame('hello')
    const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
    await writeApart(peer, single.slice(0, -1))
    expect(peer.count()).toBe(0)
    peer.socket.write(single.at(-1)!)
    await until(() => peer.count() >= bytes.length)
    expect(peer.received()).toEqual(bytes)
  })

  test('accepts a header after another frame that is cut anywhere', async () => {
    const { port } = await serve()
    const peer = await connect(port)
    const first = frame('first')
    const both = Buffer.concat([first, frame('second')])
    const cuts = [0, 1, 2, 3, 4, 5].map((cut) => first.length + cut)
    for (const cut of cuts) await writeApart(peer, [both.subarray(0, cut), both.subarray(cut)])
    const all = Buffer.concat(cuts.map(() => both))
    await until(() => peer.count() >= all.length)
    expect(peer.received()).toEqual(all)
  })

  test('works with Connection of the Python standard library', async ({ skip }) => {
    skip(spawnSync('python3', ['--version']).status !== 0, 'needs python3')
    const { port } = await serve()
    const script = `
import socket
from multiprocessing.connection import Connection
connection = Connection(socket.create_connection(('127.0.0.1', ${port})).detach())
messages = [b'hello', b'', bytes(range(256)) * 400]
for message in messages: connection.send_bytes(message)
print([connection.recv_bytes() == message for message in messages])
connection.send({'any': ['object', 1.5]})
print(connection.recv())
connection.close()`
    const { stdout, stderr } = spawnSync('python3', ['-c', script], { encoding: 'utf8', timeout: 30_000 })
    expect([stdout, stderr]).toEqual(["[True, True, True]\n{'any': ['object', 1.5]}\n", ''])
  })

  test('sends all echoes to a peer that has closed its side, and then closes its own', async () => {
    const { port } = await serve()
    const peer = await connect(port, { halfOpen: true, reads: false })
    const frames = Buffer.concat([frame(randomBytes(8 * MiB)), frame('last')])
    peer.socket.end(frames)
    await until(() => peer.socket.writableFinished)
    peer.socket.resume()
    await until(() => peer.closed())
    expectSame(peer.received(), frames)
    expect([peer.ended(), peer.errno()]).toEqual([true, undefined])
  })

  test.each([
    ['its body', 6, 'inside a frame: 6 of 7 bytes'],
    ['its header', 2, 'inside a header: 2 of 4 bytes'],
  ])(
    'closes a connection that was closed inside a frame, in %s, and serves the others',
    async (_, cut, words) => {
      const server = await serve()
      const other = await connect(server.port)
      const peer = await connect(server.port)
      peer.socket.end(Buffer.concat([frame('whole'), frame('cut').subarray(0, cut)]))
      await until(() => peer.closed())
      expect([peer.received(), peer.errno()]).toEqual([frame('whole'), undefined])
      await until(() => story(server).includes(words))
      other.socket.write(frame('still here'))
      await until(() => other.count() >= 14)
      expect(other.received()).toEqual(frame('still here'))
    },
  )

  test('closes a connection that announces too long a frame, after the frames before it', async () => {
    const server = await serve(['--max-frame', '4KiB'])
    const other = await connect(server.port)
    const peer = await connect(server.port)
    const good = Buffer.concat([frame('one'), frame(randomBytes(4096))])
    // More than the server has read when it refuses the frame: close(2) with unread bytes would send a reset.
    const behind = Buffer.concat([Buffer.from([255, 255, 255, 255]), randomBytes(4 * MiB)])
    peer.socket.write(Buffer.concat([good, behind]))
    const name = `127.0.0.1:${peer.socket.localPort}`
    await until(() => peer.closed())
    expectSame(peer.received(), good)
    expect([peer.ended(), peer.errno()]).toEqual([true, undefined])
    await until(() =>
      story(server).includes(`Closed the connection to ${name}: it announced a frame of 4,294,967,295`),
    )
    other.socket.write(frame('still here'))
    await until(() => other.count() >= 14)
    expect(other.received()).toEqual(frame('still here'))
  })

  test('refuses a frame that is one byte longer than --max-frame', async () => {
    const { port } = await serve(['--max-frame', '10'])
    await expectEcho(port, frame('0123456789'))
    const peer = await connect(port)
    peer.socket.write(frame('01234567890'))
    await until(() => peer.closed())
    expect(peer.received()).toEqual(frame('').subarray(0, 0))
  })

  test('survives a peer that resets the connection in the middle of a frame', async () => {
    const server = await serve()
    for (const bytes of [frame('half').subarray(0, 6), frame('half').subarray(0, 2), Buffer.alloc(0)]) {
      const peer = await connect(server.port)
      if (bytes.length > 0) await writeApart(peer, [bytes])
      peer.socket.resetAndDestroy()
      await until(() => peer.closed())
    }
    await until(() => story(server).includes('ECONNRESET'))
    await expectEcho(server.port, frame('still here'))
    expect(childrenOf(server.pid)).toEqual([server.actor])
  })

  test('stops reading from a peer that does not read its echoes, without using memory, and serves others', async () => {
    const { port, actor } = await serve()
    await expectEcho(port, frame(randomBytes(MiB)))
    const before = readStatus(actor)!.rss!
    const peer = await connect(port, { reads: false })
    const frames = Buffer.concat(Array.from({ length: 1024 }, () => frame(randomBytes(64 * 1024 - 4))))
    // In pieces, because Node's writableLength of a single write changes only when all of it is written.
    for (let at = 0; at < frames.length; at += 65_536) peer.socket.write(frames.subarray(at, at + 65_536))
    let most = 0
    let quiet = 0
    let last = -1
    await until(() => {
      most = Math.max(most, readStatus(actor)!.rss!)
      const stuck = (unread(peer.socket) ?? 0) > MiB && peer.socket.writableLength === last
      last = peer.socket.writableLength
      quiet = stuck ? quiet + 1 : 0
      return quiet === 50
    }, 30_000)
    await expectEcho(port, frame(randomBytes(MiB)))
    most = Math.max(most, readStatus(actor)!.rss!)
    expect((most - before) / MiB).toBeLessThan(40)
    peer.socket.resume()
    await until(() => peer.count() >= frames.length, 30_000)
    expectSame(peer.received(), frames)
  })

  test('serves 50 clients at once, each with its own frames', async () => {
    const { port } = await serve()
    const random = () =>
      Buffer.concat(Array.from({ length: 20 }, () => frame(randomBytes(randomInt(0, 5000)))))
    await Promise.all(Array.from({ length: 50 }, () => expectEcho(port, random())))
  })

  test('refuses connections above --max-connections, until there is room again', async () => {
    const server = await serve(['--max-connections', '1'])
    const first = await connect(server.port)
    first.socket.write(frame('first'))
    await until(() => first.count() === 9)
    const second = await connect(server.port)
    second.socket.write(frame('second'))
    await until(() => second.closed())
    expect(second.count()).toBe(0)
    await until(() => story(server).includes('Refused 127.0.0.1:'))
    first.socket.write(frame('again'))
    await until(() => first.count() === 18)
    first.socket.end()
    await until(() => first.closed())
    await until(async () => {
      const third = await connect(server.port)
      third.socket.write(frame('third'))
      await until(() => third.count() === 9 || third.closed())
      third.socket.destroy()
      return third.count() === 9
    })
  })

  test('closes a connection that has been idle for --idle-timeout', async () => {
    const server = await serve(['--idle-timeout', '200ms'])
    const peer = await connect(server.port, { halfOpen: true })
    peer.socket.write(frame('hello').subarray(0, 5))
    await until(() => peer.closed() || peer.ended())
    expect(peer.count()).toBe(0)
    await until(() => story(server).includes(`127.0.0.1:${peer.socket.localPort}: it was idle for 200 ms`))
    // On a loaded machine, a connection that sends at once may be idle for 200 ms too.
    await until(() =>
      expectEcho(server.port, frame('next')).then(
        () => true,
        () => false,
      ),
    )
  })

  test('exits with 1 when its server process is killed', async () => {
    const server = await serve()
    process.kill(server.actor, 'SIGKILL')
    expect(await server.exit).toBe(1)
    expect(server.stderr()).toContain(`osdemo: the server (pid ${server.actor}) was killed by SIGKILL`)
    await expectAllGone(server)
  })

  test('exits after --timeout with 124', async () => {
    const run = newPlace().osdemo(['tcp-echo', '--port', '0', '--timeout', '400ms'])
    expect(await run.exit).toBe(124)
    expect(run.stderr()).toContain('400ms')
  })

  test('serves and stops as usual when no process reads its stderr', async () => {
    const server = await serve([], { stdio: ['ignore', 'pipe', deadEnd({ full: true })] })
    await keepBusy(server.port)
    server.child.kill('SIGTERM')
    await until(() => !isListening(server.port))
    await until(() => !isAlive(server.actor))
    await until(() => !isAlive(server.pid))
    expect(await server.exit).toBe(0)
    await expectAllGone(server)
  })

  test('serves and stops as usual when no process reads its events', async () => {
    const server = await serve(['--json'], { stdio: ['ignore', deadEnd({ full: false }), 'pipe'] })
    await keepBusy(server.port)
    server.child.kill('SIGTERM')
    await until(() => !isListening(server.port))
    await until(() => !isAlive(server.pid))
    expect(await server.exit).toBe(0)
    await expectAllGone(server)
  })
})

describe.runIf(process.platform === 'linux')('a tcp-echo server that is asked to stop', () => {
  test.each(signals)(
    'by %s exits 0 with connections open, one idle and one in the middle of a frame',
    async (signal) => {
      const server = await serve()
      const idle = await connect(server.port)
      const half = await connect(server.port)
      await accepted(idle)
      half.socket.write(Buffer.concat([frame('whole'), frame('half').subarray(0, 6)]))
      await until(() => half.count() === 9)
      server.child.kill(signal)
      expect(await server.exit).toBe(0)
      await until(() => idle.closed() && half.closed())
      expect([idle.ended(), idle.errno(), idle.count()]).toEqual([true, undefined, 0])
      expect([half.ended(), half.errno(), half.received()]).toEqual([true, undefined, frame('whole')])
      // The server itself closed it there.
      expect(story(server)).not.toContain('inside a frame')
      await expectAllGone(server)
    },
  )

  test.each(signals)('by %s while its server process is still starting exits 0', async (signal) => {
    const place = newPlace()
    const run = place.osdemo(['tcp-echo', '--port', '0'])
    const actor = await until(() =>
      childrenOf(run.pid).find((pid) => readText(`/proc/${pid}/cmdline`)?.includes('echo-server')),
    )
    // Stopped here, it gets the request to stop together with its first messages of the supervisor.
    process.kill(actor, 'SIGSTOP')
    run.child.kill(signal)
    await until(() => !isPending(run.pid, constants.signals[signal]))
    process.kill(actor, 'SIGCONT')
    await until(() => !isAlive(run.pid))
    expect([await run.exit, processesOf(place)]).toEqual([0, []])
  })

  test.each(signals)('by %s to its whole process group, as a shell sends it, exits 0', async (signal) => {
    const server = await serve([], { detached: true })
    const peer = await connect(server.port)
    await accepted(peer)
    process.kill(-server.pid, signal)
    expect(await server.exit).toBe(0)
    await until(() => peer.closed())
    expect([peer.ended(), peer.errno()]).toEqual([true, undefined])
    await expectAllGone(server)
  })

  test.each([
    ['SIGINT', 'the supervisor', 1],
    ['SIGTERM', 'the supervisor', 1],
    ['SIGINT', 'the process group', -1],
    ['SIGTERM', 'the process group', -1],
  ] as const)('by %s to %s sends the echoes of what it has received', async (signal, _, target) => {
    const server = await serve(['--json'], { detached: true })
    const peer = await connect(server.port, { reads: false })
    const frames = frame(randomBytes(8 * MiB))
    peer.socket.write(frames)
    await until(() =>
      eventsSoFar(server).some((event) => event.event === 'received' && event.bytes === frames.length),
    )
    process.kill(target * server.pid, signal)
    await until(() => !isListening(server.port))
    peer.socket.resume()
    await until(() => peer.closed())
    expectSame(peer.received(), frames)
    expect([await server.exit, peer.errno()]).toEqual([0, undefined])
  })

  test('sends all echoes to a peer that closes its side afterwards', async () => {
    const server = await serve(['--json'])
    const peer = await connect(server.port, { reads: false })
    const frames = frame(randomBytes(8 * MiB))
    peer.socket.write(frames)
    await until(() =>
      eventsSoFar(server).some((event) => event.event === 'received' && event.bytes === frames.length),
    )
    server.child.kill('SIGTERM')
    await until(() => !isListening(server.port))
    peer.socket.end()
    await until(() => peer.socket.writableFinished)
    peer.socket.resume()
    await until(() => peer.closed())
    expectSame(peer.received(), frames)
    expect([await server.exit, peer.errno()]).toEqual([0, undefined])
  })

  test('sends the echoes of what the kernel had received before the signal', async () => {
    const server = await serve()
    const peer = await connect(server.port)
    await writeApart(peer, [frame('first')])
    process.kill(server.actor, 'SIGSTOP')
    const frames = Buffer.concat(Array.from({ length: 100 }, (_, number) => frame(`${number}`)))
    peer.socket.write(frames)
    await until(() => unread(peer.socket) === frames.length)
    server.child.kill('SIGTERM')
    await until(() => !isPending(server.pid, constants.signals.SIGTERM))
    process.kill(server.actor, 'SIGCONT')
    await until(() => peer.closed())
    expect([await server.exit, peer.errno()]).toEqual([0, undefined])
    expectSame(peer.received(), Buffer.concat([frame('first'), frames]))
  })

  test('sends no partial frame to a peer that does not read', async () => {
    const server = await serve()
    const peer = await connect(server.port, { reads: false })
    await accepted(peer)
    const one = frame(randomBytes(99_996))
    for (let number = 0; number < 200; number++) peer.socket.write(one)
    await until(() => (unread(peer.socket) ?? 0) > MiB)
    server.child.kill('SIGTERM')
    await until(() => !isListening(server.port))
    peer.socket.resume()
    await until(() => peer.closed())
    expect(await server.exit).toBe(0)
    expect([peer.ended(), peer.errno(), peer.count() % one.length]).toEqual([true, undefined, 0])
    expect(peer.count()).toBeGreaterThan(0)
  })

  test('drops a peer that does not close its side, and exits 0', async () => {
    const server = await serve()
    const peer = await connect(server.port, { halfOpen: true })
    await accepted(peer)
    server.child.kill('SIGTERM')
    expect(await server.exit).toBe(0)
    expect(peer.ended()).toBe(true)
    await expectAllGone(server)
  })

  test.each([
    ['SIGINT', 'SIGINT', 130],
    ['SIGTERM', 'SIGINT', 130],
  ] as const)(
    'by %s and then, while it waits for a peer, by %s exits with %i',
    async (first, second, exit) => {
      const server = await serve()
      const peer = await connect(server.port, { halfOpen: true, reads: false })
      await accepted(peer)
      peer.socket.write(Buffer.concat(Array(200).fill(frame(randomBytes(99_996)))))
      await until(() => (unread(peer.socket) ?? 0) > MiB)
      server.child.kill(first)
      await until(() => !isListening(server.port))
      // The first signal has been handled. The same signal within this time counts as its repetition.
      const heard = now()
      await until(() => now() - heard > echoOfSignal)
      server.child.kill(second)
      expect(await server.exit).toBe(exit)
      peer.socket.destroy()
      await expectAllGone(server)
    },
  )

  test.each([
    ['', {}],
    [', also without setpriv, where the server process notices it itself', { PATH: '/nonexistent' }],
  ])('by SIGKILL to the supervisor exits too%s', async (_, env) => {
    const server = await serve([], { env })
    const peer = await connect(server.port)
    server.child.kill('SIGKILL')
    expect(await server.exit).toBe(137)
    await until(() => !isAlive(server.actor), 2000)
    await until(() => peer.closed())
    await expectAllGone(server)
  })
})

/** Whether a signal is pending: sent to the process, and not delivered yet. */
function isPending(pid: number, signal: number): boolean {
  const pending = /^ShdPnd:\s*([0-9a-f]+)$/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1]
  return ((BigInt(`0x${pending}`) >> BigInt(signal - 1)) & 1n) === 1n
}

describe.runIf(process.platform === 'linux')('a tcp-echo server that cannot start', () => {
  /** A port that this process listens on. */
  async function usedPort(): Promise<number> {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await until(() => other.listening)
    return (other.address() as AddressInfo).port
  }

  test('names the process that listens on the port', async () => {
    const port = await usedPort()
    const place = newPlace()
    const run = place.osdemo(['tcp-echo', '--port', `${port}`])
    expect([await run.exit, run.stdout()]).toEqual([1, ''])
    expect(run.stderr()).toContain(`osdemo: cannot listen on 127.0.0.1:${port}: listen: EADDRINUSE`)
    expect(run.stderr()).toContain(`(pid ${process.pid}). Use any free one`)
    expect(run.stderr()).toContain('--port 0')
    expect(processesOf(place)).toEqual([])
  })

  test('reports the same as valid events', async () => {
    const port = await usedPort()
    const place = newPlace()
    const json = place.osdemo(['tcp-echo', '--port', `${port}`, '--json'])
    expect(await json.exit).toBe(1)
    const events = parseEvents(json.stdout())
    expect(invalidEvents(events)).toEqual([])
    expect(events.filter(({ event }) => event === 'error')).toMatchObject([
      { exit: 1, call: 'listen', errno: 'EADDRINUSE', hint: expect.stringContaining(`${process.pid}`) },
    ])
    expect(processesOf(place)).toEqual([])
  })

  test('reports that a name does not resolve', async () => {
    const run = newPlace().osdemo(['tcp-echo', '--host', 'nosuch.invalid', '--port', '0'])
    expect([await run.exit, run.stdout()]).toEqual([1, ''])
    expect(run.stderr()).toContain('nosuch.invalid')
    expect(run.stderr()).toContain('does not resolve')
  })

  test('reports that a low port needs a capability', async (context) => {
    const { place, options } = placeOfNobody(context)
    context.skip((unprivilegedPortStart() ?? 1024) < 1024, 'here any user may use low ports')
    const run = place.osdemo(['tcp-echo', '--port', '1022'], options)
    expect([await run.exit, run.stdout()]).toEqual([1, ''])
    expect(run.stderr()).toContain('EACCES')
    expect(run.stderr()).toContain('--port 7007')
  })

  test.each([
    ['--port', '70000'],
    ['--port', '-1'],
    ['--max-frame', '4KB'],
    ['--max-frame', '4GiB'],
    ['--max-connections', '0'],
    ['--idle-timeout', '5'],
    ['--idle-timeout', '0ms'],
    ['--host', ''],
  ])('refuses %s %s with exit code 2', async (option, value) => {
    const run = newPlace().osdemo(['tcp-echo', option, value])
    expect([await run.exit, run.stdout()]).toEqual([2, ''])
    expect(run.stderr()).toContain(option)
    expect(run.stderr()).toContain(`'${value}'`)
  })
})

describe.runIf(process.platform === 'linux')('tcp-echo demo', () => {
  const shown = [
    'tcp/server-holds-listening-socket',
    // /etc/services is in a package that a container may lack.
    ...(readServices() === undefined ? [] : ['tcp/standard-services-have-well-known-ports']),
    'tcp/connection-is-a-pair-of-sockets',
    'tcp/client-gets-ephemeral-port',
    'frame/arrives-unchanged',
    'tcp/fin-is-end-of-file',
    'tcp/first-to-close-stays-in-time-wait',
    'tcp/reset-is-an-error',
    'tcp/listener-goes-with-its-process',
  ]
  let run: Promise<Event[]> | undefined
  /** One run for all tests that only look at its events. */
  function played(): Promise<Event[]> {
    run ??= playDemo(['tcp-echo', 'demo'])
    return run
  }

  test('shows a server and two clients, their sockets, and every frame on both sides', async () => {
    const events = await played()
    const texts = (actor: string, direction: string) =>
      events.flatMap((event) =>
        event.actor === actor && event.event === direction ? [(event as { text?: string }).text] : [],
      )
    const sent = texts('client', 'sent')
    expect(sent).toContain('hello')
    expect(sent).toContain('')
    expect([texts('server', 'received'), texts('server', 'sent'), texts('client', 'received')]).toEqual([
      sent,
      sent,
      sent,
    ])

    const pids = new Map(
      events.flatMap((event) => (event.event === 'started' ? [[event.name, event.child]] : [])),
    )
    expect([...pids.keys()].sort()).toEqual(['client', 'client 2', 'server'])
    expect(drawSockets(tellStory(events, false))!.claims).toHaveLength(6)
    for (const [name, child] of pids) {
      expect(events).toContainEqual(
        expect.objectContaining({ event: 'exited', child, name, code: 0, signal: null }),
      )
    }
  })

  test('reports the ports that the sockets really had', async () => {
    const events = await played()
    const table = dataFrom(events, '/proc/net/tcp') as {
      localPort: number
      remotePort: number
      state: string
      inode: number
    }[]
    const chosen = table[1]!.localPort
    const { first, last } = ephemeralRange()!
    expect(chosen).toBeGreaterThanOrEqual(first)
    expect(chosen).toBeLessThanOrEqual(last)
    const created = events.flatMap((event) => (event.event === 'created' ? [event] : []))
    const port = created.find((event) => event.port !== undefined)?.port
    const log = dataFrom(events, 'read(2)') as { port: number }[]
    expect(log).toMatchObject([
      { port: chosen, closedBy: 'peer', how: 'FIN' },
      { closedBy: 'peer', how: 'reset' },
    ])
    expect(created.map(({ id }) => id)).toEqual([
      `127.0.0.1:${port}`,
      `127.0.0.1:${port} to 127.0.0.1:${chosen}`,
      `127.0.0.1:${port} to 127.0.0.1:${log[1]!.port}`,
    ])
    expect(table.map(({ localPort, remotePort, state }) => [localPort, remotePort, state])).toEqual([
      [port, 0, 'LISTEN'],
      [chosen, port, 'ESTABLISHED'],
      [port, chosen, 'ESTABLISHED'],
      [chosen, port, 'TIME_WAIT'],
    ])
    expect(new Set(table.map(({ inode }) => inode)).size).toBe(4)
    expect(dataFrom(events, '/proc/sys/net/ipv4/ip_local_port_range')).toEqual([{ first, last }])
    expect(claimIdsOf(events).slice(0, shown.length)).toEqual(shown)
  })

  test('is not confused by sockets of other addresses that have the same ports', async () => {
    onTestFinished(() => void vi.restoreAllMocks())
    const real = netTcp.readTcpTable
    vi.spyOn(netTcp, 'readTcpTable').mockImplementation(() => {
      const others = real().map((row) => ({
        ...row,
        local: { ...row.local, host: '127.0.0.2' },
        remote: { ...row.remote, host: '127.0.0.2' },
        inode: 1,
      }))
      return [...others, ...real()]
    })
    const { events, error } = await perform(echoDemo)
    expect(error).toBeUndefined()
    expect(claimIdsOf(events).slice(0, shown.length)).toEqual(shown)
  })

  test('observes no TIME_WAIT where the kernel keeps none', async () => {
    onTestFinished(() => void vi.restoreAllMocks())
    const real = netTcp.readTcpTable
    vi.spyOn(netTcp, 'readTcpTable').mockImplementation(() =>
      real().filter(({ state }) => state !== 'TIME_WAIT'),
    )
    const { events, error } = await perform(echoDemo)
    expect(error).toBeUndefined()
    const timeWait = 'tcp/first-to-close-stays-in-time-wait'
    expect(claimIdsOf(events).slice(0, shown.length - 1)).toEqual(shown.filter((id) => id !== timeWait))
  })

  test('names the ports that listen here, as /etc/services does', async () => {
    onTestFinished(() => void vi.restoreAllMocks())
    const real = netTcp.readTcpTable
    const row = netTcp.parseNetTcp(
      '\n0: 00000000:0001 00000000:0000 0A 00000000:00000000 00:00000000 0 0 0 7',
    )[0]!
    const listen = (port: number) => ({ ...row, local: { ...row.local, port } })
    vi.spyOn(netTcp, 'readTcpTable').mockImplementation(() => [listen(1), listen(2), listen(1), ...real()])
    const text = 'ssh 22/tcp\nfirst 1/tcp\nalias 1/tcp\nother 2/udp\n'
    vi.spyOn(services, 'readServices').mockReturnValue(parseServices(text))
    const { events, error } = await perform(echoDemo)
    expect(error).toBeUndefined()
    expect(dataFrom(events, '/etc/services')).toEqual([{ ssh: 22 }])
    const [ports] = dataFrom(events, '/proc/net/tcp, /etc/services') as [unknown[]]
    expect(ports.slice(0, 2)).toEqual([
      { port: 1, service: 'first' },
      { port: 2, service: null },
    ])
  })

  test.each([
    ['missing', undefined],
    ['without a standard service', 'foo 1/tcp\nhttp 80/udp\n'],
  ])('observes no names where /etc/services is %s', async (_, text) => {
    onTestFinished(() => void vi.restoreAllMocks())
    const read = text === undefined ? undefined : parseServices(text)
    vi.spyOn(services, 'readServices').mockReturnValue(read)
    const { events, error } = await perform(echoDemo)
    expect(error).toBeUndefined()
    expect(claimIdsOf(events)).not.toContain('tcp/standard-services-have-well-known-ports')
    expect(events.some((event) => event.event === 'note' && event.role === 'aside')).toBe(true)
  })

  test('shows that a low port is open to a user with the capability', async ({ skip }) => {
    const bindService = 10
    const status = readStatus(process.pid)!
    skip(!hasCapability(status, bindService), 'needs CAP_NET_BIND_SERVICE')
    const events = await played()
    const last =
      (unprivilegedPortStart() ?? 1024) < 1024 ? 'port-is-free-for-all' : 'privileged-port-needs-capability'
    expect(claimIdsOf(events).at(-1)).toBe(`tcp/${last}`)
  })

  test('shows that a low port is refused to an ordinary user, with the same claims otherwise', async (context) => {
    context.skip((unprivilegedPortStart() ?? 1024) < 1024, 'here any user may use low ports')
    const { place, options } = placeOfNobody(context)
    const events = await playDemo(['tcp-echo', 'demo'], options, place)
    expect(claimIdsOf(events)).toEqual([...shown, 'tcp/privileged-port-is-refused'])
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'evidence', source: 'errno', value: 'EACCES' }),
    )
  })
})

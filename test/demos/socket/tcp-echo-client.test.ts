/** The echo client, run as the real program. Most of its servers are sockets of this test, which misbehave on purpose. */
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readTcpTable } from '../../../src/proc/net-tcp.js'
import { isAlive } from '../../../src/proc/stat.js'
import {
  childrenOf,
  invalidEvents,
  newPlace,
  type Place,
  parseEvents,
  processesOf,
  program,
  type Run,
  type RunOptions,
  temporaryFolder,
} from '../../support/osdemo.js'
import { until } from '../../support/until.js'

/** A server that handles connections as the test says. Open connections are closed at the end of the test. */
async function fakeServer(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    // A client that is killed may reset its connection.
    socket.on('error', () => {})
    onConnection(socket)
  })
  onTestFinished(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await until(() => server.listening)
  return (server.address() as AddressInfo).port
}

/** Sends every byte back, without looking at frames. */
function echoServer(): Promise<number> {
  return fakeServer((socket) => void socket.pipe(socket))
}

/** A server that keeps what it receives. The test decides what it answers, and when. It closes its side after the client. */
async function puppet({ closes = true } = {}) {
  let socket: Socket | undefined
  const heard: Buffer[] = []
  const port = await fakeServer((connection) => {
    socket = connection
    connection.on('data', (chunk) => heard.push(chunk))
    if (closes) connection.on('end', () => connection.end())
  })
  return {
    port,
    heard: () => Buffer.concat(heard),
    chunks: () => heard,
    connection: () => until(() => socket),
  }
}

function frame(text: string): Buffer {
  const body = Buffer.from(text)
  const header = Buffer.alloc(4)
  header.writeUInt32BE(body.length)
  return Buffer.concat([header, body])
}

interface Client extends Run {
  place: Place
}

function client(port: number, words: string[], options: RunOptions = {}): Client {
  const place = newPlace()
  return { ...place.osdemo(['tcp-echo', 'client', '--port', `${port}`, ...words], options), place }
}

/** Waits for the exit code, expects that nothing is left behind, and returns the output. */
async function outcome(run: Client) {
  const exit = await run.exit
  expect({ processes: processesOf(run.place), files: run.place.leftovers() }).toEqual({
    processes: [],
    files: [],
  })
  return { exit, stdout: run.stdout(), stderr: run.stderr().replaceAll(/\s+/g, ' ') }
}

/** A descriptor of a file with this content, for the stdin of a command. */
function fileWith(bytes: string | Buffer): number {
  const path = join(temporaryFolder(), 'stdin')
  writeFileSync(path, bytes)
  const fd = openSync(path, 'r')
  onTestFinished(() => closeSync(fd))
  return fd
}

describe.runIf(process.platform === 'linux')('tcp-echo client', () => {
  test('prints each echo of the real server as a line, and nothing else', async () => {
    const place = newPlace()
    const server = place.osdemo(['tcp-echo', '--port', '0', '--verbose'])
    const port = Number(await until(() => /:(\d+)\n/.exec(server.stdout())?.[1]))
    const run = client(port, ['hello', 'two words', '', 'wörld ✓'])
    expect(await outcome(run)).toMatchObject({ exit: 0, stdout: 'hello\ntwo words\n\nwörld ✓\n' })
    await until(() => server.stderr().replaceAll(/\s+/g, ' ').includes('It sent 4 complete frames'))
  })

  test('prints an echo when it arrives, not when all have arrived', async () => {
    const server = await puppet()
    const run = client(server.port, ['first', 'second'])
    const socket = await server.connection()
    await until(() => server.heard().length === 19)
    expect([server.heard(), run.stdout()]).toEqual([Buffer.concat([frame('first'), frame('second')]), ''])
    socket.write(frame('first'))
    await until(() => run.stdout() === 'first\n')
    socket.write(frame('second'))
    expect(await outcome(run)).toMatchObject({ exit: 0, stdout: 'first\nsecond\n' })
  })

  test('sends each line of stdin, empty ones and a last one without newline too', async () => {
    const run = client(await echoServer(), [], { stdio: ['pipe', 'pipe', 'pipe'] })
    run.child.stdin!.write('one\n')
    // stdin is still open, as when a person types and reads the answer.
    await until(() => run.stdout() === 'one\n')
    run.child.stdin!.end('\n\n two \r\nthree')
    expect(await outcome(run)).toMatchObject({ exit: 0, stdout: 'one\n\n\n two \r\nthree\n' })
  })

  test.skipIf(!existsSync('/usr/bin/script'))('explains on a terminal what to type', async () => {
    const line = `'${process.execPath}' '${program}' tcp-echo client --port ${await echoServer()}`
    const run = newPlace().sh(`script -qec "${line}" /dev/null`)
    expect(await run.exit).toBe(0)
    expect(run.stdout()).toContain('Ctrl-D')
  })

  test('sends the lines of a file, whatever bytes they contain', async () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 7 + (at >> 8)) % 256))
    const run = client(await echoServer(), [], { stdio: [fileWith(bytes), 'pipe', 'pipe'] })
    expect((await outcome(run)).exit).toBe(0)
    const expected = bytes.at(-1) === 10 ? bytes : Buffer.concat([bytes, Buffer.from('\n')])
    expect(run.bytes().equals(expected)).toBe(true)
  })

  test('exits with 0 when stdin is empty', async () => {
    expect(await outcome(client(await echoServer(), []))).toMatchObject({ exit: 0, stdout: '' })
  })

  test('with --chunk 1 writes byte by byte, and gets the same echo', async () => {
    const server = await puppet()
    const run = client(server.port, ['--chunk', '1', '--delay', '30ms', 'bytes'])
    const socket = await server.connection()
    await until(() => server.heard().length === 9)
    // On a busy machine, some of them may arrive together, but not all of them.
    expect(server.chunks().length).toBeGreaterThan(2)
    expect(server.heard()).toEqual(frame('bytes'))
    socket.write(frame('bytes'))
    expect(await outcome(run)).toMatchObject({ exit: 0, stdout: 'bytes\n' })
  })

  test('with a --chunk that does not divide the frames, sends the same bytes', async () => {
    const run = client(await echoServer(), ['--chunk', '7', '--size', '1000', 'hello', ''])
    const { exit, stdout } = await outcome(run)
    expect([exit, stdout.split('\n').map((line) => line.length)]).toEqual([0, [5, 0, 1000, 0]])
  })

  test('with --count 3 sends all messages three times', async () => {
    const run = client(await echoServer(), ['--count', '3', 'a', 'b'])
    expect(await outcome(run)).toMatchObject({ exit: 0, stdout: 'a\nb\na\nb\na\nb\n' })
  })

  test('with --size 64KiB sends a message of as many bytes', async () => {
    const run = client(await echoServer(), ['--size', '64KiB'])
    const { exit, stdout } = await outcome(run)
    expect([exit, stdout.length, stdout.at(-1)]).toEqual([0, 65_537, '\n'])
  })

  test('gets the echoes of many large messages from a server that buffers little', async () => {
    const run = client(await echoServer(), ['--size', '1MiB', '--count', '48'])
    expect((await run.exit) === 0 && run.bytes().length).toBe(48 * (1024 * 1024 + 1))
  })

  test('gets the echoes of many small messages', async () => {
    const run = client(await echoServer(), ['--count', '5000', 'hello'])
    expect((await run.exit) === 0 && run.stdout() === 'hello\n'.repeat(5000)).toBe(true)
  })

  test('with --json prints events on stdout and no payload', async () => {
    const port = await echoServer()
    const { exit, stdout, stderr } = await outcome(client(port, ['--json', 'hello', '']))
    expect([exit, stderr]).toEqual([0, ''])
    const events = parseEvents(stdout)
    expect(invalidEvents(events)).toEqual([])
    expect(events[0]).toMatchObject({
      event: 'run',
      command: ['tcp-echo', 'client', '--port', `${port}`, '--json', 'hello', ''],
    })
    for (const direction of ['sent', 'received']) {
      expect(events.filter(({ event }) => event === direction)).toMatchObject([
        { actor: 'client', seq: 0, bytes: 9, text: 'hello' },
        { actor: 'client', seq: 1, bytes: 4, text: '' },
      ])
    }
  })

  test('with --json reports its error as an event too', async () => {
    const server = await puppet()
    const run = client(server.port, ['--json', 'hello'])
    ;(await server.connection()).end(frame('hellO'))
    const { exit, stdout } = await outcome(run)
    const events = parseEvents(stdout)
    expect([exit, events.at(-1)]).toMatchObject([1, { event: 'error', exit: 1 }])
    expect(run.stderr()).toContain('differs')
  })

  test.skipIf(!existsSync('/proc/net/if_inet6'))('takes an IPv6 address with brackets', async () => {
    const server = newPlace().osdemo(['tcp-echo', '--host', '[::1]', '--port', '0'])
    const port = Number(await until(() => /^listening on \[::1\]:(\d+)\n/.exec(server.stdout())?.[1]))
    const runs = ['[::1]', '::1'].map((host) => client(port, ['--host', host, 'hello']))
    for (const run of runs) expect(await outcome(run)).toMatchObject({ exit: 0, stdout: 'hello\n' })
  })

  test('exits although the server never closes its side, after it has said what it waits for', async () => {
    const server = await puppet({ closes: false })
    const run = client(server.port, ['hello', '--verbose'])
    const socket = await server.connection()
    socket.write(frame('hello'))
    await until(() => socket.readableEnded)
    const { exit, stdout, stderr } = await outcome(run)
    expect([exit, stdout]).toEqual([0, 'hello\n'])
    expect(stderr).toContain(`Waiting for 127.0.0.1:${server.port} to close its side`)
    expect(socket.writableEnded).toBe(false)
  })
})

describe.runIf(process.platform === 'linux')('tcp-echo client fails with exit code 1', () => {
  test.each([
    ['has another byte', frame('hellO'), 'echo 0 differs'],
    ['is shorter', frame('hell'), 'echo 0 differs'],
    ['is empty', frame(''), 'echo 0 differs'],
    ['is no frame but HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'this is an echo server'],
    ['ends in the middle', frame('hello').subarray(0, 6), '6 of 9 bytes'],
    ['is missing', Buffer.alloc(0), 'closed the connection'],
  ])('and without a line on stdout when the echo %s', async (_, answer, words) => {
    const server = await puppet()
    const run = client(server.port, ['hello'])
    const socket = await server.connection()
    await until(() => server.heard().length === 9)
    socket.end(answer)
    const { exit, stdout, stderr } = await outcome(run)
    expect([exit, stdout]).toEqual([1, ''])
    expect(stderr).toContain(words)
    expect(stderr).toContain(`osdemo: `)
  })

  test('when the server closes after the first of two echoes, and reports how many are missing', async () => {
    const server = await puppet()
    const run = client(server.port, ['one', 'two'])
    const socket = await server.connection()
    await until(() => server.heard().length === 14)
    socket.end(frame('one'))
    const { exit, stdout, stderr } = await outcome(run)
    expect([exit, stdout]).toEqual([1, 'one\n'])
    expect(stderr).toContain('closed the connection after 1 echo, and 1 echo is missing')
  })

  test('when the echoes arrive in another order', async () => {
    const server = await puppet()
    const run = client(server.port, ['one', 'two'])
    ;(await server.connection()).write(Buffer.concat([frame('two'), frame('one')]))
    expect(await outcome(run)).toMatchObject({ exit: 1, stdout: '' })
  })

  test('when an echo arrives before anything was sent', async () => {
    const server = await puppet()
    const run = client(server.port, [], { stdio: ['pipe', 'pipe', 'pipe'] })
    ;(await server.connection()).write(frame('surprise'))
    const { exit, stdout, stderr } = await outcome(run)
    expect([exit, stdout]).toEqual([1, ''])
    expect(stderr).toContain('12 bytes arrived although nothing was sent')
  })

  test('when its message is longer than the server accepts, with a hint', async () => {
    const server = newPlace().osdemo(['tcp-echo', '--port', '0', '--max-frame', '10'])
    const port = Number(await until(() => /:(\d+)\n/.exec(server.stdout())?.[1]))
    const { exit, stdout, stderr } = await outcome(client(port, ['short', 'much too long']))
    expect([exit, stdout]).toEqual([1, 'short\n'])
    expect(stderr).toContain('closed the connection after 1')
    expect(stderr).toContain('above its limit')
  })

  test('when no process listens, with the command that starts a server', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await until(() => server.listening)
    const { port } = server.address() as AddressInfo
    server.close()
    await until(() => !server.listening)
    const { exit, stdout, stderr } = await outcome(client(port, ['hello']))
    expect([exit, stdout]).toEqual([1, ''])
    expect(stderr).toContain(`osdemo: cannot connect to 127.0.0.1:${port}: connect: ECONNREFUSED`)
    expect(stderr).toContain(`osdemo tcp-echo --port ${port}`)
  })

  test('when the server resets the connection', async () => {
    const server = await puppet()
    const run = client(server.port, ['hello'])
    const socket = await server.connection()
    await until(() => server.heard().length === 9)
    socket.resetAndDestroy()
    const { exit, stderr } = await outcome(run)
    expect(exit).toBe(1)
    expect(stderr).toContain('ECONNRESET')
    expect(stderr).toContain(`osdemo: the connection`)
  })

  test.each([
    ['it waits for the next line', []],
    ['it is sending megabytes', ['--size', '1MiB', '--count', '1000000']],
  ])('when the server is killed while %s', async (_, words) => {
    const place = newPlace()
    const server = place.osdemo(['tcp-echo', '--port', '0'])
    const port = Number(await until(() => /:(\d+)\n/.exec(server.stdout())?.[1]))
    const run = client(port, words, { stdio: ['pipe', words.length > 0 ? 'ignore' : 'pipe', 'pipe'] })
    if (words.length === 0) {
      run.child.stdin!.write('hello\n')
      await until(() => run.stdout() === 'hello\n')
    } else await until(() => isBusy(port))
    process.kill(childrenOf(server.pid)[0]!, 'SIGKILL')
    const { exit, stderr } = await outcome(run)
    expect(exit).toBe(1)
    expect(stderr).toMatch(/osdemo: .*(closed the connection|connection broke)/)
  })
})

/** Whether a connection to this port has more unsent bytes in the kernel than a small message has. */
function isBusy(port: number): boolean {
  return readTcpTable().some(({ remote, txQueue }) => remote.port === port && txQueue > 100_000)
}

describe.runIf(process.platform === 'linux')('tcp-echo client before a silent server', () => {
  /** A client that has sent its message and waits for the echo. */
  async function waiting(words: string[] = [], options: RunOptions = {}) {
    const server = await puppet()
    const run = client(server.port, [...words, 'hello'], options)
    await until(() => server.heard().length === 9)
    const actor = await until(() => childrenOf(run.pid)[0])
    return { server, run, actor }
  }

  test('reports which echo it waits for, and keeps its side open until it arrives', async () => {
    const { server, run } = await waiting()
    const socket = await server.connection()
    const story = () => run.stderr().replaceAll(/\s+/g, ' ')
    await until(() => story().includes(`Waiting for echo 0 from 127.0.0.1:${server.port}`))
    expect(socket.readableEnded).toBe(false)
    socket.write(frame('hello'))
    expect(await outcome(run)).toMatchObject({ exit: 0, stdout: 'hello\n' })
    await until(() => socket.readableEnded)
  })

  test('does not report it during its own --delay', async () => {
    const server = await puppet()
    const run = client(server.port, ['--chunk', '5', '--delay', '1300ms', 'hello'])
    const socket = await server.connection()
    await until(() => server.heard().length === 9)
    expect(run.stderr()).not.toContain('Waiting for')
    await until(() => run.stderr().replaceAll(/\s+/g, ' ').includes('Waiting for echo 0'))
    socket.write(frame('hello'))
    expect(await outcome(run)).toMatchObject({ exit: 0, stdout: 'hello\n' })
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('exits on %s with %i', async (signal, exit) => {
    const { server, run, actor } = await waiting()
    run.child.kill(signal)
    expect(await outcome(run)).toMatchObject({ exit, stdout: '' })
    expect(isAlive(actor)).toBe(false)
    const socket = await server.connection()
    await until(() => socket.readableEnded || socket.destroyed)
  })

  test('exits after --timeout with 124', async () => {
    const server = await puppet()
    const { exit, stdout, stderr } = await outcome(client(server.port, ['--timeout', '500ms', 'hello']))
    expect([exit, stdout]).toEqual([124, ''])
    expect(stderr).toContain('500ms')
  })

  test('is killed when its supervisor is killed', async () => {
    const { run, actor } = await waiting()
    run.child.kill('SIGKILL')
    expect(await run.exit).toBe(137)
    await until(() => !isAlive(actor), 2000)
  })
})

describe.runIf(process.platform === 'linux')('tcp-echo client whose stdout has no reader', () => {
  test('exits with 141 and prints nothing at the first echo', async () => {
    const server = await puppet()
    const run = client(server.port, ['hello'])
    run.child.stdout!.destroy()
    ;(await server.connection()).write(frame('hello'))
    const { exit, stderr } = await outcome(run)
    expect(exit).toBe(141)
    expect(stderr).not.toContain('osdemo: ')
  })

  test('exits with 141 and prints nothing at the first event', async () => {
    const run = client(await echoServer(), ['--json', 'hello'])
    run.child.stdout!.destroy()
    expect(await outcome(run)).toMatchObject({ exit: 141, stderr: '' })
  })
})

describe.runIf(process.platform === 'linux')('tcp-echo client refuses', () => {
  test.each([
    ['--port', '0'],
    ['--port', '65536'],
    ['--chunk', '0'],
    ['--count', '0'],
    ['--size', '64KB'],
    ['--size', '257MiB'],
    ['--delay', '5'],
  ])('%s %s with exit code 2', async (option, value) => {
    const run = newPlace().osdemo(['tcp-echo', 'client', option, value, 'hello'])
    expect([await run.exit, run.stdout()]).toEqual([2, ''])
    expect(run.stderr()).toContain(option)
    expect(run.stderr()).toContain(`'${value}'`)
  })
})

/** The echo client and servers whose echo is wrong. Each server is a socket of this test. */
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { frame } from '../../support/echo-peers.js'
import { only } from '../../support/facts.js'
import { childrenOf, newPlace, parseEvents, temporaryFolder } from '../../support/osdemo.js'
import { until } from '../../support/until.js'

async function server(onConnection: (socket: Socket) => void): Promise<number> {
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on('error', () => {})
    onTestFinished(() => void socket.destroy())
    onConnection(socket)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void listener.close())
  await until(() => listener.listening)
  // A listener on a port has an AddressInfo.
  return (listener.address() as AddressInfo).port
}

/** Runs the client with `--json`. @returns its exit code, the echoes, and where an echo was wrong */
async function outcome(port: number, words: string[]) {
  const run = newPlace().osdemo(['tcp-echo', 'client', '--port', `${port}`, '--json', ...words])
  const exit = await run.exit
  const events = parseEvents(run.stdout())
  return {
    exit,
    echoes: only(events, 'received').map(({ text }) => text),
    wrong: only(events, 'evidence').map(({ data }) => data),
    errno: only(events, 'error').map(({ errno }) => errno),
    ended: only(events, 'note').flatMap(({ data }) => (data !== undefined ? [data] : [])),
  }
}

/** Calls back once, with all bytes, when so many have arrived. */
function after(socket: Socket, bytes: number, then: (all: Buffer) => void): void {
  let all = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    const before = all.length
    all = Buffer.concat([all, chunk])
    if (before < bytes && all.length >= bytes) then(all)
  })
}

const two = Buffer.concat([frame('one'), frame('last')])

describe.runIf(process.platform === 'linux')('tcp-echo client exits with 1 and names the byte', () => {
  test('when only the last echo is wrong', async () => {
    const port = await server((socket) => {
      socket.on('end', () => socket.end())
      after(socket, two.length, () => socket.write(Buffer.concat([frame('one'), frame('tsal')])))
    })
    expect(await outcome(port, ['one', 'last'])).toMatchObject({
      exit: 1,
      echoes: ['one'],
      wrong: [{ echo: 1, byte: 4, sent: 0x6c, received: 0x74 }],
    })
  })

  test('when a wrong frame answers the header, before the body has been sent', async () => {
    const port = await server((socket) => {
      after(socket, 4, () => socket.write(frame('X')))
      socket.on('end', () => socket.end())
    })
    expect(await outcome(port, ['--chunk', '4', '--delay', '50ms', 'hello'])).toMatchObject({
      exit: 1,
      echoes: [],
      // It has begun before the whole frame was sent, too.
      wrong: expect.arrayContaining([{ echo: 0, byte: 3, sent: 5, received: 1 }]),
    })
  })

  test('when the server sends every echo twice', async () => {
    const port = await server((socket) => {
      after(socket, two.length, () =>
        socket.write(Buffer.concat([frame('one'), frame('one'), frame('last')])),
      )
    })
    const single = await server((socket) =>
      after(socket, 9, (all) => socket.write(Buffer.concat([all, all]))),
    )
    const [first, second] = await Promise.all([outcome(port, ['one', 'last']), outcome(single, ['hello'])])
    expect(first).toMatchObject({
      exit: 1,
      echoes: ['one'],
      wrong: [{ echo: 1, byte: 3, sent: 4, received: 3 }],
    })
    expect(second).toMatchObject({ exit: 1, echoes: ['hello'], wrong: [{ echo: 1, leftOver: 9 }] })
  })

  test('when a byte comes behind the last echo, only just before the FIN of the server', async () => {
    const port = await server((socket) => {
      after(socket, 9, (all) => socket.write(all))
      socket.on('end', () => socket.end('!'))
    })
    expect(await outcome(port, ['hello'])).toMatchObject({
      exit: 1,
      echoes: ['hello'],
      wrong: [{ echo: 1, leftOver: 1 }],
    })
  })

  test('when the server trusts one read, and sends zero bytes for the rest', async () => {
    let arrived = 0
    const port = await server((socket) => {
      after(socket, 5, (all) => {
        arrived = all.length
        socket.write(Buffer.concat([all, Buffer.alloc(4 + 1_000_000 - all.length)]))
      })
    })
    const { exit, echoes, wrong } = await outcome(port, ['--size', '1000000'])
    expect([exit, echoes, wrong]).toMatchObject([1, [], [{ echo: 0, byte: arrived, received: 0 }]])
  })
})

describe.runIf(process.platform === 'linux')('tcp-echo client', () => {
  test('reports a reset as one, behind half an echo and behind the last one', async () => {
    const place = newPlace()
    let connection: Socket | undefined
    const port = await server((socket) => {
      connection = socket
      socket.resume()
    })
    const run = place.osdemo(['tcp-echo', 'client', '--port', `${port}`, '--json', 'hello'])
    const socket = await until(() => connection)
    await until(() => socket.bytesRead === 9)
    const [actor] = childrenOf(run.pid)
    // Stopped, the client gets the bytes and the reset together.
    process.kill(actor!, 'SIGSTOP')
    socket.write(frame('hello').subarray(0, 6), () => socket.resetAndDestroy())
    await until(() => socket.destroyed)
    process.kill(actor!, 'SIGCONT')
    expect(await run.exit).toBe(1)
    expect(only(parseEvents(run.stdout()), 'error')).toMatchObject([
      { errno: 'ECONNRESET', message: expect.stringContaining('6 of 9 bytes') },
    ])

    const late = await server((peer) => {
      after(peer, 9, (all) => peer.write(all))
      peer.on('end', () => peer.resetAndDestroy())
    })
    expect(await outcome(late, ['hello'])).toMatchObject({
      exit: 1,
      echoes: ['hello'],
      errno: ['ECONNRESET'],
    })
  })

  test('reports each frame as sent when its first byte is written, after the pause of --delay', async () => {
    const port = await server((socket) => socket.pipe(socket))
    const run = newPlace().osdemo([
      'tcp-echo',
      'client',
      '--port',
      `${port}`,
      '--json',
      '--delay',
      '200ms',
      'one',
      'two',
    ])
    expect(await run.exit).toBe(0)
    const events = parseEvents(run.stdout())
    const [first, second] = only(events, 'sent').map(({ t }) => t)
    expect(second! - first!).toBeGreaterThanOrEqual(195_000)
  })

  test('reports whether end of file has shown that nothing is left', async () => {
    const echo = (closes: boolean) =>
      server((socket) => {
        if (closes) socket.pipe(socket)
        else after(socket, 9, (all) => socket.write(all))
      })
    const [port, place] = [await echo(true), newPlace()]
    const file = join(temporaryFolder(), 'run.ndjson')
    // Its reader is slower than the client's patience, and only the last echo finds the pipe full.
    const slow = place.sh(
      `osdemo tcp-echo client --port ${port} --size 4095 --count 17 --save ${file} | (sleep 3.5; wc -c)`,
    )
    const [closing, open] = await Promise.all([
      outcome(port, ['hello']),
      echo(false).then((silent) => outcome(silent, ['hello'])),
      slow.exit,
    ])
    expect(slow.stdout().trim()).toBe(`${17 * 4096}`)
    const ends = only(parseEvents(readFileSync(file, 'utf8')), 'note').map(({ data }) => data)
    expect(ends).toContainEqual({ messages: 17, ended: true })
    expect([closing, open]).toMatchObject([
      { exit: 0, echoes: ['hello'], ended: [{ messages: 1, ended: true }] },
      { exit: 0, echoes: ['hello'], ended: [{ messages: 1, ended: false }] },
    ])
  })
})

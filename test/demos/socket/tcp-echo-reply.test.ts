/** The echo server and the client with `--reply`: both forms of an answer, and peers that use the other one. */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { connect, expectSame, frame, MiB, serve, writeApart } from '../../support/echo-peers.js'
import { eventsSoFar, newPlace, parseEvents } from '../../support/osdemo.js'
import { until } from '../../support/until.js'

/** Sends frames to a server that answers with bodies only. @returns what came back */
async function answers(port: number, frames: Buffer, bytes: number): Promise<Buffer> {
  const peer = await connect(port)
  peer.socket.write(frames)
  await until(() => peer.count() >= bytes)
  peer.socket.end()
  await until(() => peer.closed())
  return peer.received()
}

async function client(port: number, words: string[]) {
  const run = newPlace().osdemo(['tcp-echo', 'client', '--port', `${port}`, ...words])
  return { exit: await run.exit, stdout: run.stdout(), stderr: run.stderr().replaceAll(/\s+/g, ' ') }
}

/** A server that answers with these bytes, whatever it is sent, as soon as it has received so many. */
async function answering(answer: string, after: number): Promise<number> {
  const server = createServer((socket) => {
    let received = 0
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      received += chunk.length
      if (received === after) socket.write(answer)
    })
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  const bound = await until(() => server.address())
  return typeof bound === 'string' ? 0 : bound.port
}

describe.runIf(process.platform === 'linux')('tcp-echo serve --reply body', () => {
  test('sends back the body of every frame, however the frames arrive, and reports both lengths', async () => {
    const server = await serve(['--reply', 'body', '--json'])
    const texts = ['one', '', 'a third', 'x']
    const together = await answers(server.port, Buffer.concat(texts.map(frame)), 11)
    expect(together.toString()).toBe('onea thirdx')
    const events = await until(() => {
      const notes = eventsSoFar(server).filter((event) => event.event === 'note' && event.data !== undefined)
      return notes.length > 0 && eventsSoFar(server)
    })
    const bytes = (direction: string) =>
      events.flatMap((event) => (event.event === direction && 'bytes' in event ? [event.bytes] : []))
    expect([bytes('received'), bytes('sent')]).toEqual([
      [7, 4, 11, 5],
      [3, 0, 7, 1],
    ])

    const apart = await connect(server.port)
    await writeApart(
      apart,
      Array.from(frame('hello'), (byte) => Buffer.of(byte)),
    )
    await until(() => apart.count() >= 5)
    expect(apart.received().toString()).toBe('hello')

    const bodies = [70_000, 1, 3 * MiB, 65_532].map((size) => randomBytes(size))
    const all = Buffer.concat(bodies)
    expectSame(await answers(server.port, Buffer.concat(bodies.map(frame)), all.length), all)
  })

  test('and client --reply body understand each other, empty messages too', async () => {
    const server = await serve(['--reply', 'body'])
    const words = ['--reply', 'body', '--chunk', '3', 'hello', '', 'third', '']
    const [some, many, none] = await Promise.all([
      client(server.port, words),
      client(server.port, ['--reply', 'body', '--size', '1MiB', '--count', '3']),
      client(server.port, ['--reply', 'body', '']),
    ])
    expect(some).toMatchObject({ exit: 0, stdout: 'hello\n\nthird\n\n' })
    expect([many.exit, many.stdout.length]).toEqual([0, 3 * (MiB + 1)])
    expect(none).toMatchObject({ exit: 0, stdout: '\n' })
  })
})

describe.runIf(process.platform === 'linux')('the command for the other terminal', () => {
  test('has --reply body where this side has it', async () => {
    const server = await serve(['--reply', 'body'])
    const [, words = ''] = await until(() => /In another terminal: osdemo (.*)/.exec(server.stderr()))
    const printed = newPlace().osdemo(words.split(' '))
    expect([await printed.exit, printed.stdout()]).toEqual([0, 'hello\n'])

    server.child.kill('SIGINT')
    await server.exit
    const refused = await client(server.port, ['--reply', 'body', 'hello'])
    expect(refused.stderr).toContain(`osdemo tcp-echo --port ${server.port} --reply body`)
  })
})

describe.runIf(process.platform === 'linux')('tcp-echo client', () => {
  test.each([['hello'], ['hi'], ['h']])(
    'recognises that a server answered %s with the body and no header',
    async (message) => {
      const server = await serve(['--reply', 'body'])
      const { exit, stdout, stderr } = await client(server.port, [message])
      expect([exit, stdout]).toEqual([1, ''])
      expect(stderr).toContain('the peer answered with the body and no header; try --reply body')
    },
  )

  test('recognises it too where the first message is empty, so that the first byte answers another one', async () => {
    const server = await serve(['--reply', 'body'])
    const { exit, stderr } = await client(server.port, ['', '', 'hello'])
    expect([exit, stderr.includes('try --reply body')]).toEqual([1, true])
  })

  test('recognises it too where the body begins like a header', async () => {
    // The first three bytes of its header are zero too.
    const port = await answering('\0\0next', 6)
    const run = newPlace().sh(
      `printf '\\0\\0\\n' | '${process.execPath}' bin/osdemo.js tcp-echo client --port ${port}`,
    )
    expect([await run.exit, run.stdout()]).toEqual([1, ''])
    expect(run.stderr()).toContain('try --reply body')
  })

  test('recognises with --reply body that the server answered with a header', async () => {
    const server = await serve()
    const { exit, stdout, stderr } = await client(server.port, ['--reply', 'body', 'hello'])
    expect([exit, stdout]).toEqual([1, ''])
    expect(stderr).toContain('try --reply frame')
  })

  test.each([
    ['frame', 'hello', 9],
    ['frame', '', 4],
    ['body', 'hello', 9],
  ])(
    'proposes no other form than --reply %s when the answer to "%s" has neither',
    async (reply, message, bytes) => {
      const port = await answering('HELLO', bytes)
      const { exit, stdout, stderr } = await client(port, ['--reply', reply, message])
      expect([exit, stdout]).toEqual([1, ''])
      expect(stderr).toContain('echo 0 differs')
      expect(stderr).not.toContain('--reply')
    },
  )

  test('with --reply body says in events at which byte the answer differs, and how many bytes it has', async () => {
    const port = await answering('helloworLd', 18)
    const run = newPlace().osdemo(
      ['tcp-echo', 'client', '--port', `${port}`, '--json', '--reply', 'body', 'hello', 'world'],
      {},
    )
    expect(await run.exit).toBe(1)
    const events = parseEvents(run.stdout())
    expect(events.filter(({ event }) => event === 'received')).toMatchObject([
      { seq: 0, bytes: 5, text: 'hello' },
    ])
    expect(events.filter(({ event }) => event === 'evidence')).toMatchObject([
      { data: { echo: 1, byte: 3, sent: 0x6c, received: 0x4c } },
    ])
  })

  test.each([['client'], ['serve']])('refuses another --reply of %s with exit code 2', async (command) => {
    const run = newPlace().osdemo(['tcp-echo', command, '--reply', 'header'])
    expect([await run.exit, run.stdout()]).toEqual([2, ''])
    expect(run.stderr()).toContain('--reply')
  })
})

/** Reading an accepted connection straight into a buffer of ours, and the way back where Node does not let us. */
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readInto } from '../../src/ipc/tcp.js'
import { until } from '../support/until.js'

/** Takes what comes, 5 bytes at most at a time. It asks for a pause whenever `pauses` says so. */
async function reader(prepare: (accepted: Socket) => void, pauses: () => boolean) {
  const received: Buffer[] = []
  let room = Buffer.alloc(5)
  let sockets: { accepted: Socket; socket: Socket } | undefined
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (accepted) => {
    prepare(accepted)
    const socket = readInto(accepted, {
      room: () => room,
      took(bytes) {
        received.push(room.subarray(0, bytes))
        room = Buffer.alloc(5)
        return !pauses()
      },
    })
    sockets = { accepted, socket }
  }).listen(0, '127.0.0.1')
  await until(() => server.listening)
  const peer = createConnection((server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(() => {
    peer.destroy()
    sockets?.socket.destroy()
    server.close()
  })
  const { accepted, socket } = await until(() => sockets)
  return { server, peer, accepted, socket, text: () => Buffer.concat(received).toString() }
}

const openTo = (server: { getConnections(tell: (error: Error | null, count: number) => void): void }) =>
  new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))

describe.each([
  ['straight', (): void => {}],
  [
    "by 'data' events where Node hides its handle",
    (accepted: Socket): void => {
      const { _handle } = accepted as unknown as { _handle: { useUserBuffer: undefined } }
      _handle.useUserBuffer = undefined
    },
  ],
])('an accepted connection is read %s', (way, prepare) => {
  test('into the room that it is given', async () => {
    const { peer, accepted, socket, text } = await reader(prepare, () => false)
    expect(socket === accepted).toBe(way !== 'straight')
    peer.write('hello, room of five')
    await until(() => text() === 'hello, room of five')
  })

  test('until it is told to pause, and on when it is resumed', async () => {
    let full = true
    const { peer, socket, text } = await reader(prepare, () => full)
    peer.write('first')
    await until(() => text() === 'first')
    peer.write('second')
    // What we answer goes out meanwhile.
    let answer = ''
    peer.setEncoding('utf8').on('data', (chunk) => {
      answer += chunk
    })
    socket.write('answer')
    await until(() => answer === 'answer')
    expect(text()).toBe('first')
    full = false
    socket.resume()
    await until(() => text() === 'firstsecond')
  })

  test('to its end, still takes answers then, and counts as open until it is closed', async () => {
    const { server, peer, socket, text } = await reader(prepare, () => false)
    let ended = false
    socket.on('end', () => {
      ended = true
    })
    peer.end('bye')
    await until(() => ended)
    expect([text(), await openTo(server)]).toEqual(['bye', 1])
    let answer = ''
    peer.setEncoding('utf8').on('data', (chunk) => {
      answer += chunk
    })
    socket.end('and you')
    await until(() => answer === 'and you')
    await until(async () => (await openTo(server)) === 0)
  })
})

/** Reading an accepted connection directly into a given buffer, and the fallback where Node does not support it. */
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readInto } from '../../src/ipc/tcp.js'
import { until } from '../support/until.js'

/** Reads at most 5 bytes at a time. It pauses while `pauses` returns true. */
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
  ['directly', (): void => {}],
  [
    "by 'data' events where Node hides its handle",
    (accepted: Socket): void => {
      const { _handle } = accepted as unknown as { _handle: { useUserBuffer: undefined } }
      _handle.useUserBuffer = undefined
    },
  ],
])('an accepted connection is read %s', (way, prepare) => {
  test('into the buffers that `room` returns', async () => {
    const { peer, accepted, socket, text } = await reader(prepare, () => false)
    expect(socket === accepted).toBe(way !== 'directly')
    peer.write('hello, room of five')
    await until(() => text() === 'hello, room of five')
  })

  test('until it pauses, and again when it is resumed', async () => {
    let full = true
    const { peer, socket, text } = await reader(prepare, () => full)
    peer.write('first')
    await until(() => text() === 'first')
    peer.write('second')
    // Writing still works during the pause.
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

  test('until end of file, can then still be written to, and counts as open until it is closed', async () => {
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

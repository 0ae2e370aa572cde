/** Writes bytes to one TCP connection, and reports with how many write(2) calls. */
import { createServer, type Socket } from 'node:net'
import { address, boundAddress } from '../ipc/tcp.js'
import { counted } from '../text.js'
import { runActor } from './lib/runtime.js'

/** How many writes to make, and how many bytes each has. */
export type StreamWriterWord = `${number} ${number}` | 'end'

declare module '../actor-types.js' {
  interface Actors {
    'stream-writer': { config: { host: string }; word: StreamWriterWord; runsAs: 'process' }
  }
}

runActor<'stream-writer'>(async ({ say, config, nextWord }) => {
  // Without noDelay the kernel could hold small writes back by itself (Nagle), and the demo would show that instead.
  const server = createServer({ noDelay: true })
  const connected = new Promise<Socket>((resolve) => {
    server.once('connection', resolve)
  })
  await new Promise<void>((resolve) => {
    server.listen({ host: config.host, port: 0 }, resolve)
  })
  const { host, port } = boundAddress(server.address())
  const id = address(host, port)
  say({ event: 'created', kind: 'socket', id, host, port })
  const socket = await connected
  // A connected TCP socket has a remote port.
  say({ event: 'note', text: 'The reader has connected.', data: { port: socket.remotePort! } })
  for (let round = 0, word = await nextWord(); word !== 'end'; word = await nextWord(), round++) {
    // A StreamWriterWord that is not `end` is two numbers.
    const [number, size] = word.split(' ').map(Number) as [number, number]
    const bytes = Buffer.alloc(size, 'x')
    let writes = 0
    for (let i = 0; i < number; i++) {
      socket.write(bytes)
      // When the kernel has not taken all bytes of a write(2), Node makes more calls later, which nothing counts.
      if (socket.writableLength === 0) writes++
    }
    const refused = number - writes
    const text = `Wrote ${counted(number * size, 'byte')} with ${counted(number, 'write')}.`
    say({ event: 'note', text, data: { round, writes, refused } })
  }
  socket.destroy()
  server.close()
  say({ event: 'removed', kind: 'socket', id })
})

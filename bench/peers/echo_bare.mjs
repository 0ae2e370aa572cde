// What Node itself can do: whatever comes goes back, and nobody looks at frames. Prints `listening on 127.0.0.1:PORT`.
import { createServer } from 'node:net'

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', (chunk) => {
    if (!socket.write(chunk)) socket.pause()
  })
  socket.on('drain', () => socket.resume())
  socket.on('error', () => {})
})
server.listen(0, '127.0.0.1', () => {
  // Of a server that listens on a port, the address is one.
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  process.stdout.write(`listening on 127.0.0.1:${port}\n`)
})

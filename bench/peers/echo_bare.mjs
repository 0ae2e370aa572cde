// What Node itself can do: it echoes bytes and does not parse frames. Prints `listening on 127.0.0.1:PORT`.
import { createServer } from 'node:net'

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', (chunk) => {
    if (!socket.write(chunk)) socket.pause()
  })
  socket.on('drain', () => socket.resume())
  socket.on('error', () => {})
})
server.listen(0, '127.0.0.1', () => {
  // A server that listens on a port has an AddressInfo, not a path.
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  process.stdout.write(`listening on 127.0.0.1:${port}\n`)
})

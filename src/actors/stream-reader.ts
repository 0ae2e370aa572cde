/** Reads from a TCP connection only when the supervisor asks for it, and reports with how many read(2) calls. */
import { type ConnectOpts, createConnection, type NetConnectOpts } from 'node:net'
import { systemCallError } from '../errors.js'
import { counted } from '../text.js'
import { runActor } from './lib/runtime.js'

declare module '../actor-types.js' {
  interface Actors {
    'stream-reader': {
      config: { host: string; port: number }
      /** How many bytes to read. */
      word: `${number}` | 'end'
      runsAs: 'process'
    }
  }
}

runActor<'stream-reader'>(async ({ say, config, nextWord }) => {
  const room = Buffer.alloc(64 * 1024)
  let wanted = 0
  let reads = 0
  let read = 0
  let enough = () => {}
  const onread: ConnectOpts['onread'] = {
    buffer: room,
    /** Node calls this once for each read(2), and makes no other one after `false`. */
    callback(length) {
      reads++
      read += length
      if (read < wanted) return true
      enough()
      return false
    },
  }
  const options: NetConnectOpts & ConnectOpts = { ...config, noDelay: true, onread }
  const socket = createConnection(options)
  const broken = new Promise<never>((_, reject) => {
    socket.on('error', (error) => reject(systemCallError(error, 'the connection broke')))
  })
  broken.catch(() => {})
  // Before it is connected, a socket can be told not to read.
  socket.pause()
  for (let round = 0, word = await nextWord(); word !== 'end'; word = await nextWord(), round++) {
    wanted = Number(word)
    reads = 0
    read = 0
    const done = new Promise<void>((resolve) => {
      enough = resolve
    })
    socket.resume()
    await Promise.race([done, broken])
    say({
      event: 'note',
      text: `Read ${counted(read, 'byte')} with ${counted(reads, 'read')}.`,
      data: { round, reads },
    })
  }
  socket.destroy()
})

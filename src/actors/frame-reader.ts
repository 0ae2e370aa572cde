/**
 * Reads frames from a TCP connection in one of two ways. The whole difference is one line, marked below: after a read
 * that returned fewer bytes than it asked for, the careful reader asks for the rest, the trusting one goes on.
 */
import { type ConnectOpts, createConnection, type NetConnectOpts, type Socket } from 'node:net'
import { systemCallError } from '../errors.js'
import type { Say } from '../events.js'
import { textOf } from './lib/meter.js'
import { runActor } from './lib/runtime.js'

export interface FrameReaderConfig {
  host: string
  port: number
  /** Trust that one read gives all that was asked for. */
  trusting: boolean
}

/** One read: yields where the bytes shall go, and is given how many came; 0 is the end of the stream. */
type Reading<Result> = Generator<{ into: Buffer; what: string }, Result, number>

/** A header above this is no frame of ours but somebody's text, read as a length. */
const absurdLength = 16 * 1024 * 1024

const headerBytes = 4

/** So many reads are told one by one; of further ones only the number. */
const toldReads = 20

declare module '../actor-types.js' {
  interface Actors {
    'frame-reader': { config: FrameReaderConfig; word: never; runsAs: 'process' }
  }
}

runActor<'frame-reader'>(async ({ say, config }) => {
  await eachRead(config, readFrames(config.trusting, say), say)
})

function* readFrames(trusting: boolean, say: Say): Reading<void> {
  for (let seq = 0; ; seq++) {
    const header = yield* fill(headerBytes, 'header', trusting)
    if (!header) return
    const length = header.readUInt32BE()
    if (length > absurdLength) {
      const bytes = header.toString('latin1')
      const value = `${JSON.stringify(bytes)}, a length of ${length} bytes`
      const about = 'the next 4 bytes, taken for a header'
      return say({ event: 'evidence', source: 'read(2)', value, about, data: { bytes, length } })
    }
    const body = yield* fill(length, 'body', trusting)
    if (!body) return
    const text = textOf(body)
    say({ event: 'received', channel: 'frames', seq, bytes: length, ...(text !== undefined && { text }) })
  }
}

/** Reads into a new buffer of this length; undefined at the end of the stream. */
function* fill(length: number, what: string, trusting: boolean): Reading<Buffer | undefined> {
  const bytes = Buffer.alloc(length)
  for (let filled = 0; filled < length; ) {
    const got = yield { into: bytes.subarray(filled), what }
    if (got === 0) return undefined
    filled += got
    if (trusting) break // The one line: what came is taken for the whole.
  }
  return bytes
}

/**
 * Connects, and performs one read(2) for each that `reading` asks for: the socket's callback comes once for each, with
 * what it returned, and takes the next buffer right afterwards. After each the sender is told how much was read.
 */
function eachRead({ host, port }: FrameReaderConfig, reading: Reading<void>, say: Say): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = reading.next(0)
    let reads = 0
    const onread: ConnectOpts['onread'] = {
      buffer: () => next.value?.into ?? Buffer.alloc(1),
      callback(length) {
        // `buffer` was called before and has shown that there is a value; after the last one the socket is closed.
        const { into, what } = next.value!
        if (++reads <= toldReads) {
          const asked = into.length
          const object = `${what}, asked for ${asked} bytes`
          say({ event: 'call', phase: 'end', call: 'read', object, asked, result: length })
        }
        const told = Buffer.alloc(4)
        told.writeUInt32BE(length)
        socket.write(told)
        next = reading.next(length)
        if (next.done) socket.destroy()
        return !next.done
      },
    }
    const options: NetConnectOpts & ConnectOpts = { host, port, noDelay: true, onread }
    const socket: Socket = createConnection(options)
    socket.on('end', () => reading.next(0))
    socket.on('error', (error) => reject(systemCallError(error, 'the connection broke')))
    socket.on('close', () => {
      if (reads > toldReads)
        say({ event: 'note', text: `${reads} reads in all`, role: 'closing', data: { reads } })
      resolve()
    })
  })
}

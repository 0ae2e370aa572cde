/**
 * Reads frames from a TCP connection in one of two ways. They differ in one line, marked below: after a short read, the
 * careful reader asks for the rest, while the trusting reader takes what it got for the whole.
 */
import { type ConnectOpts, createConnection, type NetConnectOpts, type Socket } from 'node:net'
import { systemCallError } from '../errors.js'
import type { Say } from '../events.js'
import { counted } from '../text.js'
import { textOf } from './lib/meter.js'
import { runActor } from './lib/runtime.js'

export interface FrameReaderConfig {
  host: string
  port: number
  /** Trust that a single read returns all bytes that it asked for. */
  trusting: boolean
}

/** Yields a buffer for each read, and is given how many bytes the read returned. 0 is end of file. */
type Reading<Result> = Generator<{ into: Buffer; what: string }, Result, number>

/** The sender has no frame above this length, so such a header is text of a body that was read as a length. */
const absurdLength = 16 * 1024 * 1024

const headerBytes = 4

/** How many reads are reported one by one. Further ones are only counted. */
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
      const value = `${JSON.stringify(bytes)}, as a number ${length}`
      const about = '4 bytes of a body, taken for a header'
      return say({ event: 'evidence', source: 'read(2)', value, about, data: { bytes, length } })
    }
    const body = yield* fill(length, 'body', trusting)
    if (!body) return
    const text = textOf(body)
    say({ event: 'received', channel: 'frames', seq, bytes: length, ...(text !== undefined && { text }) })
  }
}

/** Reads into a new buffer of this length. Undefined at end of file. */
function* fill(length: number, what: string, trusting: boolean): Reading<Buffer | undefined> {
  const bytes = Buffer.alloc(length)
  for (let filled = 0; filled < length; ) {
    const got = yield { into: bytes.subarray(filled), what }
    if (got === 0) return undefined
    filled += got
    if (trusting) break // The one line: what the read returned is taken for the whole.
  }
  return bytes
}

/**
 * Connects, and makes one read(2) for each buffer that `reading` yields. Node calls `callback` once for each read with what it
 * returned, and asks for the next buffer right after that. After each read, the sender is sent how many bytes it returned.
 */
function eachRead({ host, port }: FrameReaderConfig, reading: Reading<void>, say: Say): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = reading.next(0)
    let reads = 0
    const onread: ConnectOpts['onread'] = {
      buffer: () => next.value?.into ?? Buffer.alloc(1),
      callback(length) {
        // Node reads only into a buffer that `buffer` took from `next.value`, and the socket is closed after the last one.
        const { into, what } = next.value!
        if (++reads <= toldReads) {
          const asked = into.length
          const object = `${what} (asked for ${counted(asked, 'byte')})`
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
        say({ event: 'note', text: `Made ${counted(reads, 'read')} in all.`, data: { reads } })
      resolve()
    })
  })
}

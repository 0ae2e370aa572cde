/** Sends messages as frames, compares each echo with what was sent, and prints it. */
import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createConnection, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { DemoFailed, errnoOf, systemCallError } from '../errors.js'
import type { Say } from '../events.js'
import { encode, FrameDecoder, FrameTooLongError, TruncatedFrameError } from '../framing/index.js'
import { address, addressError, boundAddress } from '../ipc/tcp.js'
import { counted } from '../text.js'
import { createMeter, textOf } from './lib/meter.js'
import { runActor } from './lib/runtime.js'
import { stdinLines, writeOut } from './lib/stdio.js'

export interface EchoClientConfig {
  host: string
  port: number
  /** null sends each line of stdin. */
  messages: string[] | null
  /** The length in bytes of one more message, made of letters. */
  size: number | null
  /** How often the messages are sent. */
  rounds: number
  /** Write this many bytes at a time; null writes a whole frame at a time. */
  chunk: number | null
  /** Pause between two writes. */
  delayMs: number
  /** Print each echo on stdout as a line. */
  print: boolean
  /** Report every message as an event. */
  report: boolean
  /** Fail when an echo differs from what was sent. */
  check: boolean
  /** Keep the connection open after the last echo until the supervisor sends `close`. */
  hold: boolean
}

/** After this many milliseconds without progress, the client reports which echo it waits for. */
const patience = 1000

const newline = Buffer.from('\n')

/** The longest line that is sent, and the longest echo that is accepted, in bytes. Text that is read as a length is always above it. */
const maxLength = 256 * 1024 * 1024

declare module '../actor-types.js' {
  interface Actors {
    'echo-client': { config: EchoClientConfig; word: 'close'; runsAs: 'process' }
  }
}

runActor<'echo-client'>(async ({ say, config, nextWord }) => {
  const there = address(config.host, config.port)
  const socket = await connect(config, there, say)
  // A connected TCP socket has an address with a port.
  const bound = boundAddress(socket.address() as AddressInfo)
  const here = address(bound.host, bound.port)
  const sent = createMeter(say, `${here} > ${there}`, 'sent')
  const received = createMeter(say, `${there} > ${here}`, 'received')
  /** Messages whose echo has not arrived yet, oldest first. */
  const outstanding: Buffer[] = []
  /** How many messages have been written completely. Only their echoes can be waited for. */
  let written = 0

  const progress = new EventEmitter()
  const silence = setTimeout(() => {
    if (written > received.messages)
      say({ event: 'note', text: `Waiting for echo ${received.messages} from ${there}.`, role: 'next' })
  }, patience).unref()

  const receiving = receive(socket, async (frame) => {
    const expected = outstanding.shift()
    if (config.check) checkEcho(frame, expected, received.messages)
    if (!config.report) received.bulk(1, frame.length + 4)
    else received.message(frame.length + 4, () => textOf(frame))
    if (config.print) await writeOut(Buffer.concat([frame, newline]))
    progress.emit('echo')
    silence.refresh()
  })
  const sending = (async () => {
    for await (const message of messagesOf(config, say)) {
      outstanding.push(message)
      if (!config.report) sent.bulk(1, message.length + 4)
      else sent.message(message.length + 4, () => textOf(message))
      await sendFrame(socket, encode(message), config)
      written++
      silence.refresh()
    }
  })()
  const closed = receiving.then(() => {
    const missing = outstanding.length
    const are = `${counted(missing, 'echo', 'echoes')} ${missing === 1 ? 'is' : 'are'} missing`
    const come = counted(received.messages, 'echo', 'echoes')
    throw new DemoFailed(
      `${there} closed the connection after ${come}${missing === 0 ? '' : `, and ${are}`}`,
      {
        hint: 'Either a frame was above its limit, or the server stopped. Its own terminal says which.',
      },
    )
  })
  // Each may reject after another one has decided the outcome, when nothing waits for it any more.
  for (const promise of [sending, receiving, closed]) promise.catch(() => {})
  await Promise.race([sending, closed])
  // The client's FIN must wait for the echoes: not every server answers a peer that has already sent FIN.
  while (outstanding.length > 0) await Promise.race([once(progress, 'echo'), closed])
  if (config.hold) await nextWord()
  socket.end(() => socket.destroy())
  sent.flush()
  received.flush()
  say({
    event: 'note',
    text: `Received ${counted(received.messages, 'echo', 'echoes')}, equal to what was sent.`,
    data: { messages: received.messages },
  })
})

function connect({ host, port }: EchoClientConfig, there: string, say: Say): Promise<Socket> {
  const object = `to ${there}`
  say({ event: 'call', phase: 'begin', call: 'connect', object })
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, noDelay: true })
    socket.once('error', (error) => {
      say({ event: 'call', phase: 'end', call: 'connect', object, errno: errnoOf(error) ?? 'EIO' })
      reject(
        addressError(error, `cannot connect to ${there}`, {
          ECONNREFUSED: `No process listens there. Start a server: osdemo tcp-echo${host === '127.0.0.1' ? '' : ` --host ${host}`} --port ${port}`,
        }),
      )
    })
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      say({ event: 'call', phase: 'end', call: 'connect', object, result: 0 })
      resolve(socket)
    })
  })
}

/** Calls the handler for each frame that arrives, and waits for it. Resolves when the server has closed. */
async function receive(socket: Socket, onFrame: (frame: Buffer) => Promise<void>): Promise<void> {
  const decoder = new FrameDecoder({ maxLength })
  try {
    for await (const chunk of socket) for (const frame of decoder.push(chunk)) await onFrame(frame)
    decoder.end()
  } catch (error) {
    if (error instanceof FrameTooLongError || error instanceof TruncatedFrameError) {
      throw new DemoFailed(`the answer is not an echo: ${error.message}`, {
        cause: error,
        hint: 'Check that this is an echo server for frames, such as osdemo tcp-echo.',
      })
    }
    throw connectionBroke(error)
  }
}

/** A read or a write may notice a reset, whichever comes first. */
function connectionBroke(error: unknown): unknown {
  return systemCallError(error, 'the connection broke')
}

function checkEcho(echo: Buffer, expected: Buffer | undefined, number: number): void {
  if (expected?.equals(echo)) return
  const what = expected
    ? `sent ${counted(expected.length, 'byte')}, received ${counted(echo.length, 'byte')}`
    : 'nothing more was sent'
  throw new DemoFailed(`echo ${number} differs from what was sent: ${what}`)
}

async function* messagesOf({ messages, size, rounds }: EchoClientConfig, say: Say): AsyncGenerator<Buffer> {
  if (messages === null) return yield* stdinLines(say, maxLength, 'a frame')
  const made = size === null ? [] : [Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz')]
  for (let round = 0; round < rounds; round++) {
    for (const message of messages) yield Buffer.from(message)
    yield* made
  }
}

async function sendFrame(socket: Socket, frame: Buffer, { chunk, delayMs }: EchoClientConfig): Promise<void> {
  const step = chunk ?? frame.length
  for (let at = 0; at < frame.length; at += step) {
    if (delayMs > 0 && socket.bytesWritten > 0) await sleep(delayMs)
    if (socket.write(frame.subarray(at, at + step))) continue
    await once(socket, 'drain').catch((error: unknown) => {
      throw connectionBroke(error)
    })
  }
}

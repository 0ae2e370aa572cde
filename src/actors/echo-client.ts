/** Sends messages as frames, compares each echo with what was sent, and prints it. */
import { EventEmitter, once } from 'node:events'
import { type AddressInfo, createConnection, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { DemoFailed, errnoOf, systemCallError } from '../errors.js'
import type { Say } from '../events.js'
import { headerBytes } from '../framing/header.js'
import { encode } from '../framing/index.js'
import { address, addressError, boundAddress, hiddenReset } from '../ipc/tcp.js'
import { counted } from '../text.js'
import { createEchoCheck } from './lib/echo-check.js'
import type { Reply } from './lib/echo-connection.js'
import { createMeter, textOf } from './lib/meter.js'
import { runActor } from './lib/runtime.js'
import { stdinLines, writeOut } from './lib/stdio.js'

export interface EchoClientConfig {
  host: string
  port: number
  /** What the server answers a frame with. */
  reply: Reply
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
  /** Keep the connection open after the last echo until the supervisor sends `close`, or `reset`. */
  hold: boolean
}

/** After this many milliseconds without progress, the client reports what it waits for. */
const patience = 1000

/**
 * How long the client waits, after its FIN, for the server's, in milliseconds. Only end of file shows that no byte comes behind
 * the last echo. A server that reads end of file closes at once, but some never close.
 */
const lastBytesPatience = 2000

const nothing = Buffer.alloc(0)
const newline = Buffer.from('\n')

/** The longest line that is sent, in bytes. */
const maxLength = 256 * 1024 * 1024

declare module '../actor-types.js' {
  interface Actors {
    'echo-client': { config: EchoClientConfig; word: 'close' | 'reset'; runsAs: 'process' }
  }
}

/** What the bytes of a frame include. */
const header = { including: 'header' } as const

runActor<'echo-client'>(async ({ say, config, nextWord }) => {
  const there = address(config.host, config.port)
  const socket = await connect(config, there, say)
  // A connected TCP socket has an address with a port.
  const bound = boundAddress(socket.address() as AddressInfo)
  const here = address(bound.host, bound.port)
  const sent = createMeter(say, `${here} > ${there}`, 'sent')
  const received = createMeter(say, `${there} > ${here}`, 'received')
  const check = createEchoCheck(say, config.reply, config.check)
  const early = earlyBytes(say, received)
  /** How many messages have been written completely. Only their echoes can be waited for. */
  let written = 0

  const progress = new EventEmitter()
  const silence = setTimeout(() => {
    if (written === received.messages) return
    const partial = check.partial ? `: ${check.partial} have arrived` : ''
    say({
      event: 'note',
      text: `Waiting for echo ${received.messages} from ${there}${partial}.`,
      role: 'next',
    })
  }, patience).unref()

  /** Takes what has arrived, after what arrived before. */
  let turn = Promise.resolve()
  const take = (chunk: Buffer) => {
    early.arrive(chunk.length)
    turn = turn.then(async () => {
      for (const body of check.take(chunk)) await takeEcho(body)
    })
    return turn
  }
  async function takeEcho(body: Buffer): Promise<void> {
    const bytes = body.length + (config.reply === 'frame' ? headerBytes : 0)
    if (!config.report) received.bulk(1, bytes)
    else received.message(bytes, () => textOf(body), config.reply === 'frame' ? header : {})
    if (config.print) await writeOut(Buffer.concat([body, newline]))
    progress.emit('echo')
    silence.refresh()
  }

  /** A read or a write may notice a reset, whichever comes first. */
  const broke = (error: unknown) => {
    const rest = check.partial ? ` and ${check.partial} of the next` : ''
    const echoes = counted(received.messages, 'echo', 'echoes')
    return systemCallError(error, `the connection broke after ${echoes}${rest}`)
  }
  const receiving = receive(socket, take, broke)
  const sending = (async () => {
    for await (const message of messagesOf(config, say)) {
      if (config.delayMs > 0 && socket.bytesWritten > 0) await sleep(config.delayMs)
      const frame = encode(message)
      check.expect(frame)
      const echo = config.reply === 'frame' ? frame.length : message.length
      early.begin()
      if (!config.report) sent.bulk(1, frame.length)
      else sent.message(frame.length, () => textOf(message), header)
      await sendFrame(socket, frame, config, broke, () => early.end(echo))
      written++
      silence.refresh()
      // The answer to an empty message has no byte that could arrive.
      if (config.reply === 'body' && message.length === 0) await take(nothing)
    }
  })()
  const closed = receiving.then(() => {
    const come = counted(received.messages, 'echo', 'echoes')
    const missing = counted(check.missing, 'echo', 'echoes')
    const are = `, and ${missing} ${check.missing === 1 ? 'is' : 'are'} missing`
    const inside = check.partial ? `, inside the next: ${check.partial} arrived` : ''
    throw new DemoFailed(
      `${there} closed the connection after ${come}${check.missing === 0 ? '' : are}${inside}`,
      {
        hint: 'Either a frame was above its limit, or the server stopped. Its own terminal says which.',
      },
    )
  })
  // Each may reject after another one has decided the outcome, when nothing waits for it any more.
  for (const promise of [sending, receiving, closed]) promise.catch(() => {})
  await Promise.race([sending, closed])
  // The client's FIN must wait for the echoes: not every server answers a peer that has already sent FIN.
  while (check.missing > 0) await Promise.race([once(progress, 'echo'), closed])
  // While stdout is full, nothing is read from the server, so its end of file would seem to be late.
  await turn
  const resets = config.hold && (await nextWord()) === 'reset'
  if (resets) socket.resetAndDestroy()
  const ended = !resets && (await endOfFile(socket, receiving, there, say))
  sent.flush()
  received.flush()
  const equal = config.check ? ', equal to what was sent' : ''
  say({
    event: 'note',
    text: `Received ${counted(received.messages, 'echo', 'echoes')}${equal}.`,
    data: { messages: received.messages, ended },
  })
})

/**
 * Notices an echo that begins before its frame was sent in full: the server returns bytes, and does not look for frames. Only with
 * `--chunk` can a client see the difference.
 */
function earlyBytes(say: Say, received: { messages: number }) {
  let isInside = false
  let isTold = false
  let due = 0
  let arrived = 0
  return {
    begin() {
      isInside = true
    },
    /** The last piece of a frame is about to be sent, so these bytes may arrive. */
    end(echo: number) {
      isInside = false
      due += echo
    },
    arrive(bytes: number) {
      arrived += bytes
      const early = arrived - due
      if (!isInside || isTold || early <= 0) return
      isTold = true
      const about = 'they arrived before the frame was sent in full'
      const value = `${counted(early, 'byte')} of an echo`
      const data = { echo: received.messages, early }
      say({ event: 'evidence', source: 'read(2)', value, about, data })
    },
  }
}

/** Sends FIN and waits for the server's. @returns whether it came in time @throws DemoFailed when a byte comes before it */
async function endOfFile(
  socket: Socket,
  receiving: Promise<void>,
  there: string,
  say: Say,
): Promise<boolean> {
  socket.end()
  const note = (text: string) => say({ event: 'note', text, role: 'next' })
  const waiting = setTimeout(() => {
    note(`Waiting for ${there} to close its side. A byte behind the last echo would be an error.`)
  }, patience)
  const late = sleep(lastBytesPatience, false, { ref: false })
  const ended = await Promise.race([receiving.then(() => true), late])
  clearTimeout(waiting)
  socket.destroy()
  if (!ended)
    note(`${there} did not close its side within ${lastBytesPatience / 1000} s. No byte came until then.`)
  return ended
}

function connect({ host, port, reply }: EchoClientConfig, there: string, say: Say): Promise<Socket> {
  const object = `to ${there}`
  const server = [
    'osdemo tcp-echo',
    ...(host === '127.0.0.1' ? [] : ['--host', host]),
    ...['--port', port],
    ...(reply === 'frame' ? [] : ['--reply', reply]),
  ]
  say({ event: 'call', phase: 'begin', call: 'connect', object })
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, noDelay: true, allowHalfOpen: true })
    socket.once('error', (error) => {
      say({ event: 'call', phase: 'end', call: 'connect', object, errno: errnoOf(error) ?? 'EIO' })
      reject(
        addressError(error, `cannot connect to ${there}`, {
          ECONNREFUSED: `No process listens there. Start a server: ${server.join(' ')}`,
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

/** Hands on everything that arrives. Resolves when the server has closed its side, and rejects when it has reset the connection. */
async function receive(
  socket: Socket,
  take: (chunk: Buffer) => Promise<void>,
  broke: (error: unknown) => unknown,
): Promise<void> {
  // The loop and the callbacks of writes get every error too.
  socket.on('error', () => {})
  try {
    // Otherwise the loop would destroy the socket at end of file.
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) await take(chunk)
    const reset = await hiddenReset(socket)
    if (reset) throw reset
  } catch (error) {
    throw broke(error)
  }
}

async function* messagesOf({ messages, size, rounds }: EchoClientConfig, say: Say): AsyncGenerator<Buffer> {
  if (messages === null) return yield* stdinLines(say, maxLength, 'a frame')
  const made = size === null ? [] : [Buffer.alloc(size, 'abcdefghijklmnopqrstuvwxyz')]
  for (let round = 0; round < rounds; round++) {
    for (const message of messages) yield Buffer.from(message)
    yield* made
  }
}

async function sendFrame(
  socket: Socket,
  frame: Buffer,
  { chunk, delayMs }: EchoClientConfig,
  broke: (error: unknown) => unknown,
  beforeLast: () => void,
): Promise<void> {
  const step = chunk ?? frame.length
  for (let at = 0; at < frame.length; at += step) {
    if (delayMs > 0 && at > 0) await sleep(delayMs)
    if (at + step >= frame.length) beforeLast()
    if (socket.write(frame.subarray(at, at + step))) continue
    await once(socket, 'drain').catch((error: unknown) => {
      throw broke(error)
    })
  }
}

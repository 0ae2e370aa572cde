/** Sends texts, or each line of stdin, to a queue. A message is the bytes of the text, without newline or NUL. */
import { SystemCallError } from '../errors.js'
import { now } from '../events.js'
import { counted } from '../text.js'
import { createMeter, textOf } from './lib/meter.js'
import { posixSender } from './lib/posix-calls.js'
import { type QueueConfig, wouldWait } from './lib/queue-end.js'
import { runActor } from './lib/runtime.js'
import { stdinLines } from './lib/stdio.js'
import { sysvSender } from './lib/sysv-calls.js'

export interface MqSenderConfig {
  queue: QueueConfig
  /** Null: each line of stdin. */
  texts: string[] | null
  /** Fail with EAGAIN instead of waiting. */
  nonblocking: boolean
  /** Report every message as an event. */
  report: boolean
}

declare module '../actor-types.js' {
  interface Actors {
    'mq-sender': { config: MqSenderConfig; word: never; runsAs: 'process' }
  }
}

runActor<'mq-sender'>(async ({ say, config }) => {
  const { queue, texts, nonblocking, report } = config
  const end = queue.kind === 'posix' ? posixSender(queue) : sysvSender(queue)
  const { channel, label, call, extra, longest } = end
  const meter = createMeter(say, channel, 'sent')
  const before = () => report && meter.flush()

  function send(message: Buffer): void {
    // The event has the time when the call began: before the call returns, the receiver may already have the message.
    const at = nonblocking ? sendNow(message) : end.send(message, { say, before })
    if (report) meter.message(message.length, () => textOf(message), { at, ...extra })
    else meter.bulk(1, message.length)
  }

  function sendNow(message: Buffer): number {
    const begin = now()
    try {
      end.sendNow(message)
      return begin
    } catch (error) {
      if (!wouldWait(error)) throw error
      say({ event: 'call', phase: 'end', call, object: label, errno: error.errno })
      const sent = counted(meter.messages, 'message was', 'messages were')
      throw new SystemCallError(
        `the ${label} is full, with ${end.fill()}: ${call}: ${error.errno}`,
        call,
        error.errno,
        {
          cause: error,
          hint: `${sent} sent before. Receive some first, or wait for room: leave out --nonblocking.`,
        },
      )
    }
  }

  try {
    if (texts) for (const text of texts) send(Buffer.from(text))
    else for await (const line of stdinLines(say, longest, label)) send(line)
  } finally {
    meter.flush()
  }
  say({
    event: 'note',
    text: `Sent ${counted(meter.messages, 'message')} (${counted(meter.bytes, 'byte')}) to ${label}.`,
    role: 'closing',
    data: { messages: meter.messages, bytes: meter.bytes },
  })
})

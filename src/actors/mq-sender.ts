/** Sends texts, or each line of stdin, to a POSIX queue. A message is the bytes of the text, without newline or NUL. */
import { SystemCallError } from '../errors.js'
import { now } from '../events.js'
import { counted } from '../text.js'
import { createMeter, textOf } from './lib/meter.js'
import { callPatiently, isEagain, type MqConfig, openTwice } from './lib/mq-calls.js'
import { runActor } from './lib/runtime.js'
import { stdinLines } from './lib/stdio.js'

export interface MqSenderConfig extends MqConfig {
  /** Null: each line of stdin. */
  texts: string[] | null
  priority: number
  /** Report every message as an event. */
  report: boolean
}

declare module '../actor-types.js' {
  interface Actors {
    'mq-sender': { config: MqSenderConfig; word: never; runsAs: 'process' }
  }
}

runActor<'mq-sender'>(async ({ say, config }) => {
  const queue = openTwice(config, 'write')
  const { name, texts, priority, nonblocking, report } = config
  const { messageSize, capacity } = queue.now.attributes()
  const meter = createMeter(say, name, 'sent')
  const tellSoFar = () => report && meter.flush()

  function send(message: Buffer): void {
    // The event has the time when the call began: before the call returns, the receiver may already have the message.
    let begin = now()
    if (nonblocking) sendNow(message)
    else {
      const call = (end: typeof queue.now) => {
        begin = now()
        end.send(message, priority)
      }
      callPatiently(say, queue, call, tellSoFar)
    }
    if (!report) meter.bulk(1, message.length)
    else
      meter.message(message.length, () => textOf(message), {
        at: begin,
        ...(priority !== undefined && { priority }),
      })
  }

  function sendNow(message: Buffer): void {
    try {
      queue.now.send(message, priority)
    } catch (error) {
      if (!isEagain(error)) throw error
      say({ event: 'call', phase: 'end', call: 'mq_send', object: `queue ${name}`, errno: 'EAGAIN' })
      const sent = counted(meter.messages, 'message was', 'messages were')
      throw new SystemCallError(
        `the queue ${name} is full, with ${capacity} of ${counted(capacity, 'message')}: mq_send: EAGAIN`,
        'mq_send',
        'EAGAIN',
        {
          cause: error,
          hint: `${sent} sent before. Receive some first, or wait for room: leave out --nonblocking.`,
        },
      )
    }
  }

  try {
    if (texts) for (const text of texts) send(Buffer.from(text))
    else for await (const line of stdinLines(say, messageSize, `queue ${name}`)) send(line)
  } finally {
    meter.flush()
  }
  say({
    event: 'note',
    text: `Sent ${counted(meter.messages, 'message')} (${counted(meter.bytes, 'byte')}) to queue ${name}.`,
    role: 'closing',
    data: { messages: meter.messages, bytes: meter.bytes },
  })
})

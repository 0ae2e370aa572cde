/** Sends texts, or each line of its stdin, to a POSIX queue: a message is the bytes of the text, without newline or NUL. */
import { DemoFailed, SystemCallError } from '../errors.js'
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
  /** Make an event of every message. */
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
    if (message.length > messageSize) {
      throw new DemoFailed(
        `line ${meter.messages + 1} has ${message.length} bytes, and a message of the queue ${name} at most ${messageSize}: it was not sent`,
        { hint: 'the lines before it were sent' },
      )
    }
    // Sent when the call begins: when it has returned, the receiver may long have it.
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
    else meter.message(message.length, () => textOf(message), begin, priority)
  }

  function sendNow(message: Buffer): void {
    try {
      queue.now.send(message, priority)
    } catch (error) {
      if (!isEagain(error)) throw error
      say({ event: 'call', phase: 'end', call: 'mq_send', object: `the queue ${name}`, errno: 'EAGAIN' })
      const full = `the queue ${name} is full, with ${capacity} of ${counted(capacity, 'message')}: mq_send: EAGAIN`
      throw new SystemCallError(
        `${full}; ${counted(meter.messages, 'message')} sent before`,
        'mq_send',
        'EAGAIN',
        {
          cause: error,
          hint: 'receive some first, or send without --nonblocking to wait for room',
        },
      )
    }
  }

  try {
    if (texts) for (const text of texts) send(Buffer.from(text))
    else for await (const line of stdinLines(say)) send(line)
  } finally {
    meter.flush()
  }
  say({
    event: 'note',
    text: `sent ${counted(meter.messages, 'message')}, ${counted(meter.bytes, 'byte')}`,
    role: 'closing',
    data: { messages: meter.messages, bytes: meter.bytes },
  })
})

/** Receives messages from a POSIX queue, the highest priority first, and prints each as a line. */
import { SystemCallError } from '../errors.js'
import { now } from '../events.js'
import type { Queue } from '../ipc/open-mq.js'
import { counted } from '../text.js'
import { createMeter, textOf } from './lib/meter.js'
import { callPatiently, isEagain, type MqConfig, openTwice } from './lib/mq-calls.js'
import { runActor } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'

export interface MqReceiverConfig extends MqConfig {
  /** Exit after so many messages; null: never. */
  max: number | null
  /** Print each message to stdout, as a line. */
  print: boolean
  /** Report every message as an event. */
  report: boolean
}

const newline = Buffer.from('\n')

declare module '../actor-types.js' {
  interface Actors {
    'mq-receiver': { config: MqReceiverConfig; word: never; runsAs: 'process' }
  }
}

runActor<'mq-receiver'>(async ({ say, config }) => {
  const queue = openTwice(config, 'read')
  const { name, max, nonblocking, print, report } = config
  const meter = createMeter(say, name, 'received')
  const tellSoFar = () => report && meter.flush()

  /**
   * When the message was received. One that was there before the call has the time when the call began: a sender that waits for
   * its place may report its return before this process reports the message.
   */
  let at: number | undefined
  const receive = (end: Queue) => {
    const wasThere = report && end.attributes().depth > 0
    at = wasThere ? now() : undefined
    return end.receive()
  }

  /** Undefined when the queue is empty, and an empty queue is a good end: some messages came and no number was asked for. */
  function receiveNow() {
    try {
      return receive(queue.now)
    } catch (error) {
      if (!isEagain(error)) throw error
      say({ event: 'call', phase: 'end', call: 'mq_receive', object: `queue ${name}`, errno: 'EAGAIN' })
      if (max === null && meter.messages > 0) return undefined
      const before = meter.messages > 0 ? ` after ${counted(meter.messages, 'message')}` : ''
      throw new SystemCallError(
        `the queue ${name} is empty${before}: mq_receive: EAGAIN`,
        'mq_receive',
        'EAGAIN',
        { cause: error, hint: 'Send a message first, or wait for one: leave out --nonblocking.' },
      )
    }
  }

  try {
    while (max === null || meter.messages < max) {
      const received = nonblocking ? receiveNow() : callPatiently(say, queue, receive, tellSoFar)
      if (!received) break
      const { message, priority } = received
      if (!report) meter.bulk(1, message.length)
      else
        meter.message(message.length, () => textOf(message), {
          at,
          ...(priority !== undefined && { priority }),
        })
      if (print) await writeOut(Buffer.concat([message, newline]))
    }
  } finally {
    meter.flush()
  }
  say({
    event: 'note',
    text: `Received ${counted(meter.messages, 'message')} (${counted(meter.bytes, 'byte')}) from queue ${name}.`,
    role: 'step',
    data: { messages: meter.messages, bytes: meter.bytes },
  })
})

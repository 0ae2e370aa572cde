/** Receives messages from a POSIX queue and prints each as a line; the highest priority comes first. */
import { SystemCallError } from '../errors.js'
import { counted } from '../text.js'
import { createMeter, textOf } from './lib/meter.js'
import { callPatiently, isEagain, type MqConfig, openTwice } from './lib/mq-calls.js'
import { runActor } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'

export interface MqReceiverConfig extends MqConfig {
  /** Want no more after so many messages; null: go on for ever. */
  max: number | null
  /** Write each message to stdout, as a line. */
  print: boolean
  /** Make an event of every message. */
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

  /** Undefined when there are none left, and that is fine. */
  function receiveNow() {
    try {
      return queue.now.receive()
    } catch (error) {
      if (!isEagain(error)) throw error
      say({ event: 'call', phase: 'end', call: 'mq_receive', object: `the queue ${name}`, errno: 'EAGAIN' })
      if (max === null && meter.messages > 0) return undefined
      const before = meter.messages > 0 ? `; ${counted(meter.messages, 'message')} received before` : ''
      throw new SystemCallError(
        `the queue ${name} is empty: mq_receive: EAGAIN${before}`,
        'mq_receive',
        'EAGAIN',
        {
          cause: error,
          hint: 'send something first, or receive without --nonblocking to wait for it',
        },
      )
    }
  }

  try {
    while (max === null || meter.messages < max) {
      const received = nonblocking
        ? receiveNow()
        : callPatiently(say, queue, (end) => end.receive(), tellSoFar)
      if (!received) break
      const { message, priority } = received
      if (!report) meter.bulk(1, message.length)
      else meter.message(message.length, () => textOf(message), undefined, priority)
      if (print) await writeOut(Buffer.concat([message, newline]))
    }
  } finally {
    meter.flush()
  }
  say({
    event: 'note',
    text: `received ${counted(meter.messages, 'message')}, ${counted(meter.bytes, 'byte')}`,
    role: 'closing',
    data: { messages: meter.messages, bytes: meter.bytes },
  })
})

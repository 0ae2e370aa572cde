/** Receives messages from a queue, and prints each as a line. */
import { SystemCallError } from '../errors.js'
import { counted } from '../text.js'
import { createMeter, textOf } from './lib/meter.js'
import { posixReceiver } from './lib/posix-calls.js'
import { type QueueConfig, wouldWait } from './lib/queue-end.js'
import { runActor } from './lib/runtime.js'
import { writeOut } from './lib/stdio.js'
import { sysvReceiver } from './lib/sysv-calls.js'

export interface MqReceiverConfig {
  queue: QueueConfig
  /** Fail with EAGAIN or ENOMSG instead of waiting. */
  nonblocking: boolean
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
  const { queue, max, nonblocking, print, report } = config
  const end = queue.kind === 'posix' ? posixReceiver({ ...queue, report }) : sysvReceiver(queue)
  const { channel, label, call, lack } = end
  const meter = createMeter(say, channel, 'received')
  const before = () => report && meter.flush()

  /** Undefined when the queue is empty, and an empty queue is a good end: some messages came and no number was asked for. */
  function receiveNow() {
    try {
      return end.receiveNow()
    } catch (error) {
      if (!wouldWait(error)) throw error
      say({ event: 'call', phase: 'end', call, object: label, errno: error.errno })
      if (max === null && meter.messages > 0) return undefined
      const after = meter.messages > 0 ? ` after ${counted(meter.messages, 'message')}` : ''
      throw new SystemCallError(`${lack}${after}: ${call}: ${error.errno}`, call, error.errno, {
        cause: error,
        hint: 'Send a message first, or wait for one: leave out --nonblocking.',
      })
    }
  }

  try {
    while (max === null || meter.messages < max) {
      const received = nonblocking ? receiveNow() : end.receive({ say, before })
      if (!received) break
      const { message, extra, at } = received
      if (report) meter.message(message.length, () => textOf(message), { at, ...extra })
      else meter.bulk(1, message.length)
      if (print) await writeOut(Buffer.concat([message, newline]))
    }
  } finally {
    meter.flush()
  }
  say({
    event: 'note',
    text: `Received ${counted(meter.messages, 'message')} (${counted(meter.bytes, 'byte')}) from ${label}.`,
    role: 'step',
    data: { messages: meter.messages, bytes: meter.bytes },
  })
})

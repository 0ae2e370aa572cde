/** A thread that reads the numbered messages from a ring in shared memory, until the producer closes it. */
import { DemoFailed } from '../errors.js'
import { consumerOf, threadWaiter } from '../ipc/shared-ring.js'
import { createMeter } from './meter.js'
import { play } from './preamble.js'
import { ringHooks } from './ring-hooks.js'

export interface RingConsumerConfig {
  memory: SharedArrayBuffer
}

play<RingConsumerConfig>(({ say, config: { memory } }) => {
  const ring = consumerOf(memory, threadWaiter, ringHooks(say))
  const received = createMeter(say, 'ring', 'received')
  for (let bytes = ring.read(); bytes !== undefined; bytes = ring.read()) {
    const text = Buffer.from(bytes).toString()
    if (text !== `Message ${received.messages}`) {
      throw new DemoFailed(`message ${received.messages} of the ring came out as ${JSON.stringify(text)}`)
    }
    received.message(bytes.length, () => text)
  }
  received.flush()
  say({
    event: 'call',
    phase: 'end',
    call: 'ring.read',
    object: 'until it was closed',
    result: received.messages,
  })
})

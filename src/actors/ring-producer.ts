/** A thread that writes numbered messages into a ring in shared memory, once it is told to begin. */
import { producerOf, threadWaiter } from '../ipc/shared-ring.js'
import { createMeter } from './meter.js'
import { play } from './preamble.js'
import { ringHooks } from './ring-hooks.js'

export interface RingProducerConfig {
  memory: SharedArrayBuffer
  messages: number
}

play<RingProducerConfig>(async ({ say, config: { memory, messages }, told }) => {
  await told()
  const ring = producerOf(memory, threadWaiter, ringHooks(say))
  const sent = createMeter(say, 'ring', 'sent')
  for (let i = 0; i < messages; i++) {
    const text = `Message ${i}`
    const bytes = Buffer.from(text)
    ring.write(bytes)
    // Said before it can be seen: afterwards the consumer may be first to speak of it.
    sent.message(bytes.length, () => text)
    ring.publish()
  }
  ring.close()
  sent.flush()
})

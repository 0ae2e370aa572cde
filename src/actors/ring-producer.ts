/** Writes numbered messages into a ring in shared memory, once it is told to begin. A thread, or a process. */
import { openMemory, type SharedMemory } from '../ipc/shared-memory.js'
import { producerOf } from '../ipc/shared-ring/producer.js'
import { createMeter } from './lib/meter.js'
import { messageOf, ringHooks } from './lib/ring-sides.js'
import { runActor } from './lib/runtime.js'

export interface RingProducerConfig {
  memory: SharedMemory
  messages: number
  /** Bytes of each message, which is filled up with dots; as many as the text takes when left out. */
  size?: number
}

declare module '../actor-types.js' {
  interface Actors {
    'ring-producer': { config: RingProducerConfig; word: 'begin'; runsAs: 'process' | 'thread' }
  }
}

runActor<'ring-producer'>(async ({ say, config, nextWord }) => {
  const { memory, waiter, call } = openMemory(config.memory)
  const ring = producerOf(memory, waiter, ringHooks(say, call))
  await nextWord()
  const sent = createMeter(say, 'ring', 'sent')
  for (let i = 0; i < config.messages; i++) {
    const text = messageOf(i, config.size)
    const bytes = Buffer.from(text)
    ring.write(bytes)
    // Said before it can be seen: afterwards the consumer may be first to speak of it.
    sent.message(bytes.length, () => text)
    ring.publish()
  }
  ring.close()
  sent.flush()
})

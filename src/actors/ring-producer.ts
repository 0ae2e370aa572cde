/** Writes numbered messages into a ring buffer, once it is told to begin. It runs as a thread or as a process. */
import { openMemory, type SharedMemory } from '../ipc/shared-memory.js'
import { producerOf } from '../ipc/shared-ring/producer.js'
import { createMeter } from './lib/meter.js'
import { messageOf, ringHooks } from './lib/ring-sides.js'
import { runActor } from './lib/runtime.js'

export interface RingProducerConfig {
  memory: SharedMemory
  messages: number
  /** Bytes of each message, padded with dots; without it, as many as its text has. */
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
    // Reported before the consumer can see it: otherwise `received` might be reported before `sent`.
    sent.message(bytes.length, () => text)
    ring.publish()
  }
  ring.close()
  sent.flush()
})

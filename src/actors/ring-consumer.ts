/** Reads numbered messages from a ring buffer until the producer closes it. It runs as a thread or as a process. */
import { now } from '../events.js'
import { openMemory, type SharedMemory } from '../ipc/shared-memory.js'
import { consumerOf } from '../ipc/shared-ring/consumer.js'
import { createMeter } from './lib/meter.js'
import { messageOf, ringHooks } from './lib/ring-sides.js'
import { runActor } from './lib/runtime.js'

export interface RingConsumerConfig {
  memory: SharedMemory
  /** Bytes of each message; without it, as many as its text has. */
  size?: number
}

declare module '../actor-types.js' {
  interface Actors {
    'ring-consumer': { config: RingConsumerConfig; word: never; runsAs: 'process' | 'thread' }
  }
}

runActor<'ring-consumer'>(({ say, config }) => {
  const { memory, waiter, call } = openMemory(config.memory)
  const ring = consumerOf(memory, waiter, ringHooks(say, call))
  const received = createMeter(say, 'ring', 'received')
  let unchanged = 0
  while (ring.wait()) {
    // With the time before the read, which makes room: a producer that waits may report its wake-up before the read returns.
    const at = received.counting ? undefined : now()
    const bytes = ring.read()
    if (!bytes) break
    const text = Buffer.from(bytes).toString()
    if (text === messageOf(received.messages, config.size)) unchanged++
    // The others after it would be too many.
    else if (unchanged === received.messages)
      say({
        event: 'note',
        text: `Message ${received.messages} arrived changed, as ${JSON.stringify(text.slice(0, 100))}.`,
      })
    received.message(bytes.length, () => text, { at })
  }
  received.flush()
  say({
    event: 'call',
    phase: 'end',
    call: 'ring.read',
    object: 'until closed',
    result: unchanged,
  })
})

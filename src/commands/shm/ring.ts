import { shmRing } from '../../demos/shm/ring.js'
import { demoCommand } from '../lib/spec.js'
import { count, size } from '../lib/values.js'

/** The longest message in bytes. A message is a string, and the longest string has 2^29 - 24 characters. */
const longest = 2 ** 28

export const spec = demoCommand({
  examples: ['osdemo shm ring', 'osdemo shm ring --messages 100000 --size 64', 'osdemo shm ring --size 1MiB'],
  options: (command) =>
    command
      .option('--messages <n>', 'number of messages', count, 10)
      .option('--size <size>', 'bytes per message', size(20, longest), 32),
  demo: (_, { messages, size: bytes }) => shmRing({ messages, size: bytes }),
})

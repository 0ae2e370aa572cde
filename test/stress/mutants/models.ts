import type { Mutant } from './mutant.js'

const demo = 'src/demos/models/index.ts'
const test = 'test/falsify/models.test.ts'
const robbed = { test, title: 'takes a message out' }
const replaced = { test, title: 'replaces a message' }
const copied = { test, title: 'write each message to a file' }

/** In what the receiver finds, and in what the kernel counts. */
export const modelsMutants: readonly Mutant[] = [
  {
    file: demo,
    from: 'sender.writes >= messages && receiver.reads >= messages + 1',
    to: 'sender.writes >= messages && receiver.reads >= messages',
    ...robbed,
  },
  { file: demo, from: 'count >= bytes && count < bytes + size', to: 'count < bytes + size', ...robbed },
  { file: demo, from: '    shared < size,\n', to: '    shared >= 0,\n', ...copied },
  {
    file: demo,
    from: 'sender.bytesRead + sender.bytesWritten + receiver.bytesRead + receiver.bytesWritten',
    to: 'sender.bytesRead + receiver.bytesRead',
    ...copied,
  },
  {
    file: 'src/actors/model-side.ts',
    from: 'lengths[index] === message.length && stored.equals(message)',
    to: 'lengths[index] === message.length && stored.length > 0',
    ...replaced,
  },
]

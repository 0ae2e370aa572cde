import type { Mutant } from './mutant.js'

const test = 'test/falsify/queue-sysv.test.ts'

const anyMessage = { test, title: 'the receiver takes any message' }
const another = { test, title: 'another process sends a message again' }

export const queueSysvMutants: readonly Mutant[] = [
  {
    file: 'src/demos/queue/sysv/types.ts',
    from: "(await receive(1)) === 'C'",
    to: "(await receive(1)) !== ''",
    ...anyMessage,
  },
  {
    file: 'src/demos/queue/sysv/types.ts',
    from: "first === 'A' && second === 'D'",
    to: "second === 'D'",
    ...another,
  },
  {
    file: 'src/demos/queue/sysv/buffers.ts',
    from: "errno === 'E2BIG' && kept?.messages === 1 && kept.bytes === text.length",
    to: 'kept !== undefined',
    ...anyMessage,
  },
  {
    file: 'src/demos/queue/sysv/bound.ts',
    from: 'wasWaiting && errno === undefined && again?.bytes === bound',
    to: 'errno === undefined',
    ...another,
  },
  {
    file: 'src/run/sweep.ts',
    from: "other.state === 'needed' &&",
    to: "other.state === 'kept' &&",
    test: 'test/run/ledger-message-queues.test.ts',
    title: 'it stays while a run that is alive',
  },
]

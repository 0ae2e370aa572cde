/** What students are asked before a demo of `osdemo queue` runs. Each question aims at a common misconception. */
import type { Question } from '../shared/question.js'

export const demo: readonly Question[] = [
  {
    id: 'queue-full',
    text: 'A queue is full, and a process sends one more message with a blocking send. What happens?',
    choices: [
      'The send fails with EAGAIN.',
      'The oldest message is overwritten.',
      'The sender blocks until the receiver receives a message.',
    ],
    right: 'c',
    claim: 'queue/sender-blocks-when-full',
  },
]

export const matrix: readonly Question[] = [
  {
    id: 'matrix-capacity-zero',
    text: 'A queue has capacity 0. Send and receive are both nonblocking. How many of 5 messages arrive?',
    choices: ['All 5.', 'The first one.', 'None: neither side ever waits for the other.'],
    right: 'c',
    claim: 'queue/rendezvous-needs-a-side-that-waits',
  },
  {
    id: 'matrix-unbounded',
    text: 'A queue is unbounded, and the sender is faster than the receiver. When does a send block?',
    choices: ['Never.', 'When the receiver falls behind.', 'At the 64th message.'],
    right: 'a',
    claim: 'queue/fast-sender-has-room',
  },
]

export const sysv: readonly Question[] = [
  {
    id: 'queue-type',
    text: 'A System V queue contains A (type 2), B (type 3) and C (type 1). A receiver asks for type 1. What does it get?',
    choices: ['C.', 'A, because it was sent first.', 'Nothing, until A and B have been received.'],
    right: 'a',
    claim: 'queue/type-takes-first-of-type',
  },
  {
    id: 'queue-removed',
    text: 'A receiver blocks in msgrcv(2), and another process removes the queue. What happens to the receiver?',
    choices: ['It waits forever.', 'Its call fails.', 'The kernel keeps the queue until the receiver exits.'],
    right: 'b',
    claim: 'queue/removal-wakes-receiver',
  },
]

/** What students are asked before the demos of semaphores. Each question aims at a common misconception. */
import type { Question } from '../shared/question.js'

export const demo: readonly Question[] = [
  {
    id: 'semaphore-killed-holder',
    text: 'A semaphore has the value 1. A process takes 1 with semop(2), without SEM_UNDO, and is killed. What is the value?',
    choices: ['1: the kernel adds 1 for it.', '0.', 'The kernel removes the semaphore.'],
    right: 'b',
    claim: 'semaphore/value-is-lost-without-undo',
  },
  {
    id: 'semaphore-removed-while-waiting',
    text: 'A process is blocked in semop(2). Another process removes the set. What happens to the blocked one?',
    choices: ['It waits forever.', 'It enters.', 'semop(2) fails with EIDRM.'],
    right: 'c',
    claim: 'semaphore/removal-ends-the-wait',
  },
]

export const philosophers: readonly Question[] = [
  {
    id: 'philosophers-waiting',
    text: 'Five processes wait for each other in a circle, each for a semaphore of the next. What does the kernel do?',
    choices: [
      'It takes a semaphore from one of them.',
      'It kills one of them after a while.',
      'Nothing: all five wait.',
    ],
    right: 'c',
    claim: 'philosophers/no-preemption',
  },
  {
    id: 'philosophers-order',
    text: 'Four philosophers take the left fork first, and one takes the right fork first. Can all five wait in a circle?',
    choices: ['Yes, but it is less likely.', 'No, never.', 'Only with an even number of philosophers.'],
    right: 'b',
    claim: 'philosophers/order-prevents-the-circle',
  },
]

export const buffer: readonly Question[] = [
  {
    id: 'buffer-mutex-first',
    text: 'A producer waits for the mutex first, and then for a free place. The buffer is full. What happens?',
    choices: [
      'A consumer takes a number, and the producer continues.',
      'Producer and consumers wait for each other.',
      'The kernel passes the mutex to a consumer.',
    ],
    right: 'b',
    claim: 'buffer/mutex-first-deadlocks',
  },
  {
    id: 'buffer-if',
    text: 'Two consumers wait for a condition variable, tested with `if`. A producer puts one number and wakes up both. What happens?',
    choices: ['One takes the number, the other waits again.', 'Both take.', 'Neither takes.'],
    right: 'b',
    claim: 'buffer/if-takes-from-empty-buffer',
  },
]

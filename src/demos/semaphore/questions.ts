/** What students are asked before the demos of semaphores. Each question aims at a common misconception. */
import type { Question } from '../shared/question.js'

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

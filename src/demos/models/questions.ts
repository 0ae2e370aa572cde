/** What students are asked before `osdemo models` runs. Each question aims at a common misconception. */
import type { Question } from '../shared/question.js'

export const models: readonly Question[] = [
  {
    id: 'models-copies',
    text: 'A process sends 64,000 bytes to another one through a FIFO. How many bytes does the kernel copy?',
    choices: [
      'None: the FIFO is memory that both processes share.',
      '64,000: straight from one process to the other.',
      '128,000: from the sender into the kernel, and from there to the receiver.',
    ],
    right: 'c',
    claim: 'models/passing-copies-through-the-kernel',
    proof: 'claim',
  },
  {
    id: 'models-calls',
    text: 'Two processes pass a thousand messages through shared memory. How often do they call read(2) or write(2)?',
    choices: [
      'Never: they only access memory.',
      'Once for each message.',
      'Twice for each message: once to send it, once to receive it.',
    ],
    right: 'a',
    claim: 'models/sharing-bypasses-the-kernel',
    proof: 'claim',
  },
]

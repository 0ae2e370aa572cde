/** What students are asked before `osdemo signal demo` runs. Each question aims at a common misconception. */
import type { Question } from '../shared/question.js'

export const demo: readonly Question[] = [
  {
    id: 'signal-three-times',
    text: 'A process blocks SIGUSR1. It is sent three times, then unblocked. How often does the handler run?',
    choices: ['Never: blocked signals are lost.', 'Once.', 'Three times.'],
    right: 'b',
    claim: 'signal/standard-signals-merge',
  },
  {
    id: 'signal-read',
    text: 'A process is blocked in read(2). A handler without SA_RESTART runs. What does read(2) do?',
    choices: [
      'It fails with EINTR.',
      'It continues after the handler.',
      'The handler runs only when read(2) has returned.',
    ],
    right: 'a',
    claim: 'signal/handler-interrupts-slow-call',
  },
]

/** What students are asked before `osdemo lock demo` runs. Each question aims at a common misconception. */
import type { Question } from '../shared/question.js'

export const demo: readonly Question[] = [
  {
    id: 'lock-advisory',
    text: 'A process holds an exclusive lock of a file. Another one does not ask for a lock, and writes. What happens?',
    choices: ['write(2) fails.', 'write(2) waits for the lock.', 'write(2) writes.'],
    right: 'c',
    claim: 'lock/locks-are-advisory',
  },
  {
    id: 'lock-close',
    text: 'A process has a record lock of fcntl(2). It opens the file again, and closes that descriptor. Is the file still locked?',
    choices: ['Yes, until it closes the first descriptor.', 'No.', 'Only if the lock is exclusive.'],
    right: 'b',
    claim: 'lock/any-close-releases-record-locks',
  },
]

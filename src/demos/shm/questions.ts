/** What students are asked before a demo of `osdemo shm` runs. Each question aims at a common misconception. */
import type { Question } from '../shared/question.js'

export const threads: readonly Question[] = [
  {
    id: 'threads-plain-add',
    text: 'Threads add 1 to one counter with `cell[0] = cell[0] + 1`. What is the sum at the end?',
    choices: [
      'The number of additions, because one addition is one step.',
      'More: some additions are carried out twice.',
      'Less: one thread overwrites what another has added.',
    ],
    right: 'c',
    claim: 'shm/plain-add-loses-updates',
    proof: 'claim',
  },
]

export const demo: readonly Question[] = [
  {
    id: 'segment-creator-exits',
    text: 'The process that created a System V segment exits. What happens to the segment?',
    choices: [
      'It stays, with its contents, until it is removed.',
      'The kernel removes it, as it does with all memory of the process.',
      'It stays, but its contents are lost.',
    ],
    right: 'a',
    claim: 'shm/segment-outlives-its-creator',
  },
  {
    id: 'segment-removed',
    text: 'A segment is removed while two processes have it attached. What can they still do with it?',
    choices: [
      'Nothing: the next access kills the process (SIGSEGV).',
      'Read it, but not write to it.',
      'All that they could before, until they detach it.',
    ],
    right: 'c',
    claim: 'shm/removed-segment-works-while-attached',
  },
]

export const race: readonly Question[] = [
  {
    id: 'race-waiting',
    text: 'A process waits for a lock that another process holds. How much CPU time does that take?',
    choices: [
      'None: it sleeps in futex(2) until the kernel wakes it up.',
      'As much as the time it waits: it checks the lock again and again.',
    ],
    right: 'a',
    claim: 'lock/waiting-costs-no-cpu-time',
  },
  {
    id: 'race-holder-killed',
    text: 'The holder of a robust lock is killed. What happens to the process that waits for the lock?',
    choices: [
      'It waits forever: a deadlock.',
      'It gets the lock, and the error EOWNERDEAD as a warning.',
      'It is killed too.',
    ],
    right: 'b',
    claim: 'lock/owner-death-is-reported',
  },
]

export const ring: readonly Question[] = [
  {
    id: 'ring-empty',
    text: 'The ring in shared memory is empty. What does the consumer do?',
    choices: [
      'It checks the ring again and again: busy waiting.',
      'It sleeps in futex(2) until the producer wakes it up.',
      'It blocks in read(2).',
    ],
    right: 'b',
    claim: 'shm/ring-consumer-sleeps-when-empty',
  },
]

export const posix: readonly Question[] = [
  {
    id: 'object-is-unlinked',
    text: 'Two processes map POSIX shared memory. One removes its name with shm_unlink(3). What happens to the memory?',
    choices: [
      'Both keep it, and it is freed when neither maps it.',
      'The next access kills the process (SIGBUS).',
      'Each process gets a copy of its own.',
    ],
    right: 'a',
    claim: 'shm/unlinked-object-works-while-mapped',
  },
  {
    id: 'store-without-msync',
    text: 'A process writes to a MAP_SHARED mapping of a file, without msync(2). What does read(2) of another process return?',
    choices: [
      'The old content, until the first process calls msync(2).',
      'The new content, at once.',
      'Zeros, because the page is locked.',
    ],
    right: 'b',
    claim: 'mapping/read-returns-stores',
  },
]

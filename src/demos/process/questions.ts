/** What students are asked before a demo of `osdemo process` runs. Each question aims at a common misconception. */
import type { Question } from '../shared/question.js'

export const layout: readonly Question[] = [
  {
    id: 'layout-write-text',
    text: 'What may a process do with its text, which contains its machine code?',
    choices: ['Read and execute it, but not write to it.', 'Read it and write to it.', 'Only execute it.'],
    right: 'a',
    claim: 'memory/text-is-executable-not-writable',
    proof: { permissions: 'text' },
  },
  {
    id: 'layout-run-stack',
    text: 'Input of an attacker has put machine code onto the stack. Can the process execute it there?',
    choices: [
      'Yes, a process can execute all of its memory.',
      'Only if the process runs as root.',
      'No: the process may write to its stack, but not execute it.',
    ],
    right: 'c',
    claim: 'memory/data-is-writable-not-executable',
    proof: { permissions: 'stack' },
  },
]

export const isolation: readonly Question[] = [
  {
    id: 'isolation-same-address',
    text: 'Two processes execute one program. Each writes a number to the same address. What do they read there then?',
    choices: ['Both read the number that was written last.', 'Each reads its own number.'],
    right: 'b',
    claim: 'isolation/same-address-has-different-content',
  },
  {
    id: 'isolation-wrong-pointer',
    text: 'A process writes to an address at which only another process has memory. What happens?',
    choices: [
      'It overwrites the memory of the other process.',
      'The kernel kills the other process.',
      'The kernel kills the process that writes.',
    ],
    right: 'c',
    claim: 'isolation/wrong-pointer-kills-its-process',
    proof: 'claim',
  },
]

export const states: readonly Question[] = [
  {
    id: 'states-two-on-one-cpu',
    text: 'Two processes compute on one CPU. Which states does the kernel report for them?',
    choices: [
      'One is R (running), the other is S (waiting).',
      'Both are R: the letter stands for running and for ready.',
      'One is R (running), the other is T (stopped).',
    ],
    right: 'b',
    claim: 'scheduler/several-are-runnable-on-one-cpu',
    proof: 'claim',
  },
  {
    id: 'states-woken',
    text: 'A process waits for input while another computes on its CPU. The input arrives. What is it next?',
    choices: [
      'Running: a process that wakes up runs at once.',
      'Ready: it stands in the run queue until the scheduler chooses it.',
      'Waiting: it waits until the other process exits.',
    ],
    right: 'b',
    claim: 'process/woken-process-is-ready-first',
  },
]

export const schedule: readonly Question[] = [
  {
    id: 'schedule-shares',
    text: 'Processes with different nice values compute on one CPU. How is its time divided?',
    choices: [
      'Equally: every process gets the same share.',
      'The lowest nice value gets the CPU until that process exits.',
      'In proportion to weights, which the nice values set.',
    ],
    right: 'c',
    claim: 'scheduler/weights-predict-shares',
  },
]

export const contextSwitch: readonly Question[] = [
  {
    id: 'switch-compute',
    text: 'Two processes compute on one CPU and never wait. How does one of them lose the CPU?',
    choices: [
      'It gives up the CPU voluntarily from time to time.',
      'It keeps the CPU until it exits.',
      'The kernel preempts it: an involuntary context switch.',
    ],
    right: 'c',
    claim: 'scheduler/computing-is-preempted',
  },
  {
    id: 'switch-registers',
    text: 'Two processes on one CPU keep numbers in the same registers. What does a process find in them when it continues?',
    choices: [
      'Its own numbers: the kernel has restored them.',
      'The numbers of the other process.',
      'Zeros, because the kernel clears the registers.',
    ],
    right: 'a',
    claim: 'scheduler/switch-restores-registers',
    proof: 'claim',
  },
]

export const tree: readonly Question[] = [
  {
    id: 'tree-top',
    text: 'You look up the parent of a process, then the parent of that one, and so on. Where does it end?',
    choices: ['At the shell.', 'Nowhere: every process has a parent.', 'At pid 1.'],
    right: 'c',
    claim: 'process/ancestry-ends-at-pid-1',
  },
]

export const zombie: readonly Question[] = [
  {
    id: 'zombie-sigkill',
    text: 'You send SIGKILL to a zombie. What happens?',
    choices: [
      'The kernel removes it: no process survives SIGKILL.',
      'Nothing: it stays a zombie until its parent reaps it.',
      'kill(2) fails, because there is no such process.',
    ],
    right: 'b',
    claim: 'zombie/sigkill-does-not-remove-it',
  },
  {
    id: 'zombie-memory',
    text: 'What does a zombie still have?',
    choices: [
      'Its memory and its open files.',
      'Only its open files.',
      'Neither memory nor open files: only its entry in the process table.',
    ],
    right: 'c',
    claim: 'zombie/has-no-memory-or-files',
  },
]

export const orphan: readonly Question[] = [
  {
    id: 'orphan-parent-killed',
    text: 'The parent of a running process is killed by SIGKILL. What happens to the child?',
    choices: ['It is killed too.', 'It becomes a zombie.', 'It continues to run.'],
    right: 'c',
    claim: 'orphan/continues',
  },
  {
    id: 'orphan-adopter',
    text: 'Which process is the parent of an orphan?',
    choices: [
      'The one that adopts it: its nearest subreaper, or else pid 1.',
      'None: its PPid is 0.',
      'The shell that is used at this terminal.',
    ],
    right: 'a',
    claim: 'orphan/is-adopted',
  },
]

export const fork: readonly Question[] = [
  {
    id: 'fork-copy',
    text: 'A process calls fork(2). When does the kernel copy its private memory for the child?',
    choices: [
      'At once, in fork(2).',
      'Page by page, when one of the two writes to a page.',
      'Never: parent and child share it.',
    ],
    right: 'b',
    claim: 'fork/copies-page-on-write',
    proof: 'claim',
  },
  {
    id: 'fork-offset',
    text: 'The parent opens a file and forks. The child reads 5 bytes. Where will the parent read next?',
    choices: ['At byte 0: each has an offset of its own.', 'At byte 5: they share the offset.'],
    right: 'b',
    claim: 'fork/file-offset-is-shared',
  },
]

export const exec: readonly Question[] = [
  {
    id: 'exec-pid',
    text: 'A process calls execve(2), which succeeds. Which process executes the new program?',
    choices: ['A child with a new pid.', 'The same process, with the same pid.', 'The process with pid 1.'],
    right: 'b',
    claim: 'exec/keeps-pid',
  },
  {
    id: 'exec-handler',
    text: 'A process has a handler for SIGUSR1 and ignores SIGUSR2. What is left of both after execve(2)?',
    choices: [
      'Both.',
      'Neither.',
      'Only the handler.',
      'SIGUSR2 is still ignored, and SIGUSR1 has its default action.',
    ],
    right: 'd',
    claim: 'exec/resets-handlers',
  },
]

export const exit: readonly Question[] = [
  {
    id: 'exit-259',
    text: 'A child calls exit(259). Which exit code does its parent read?',
    choices: ['259.', '3.', '255, the largest one.'],
    right: 'b',
    claim: 'exit/code-has-eight-bits',
  },
  {
    id: 'exit-twice',
    text: 'A program prints a line to a pipe with printf(3), and forks. Both processes exit. How often does the line arrive?',
    choices: ['Never.', 'Once.', 'Twice.'],
    right: 'c',
    claim: 'exit/fork-copies-the-buffer',
  },
]

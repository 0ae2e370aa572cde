/** What students are asked before a demo of `osdemo pipe` runs. Each question aims at a common misconception. */
import type { Question } from '../shared/question.js'

export const demo: readonly Question[] = [
  {
    id: 'fifo-open',
    text: 'A process opens a FIFO for reading, and no process has it open for writing. What happens?',
    choices: [
      'open(2) blocks until a writer opens the FIFO.',
      'open(2) fails with ENOENT.',
      'open(2) returns at once, and the first read(2) blocks.',
    ],
    right: 'a',
    claim: 'fifo/reader-blocks-in-open',
  },
  {
    id: 'fifo-end-of-file',
    text: 'When does the reader of a FIFO see end of file?',
    choices: [
      'Whenever the FIFO is empty.',
      'When the writer sends a special last byte.',
      'When the last writer has closed the FIFO and all bytes are read.',
    ],
    right: 'c',
    claim: 'pipe/end-of-file-after-last-writer',
  },
]

export const atomic: readonly Question[] = [
  {
    id: 'atomic-short',
    text: 'Four processes write messages of at most PIPE_BUF bytes to one pipe. How many are torn?',
    choices: ['None.', 'A few, when two of them write at the same moment.', 'Nearly all.'],
    right: 'a',
    claim: 'pipe/short-writes-are-atomic',
  },
]

export const capacity: readonly Question[] = [
  {
    id: 'capacity-one-byte',
    text: 'A pipe is full of whole pages. A reader takes one byte. Does a write of one byte now fit?',
    choices: ['Yes: one byte is free.', 'No: a page is free only when all of it has been read.'],
    right: 'b',
    claim: 'pipe/partly-read-page-gives-no-room',
    proof: 'claim',
  },
  {
    id: 'capacity-half-pages',
    text: 'Every write is one byte more than half a page. How many bytes does the pipe hold when it is full?',
    choices: [
      'As many as its capacity.',
      'One page.',
      'About half of its capacity: each write takes a page.',
    ],
    right: 'c',
    claim: 'pipe/small-writes-fill-it',
    proof: 'claim',
  },
]

export const halfDuplex: readonly Question[] = [
  {
    id: 'half-duplex-own-message',
    text: 'A process writes a question into a FIFO and then reads from the same FIFO. What may it read?',
    choices: [
      'Its own question.',
      'Only what other processes have written.',
      'Nothing: a process cannot open both ends.',
    ],
    right: 'a',
    claim: 'pipe/writer-may-read-its-own-message',
  },
]

export const oneMachine: readonly Question[] = [
  {
    id: 'one-machine-bytes',
    text: 'A process writes 1000 bytes into a FIFO, and no process has read them. Where are the bytes?',
    choices: ['In the file, on the disk.', 'In the memory of the kernel.', 'In the memory of the writer.'],
    right: 'b',
    claim: 'fifo/bytes-are-not-in-the-file',
  },
]

export const anonymous: readonly Question[] = [
  {
    id: 'anonymous-end-of-file',
    text: 'A parent closes its write end of a pipe. A child that does not use the pipe still has one open. What does the reader see?',
    choices: [
      'End of file: the writer has closed its end.',
      'Nothing: read(2) blocks until the child closes its write end too.',
      'An error: EPIPE.',
    ],
    right: 'b',
    claim: 'anonymous/open-write-end-prevents-end-of-file',
  },
]

export const pipeline: readonly Question[] = [
  {
    id: 'pipeline-sigpipe',
    text: 'In `yes | head -n 3`, yes would print forever. Why does it end?',
    choices: [
      'The shell kills it when head has exited.',
      'It reads end of file.',
      'SIGPIPE kills it: it writes to a pipe whose reader has exited.',
    ],
    right: 'c',
    claim: 'pipeline/sigpipe-kills-a-writer-without-reader',
  },
]

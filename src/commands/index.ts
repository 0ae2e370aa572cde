/** The commands of osdemo, a line each. A file is loaded only when its command is asked for. */
import type { CommandSpec } from './spec.js'

export interface CommandEntry {
  summary: string
  load(): Promise<{ spec: CommandSpec }>
}

export interface Group {
  summary: string
  examples: string[]
  /** The subcommand that the bare group stands for, where it stands for one. */
  default?: string
}

/** By name. */
export const groups = new Map<string, Group>(
  Object.entries({
    pipe: {
      summary: 'named pipes: two terminals, and a demo of both ends',
      examples: ['osdemo pipe read', 'osdemo pipe write hello', 'osdemo pipe demo'],
    },
    'tcp-echo': {
      summary: 'a TCP echo server of length-prefixed frames, and its client',
      examples: ['osdemo tcp-echo', 'osdemo tcp-echo client hello', 'osdemo tcp-echo demo'],
      default: 'serve',
    },
    shm: {
      summary: 'shared memory',
      examples: ['osdemo shm', 'osdemo shm write hello', 'osdemo shm read'],
      default: 'threads',
    },
  }),
)

/** By path: `tour`, `pipe read`. */
export const commands = new Map<string, CommandEntry>(
  Object.entries({
    tour: {
      summary: 'all demos, one after the other, and a table of what they showed',
      load: () => import('./tour.js'),
    },
    clean: {
      summary: 'remove what killed runs have left, and say what is still in use',
      load: () => import('./clean.js'),
    },
    'pipe read': {
      summary: 'read messages from a named pipe',
      load: () => import('./pipe-read.js'),
    },
    'pipe write': {
      summary: 'write messages, or stdin, into a named pipe',
      load: () => import('./pipe-write.js'),
    },
    'pipe demo': {
      summary: 'a writer and a reader process over one FIFO, seen through /proc',
      load: () => import('./pipe-demo.js'),
    },
    'tcp-echo serve': {
      summary: 'serve: frames (4-byte big-endian length, then the body) come back as they are',
      load: () => import('./tcp-echo-serve.js'),
    },
    'tcp-echo client': {
      summary: 'send messages as frames and print what comes back',
      load: () => import('./tcp-echo-client.js'),
    },
    'tcp-echo demo': {
      summary: 'server and client as two processes, and their sockets in /proc/net/tcp',
      load: () => import('./tcp-echo-demo.js'),
    },
    'short-reads': {
      summary: 'why a frame must be read in full: the same bytes, read once and read in full',
      load: () => import('./short-reads.js'),
    },
    'shm write': {
      summary: 'write a text into a System V segment',
      load: () => import('./shm-write.js'),
    },
    'shm read': {
      summary: 'read the text in a System V segment',
      load: () => import('./shm-read.js'),
    },
    'shm list': {
      summary: 'every System V segment of this machine, as the kernel lists it',
      load: () => import('./shm-list.js'),
    },
    'shm remove': {
      summary: 'remove a System V segment',
      load: () => import('./shm-remove.js'),
    },
    'shm demo': {
      summary: 'a segment that outlives its maker, and what it means to remove it',
      load: () => import('./shm-demo.js'),
    },
    'shm race': {
      summary: 'processes count in one segment: plainly, atomically, and under a lock whose holder is killed',
      load: () => import('./shm-race.js'),
    },
    'shm ring': {
      summary: 'a producer and a consumer process over one ring in a segment',
      load: () => import('./shm-ring.js'),
    },
    'shm threads': {
      summary: 'worker threads share memory: a ring of messages, and a counter that loses updates',
      load: () => import('./shm-threads.js'),
    },
  }),
)

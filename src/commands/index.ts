/** The commands of osdemo, a line each. The code of a command runs only when it is asked for. */
import type { Needs } from '../demos/doctor/index.js'
import type { CommandSpec } from './lib/spec.js'

export interface CommandEntry {
  summary: string
  /** What of the machine it takes; `osdemo doctor` looks whether that is there. Empty: Node is enough. */
  needs: Needs
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
    queue: {
      summary: 'message passing: blocking and nonblocking, capacity zero, bounded and unbounded',
      examples: ['osdemo queue', 'osdemo queue matrix', 'osdemo queue send hello', 'osdemo queue receive'],
      default: 'demo',
    },
    process: {
      summary: 'the life of a process: memory, states, scheduling, family, end',
      examples: ['osdemo process layout', 'osdemo process states', 'osdemo process zombie'],
    },
  }),
)

/** With too few open files any command may fail that starts something. */
const files = { files: 'it may end with EMFILE' }

/** Of every command that starts processes. */
const also = ['leash'] as const

/** By path: `tour`, `pipe read`. */
export const commands = new Map<string, CommandEntry>(
  Object.entries({
    tour: {
      summary: 'all demos, one after the other, and a table of what they showed',
      needs: {
        plays: [
          'process layout',
          'process states',
          'process schedule',
          'process switch',
          'process tree',
          'process zombie',
          'process orphan',
          'process fork',
          'pipe demo',
          'pipe atomic',
          'pipe capacity',
          'pipe half-duplex',
          'queue demo',
          'queue matrix',
          'tcp-echo demo',
          'short-reads',
          'shm threads',
          'shm demo',
          'shm race',
          'shm ring',
        ],
      },
      load: () => import('./tour.js'),
    },
    'pipe read': {
      summary: 'read messages from a named pipe',
      needs: {
        must: ['reopen'],
        better: { fifo: 'only over a FIFO that is there already, with --path', ...files },
        also,
      },
      load: () => import('./pipe/read.js'),
    },
    'pipe write': {
      summary: 'write messages, or stdin, into a named pipe',
      needs: {
        must: ['reopen'],
        better: { fifo: 'only over a FIFO that is there already, with --path', ...files },
        also,
      },
      load: () => import('./pipe/write.js'),
    },
    'pipe demo': {
      summary: 'a writer and a reader process over one FIFO, seen through /proc',
      needs: {
        must: ['proc', 'fifo'],
        better: { waits: 'that the reader waits is not shown', ...files },
        also,
      },
      load: () => import('./pipe/demo.js'),
    },
    'pipe atomic': {
      summary: 'many writers at once: messages up to PIPE_BUF stay whole, longer ones may be torn',
      needs: { must: ['proc', 'fifo'], better: files, also },
      load: () => import('./pipe/atomic.js'),
    },
    'pipe capacity': {
      summary: 'a pipe filled until EAGAIN, beside what the kernel says that it holds',
      needs: {
        must: ['proc', 'fifo', 'pipeRoom'],
        better: { waits: 'that a writer waits is not shown', ...files },
        also,
      },
      load: () => import('./pipe/capacity.js'),
    },
    'pipe half-duplex': {
      summary: 'one FIFO cannot carry a dialogue, two can',
      needs: {
        must: ['proc', 'fifo'],
        better: { waits: 'that a reader waits is not shown', ...files },
        also,
      },
      load: () => import('./pipe/half-duplex.js'),
    },
    'tcp-echo serve': {
      summary: 'serve: frames (4-byte big-endian length, then the body) come back as they are',
      needs: { better: { loopback: 'only with other machines', ...files }, also: [...also, 'lowPorts'] },
      load: () => import('./tcp-echo/serve.js'),
    },
    'tcp-echo client': {
      summary: 'send messages as frames and print what comes back',
      needs: { better: { loopback: 'only with other machines', ...files }, also },
      load: () => import('./tcp-echo/client.js'),
    },
    'tcp-echo demo': {
      summary: 'server and client as two processes, and their sockets in /proc/net/tcp',
      needs: { must: ['proc', 'loopback'], better: files, also },
      load: () => import('./tcp-echo/demo.js'),
    },
    'short-reads': {
      summary: 'why a frame must be read in full: the same bytes, read once and read in full',
      needs: { must: ['loopback'], better: files, also },
      load: () => import('./short-reads.js'),
    },
    'shm write': {
      summary: 'write a text into a System V segment',
      needs: { must: ['segments'], better: files, also },
      load: () => import('./shm/write.js'),
    },
    'shm read': {
      summary: 'read the text in a System V segment',
      needs: { must: ['segments'], better: files, also },
      load: () => import('./shm/read.js'),
    },
    'shm list': {
      summary: 'every System V segment of this machine, as the kernel lists it',
      needs: { must: ['segments'], better: files, also },
      load: () => import('./shm/list.js'),
    },
    'shm remove': {
      summary: 'remove a System V segment',
      needs: { must: ['segments'], better: files, also },
      load: () => import('./shm/remove.js'),
    },
    'shm demo': {
      summary: 'a segment that outlives its maker, and what it means to remove it',
      needs: { must: ['segments'], better: files, also },
      load: () => import('./shm/demo.js'),
    },
    'shm race': {
      summary: 'processes count in one segment: plainly, atomically, and under a lock whose holder is killed',
      needs: { must: ['proc', 'segments'], better: { cpus: 'a lost update may not show', ...files }, also },
      load: () => import('./shm/race.js'),
    },
    'shm ring': {
      summary: 'a producer and a consumer process over one ring in a segment',
      needs: {
        must: ['proc', 'segments'],
        better: { waits: 'that the consumer sleeps is not shown', ...files },
        also,
      },
      load: () => import('./shm/ring.js'),
    },
    'shm threads': {
      summary: 'worker threads share memory: a ring of messages, and a counter that loses updates',
      needs: { must: ['proc', 'threads'], better: { cpus: 'a lost update may not show', ...files } },
      load: () => import('./shm/threads.js'),
    },
    'queue demo': {
      summary: 'a sender and a receiver process over a queue of capacity zero, bounded or unbounded',
      needs: {
        must: ['proc', 'queues'],
        better: { fifo: 'not with --capacity unbounded', waits: 'that a side waits is not shown', ...files },
        also,
      },
      load: () => import('./queue/demo.js'),
    },
    'queue matrix': {
      summary: 'blocking and nonblocking, zero, bounded and unbounded: all twelve combinations',
      needs: {
        must: ['proc', 'queues', 'fifo'],
        better: { waits: 'that a side waits is not shown', ...files },
        also,
      },
      load: () => import('./queue/matrix.js'),
    },
    'queue send': {
      summary: 'send messages to a POSIX message queue',
      needs: { must: ['proc', 'queues'], better: { ...files }, also },
      load: () => import('./queue/send.js'),
    },
    'queue receive': {
      summary: 'receive messages from a POSIX message queue',
      needs: { must: ['proc', 'queues'], better: { ...files }, also },
      load: () => import('./queue/receive.js'),
    },
    'process layout': {
      summary: 'text, data, bss, heap, stack and what else lies in the memory of a live process',
      needs: { must: ['proc'], better: { ...files }, also },
      load: () => import('./process/layout.js'),
    },
    'process states': {
      summary: 'a child process driven through every state that the kernel has for it',
      needs: {
        must: ['proc', 'scheduler'],
        better: { waits: 'that the child waits is not shown', ...files },
        also,
      },
      load: () => import('./process/states.js'),
    },
    'process schedule': {
      summary: 'busy processes share one CPU: who runs when, and what a nice value is worth',
      needs: { must: ['proc', 'scheduler'], better: files, also },
      load: () => import('./process/schedule.js'),
    },
    'process switch': {
      summary: 'context switches: how many a process makes, and what one costs',
      needs: {
        must: ['proc', 'scheduler', 'fifo'],
        better: { cpus: 'a switch is measured on one CPU only', ...files },
        also,
      },
      load: () => import('./process/switch.js'),
    },
    'process tree': {
      summary: 'the ancestors of a process up to pid 1, and its descendants',
      needs: { must: ['proc', 'shell'], better: files, also },
      load: () => import('./process/tree.js'),
    },
    'process zombie': {
      summary: 'a process that has ended and that nobody has waited for',
      needs: { must: ['proc', 'shell'], better: files, also },
      load: () => import('./process/zombie.js'),
    },
    'process orphan': {
      summary: 'a process whose parent has ended, and who adopts it',
      needs: { must: ['proc', 'shell'], better: files, also },
      load: () => import('./process/orphan.js'),
    },
    'process fork': {
      summary: 'what parent and child share after fork(2), and what each has for itself',
      needs: { must: ['proc', 'compiler', 'segments'], better: { ...files }, also },
      load: () => import('./process/fork.js'),
    },
    why: {
      summary: 'why a process does not go on: what it waits for, and who has the other end',
      needs: { must: ['proc'], better: { waits: 'only what is probable is said', ...files } },
      load: () => import('./why.js'),
    },
    view: {
      summary: 'show recorded events, several recordings as one story',
      needs: {},
      load: () => import('./view.js'),
    },
    clean: {
      summary: 'remove what killed runs have left, and say what is still in use',
      needs: { better: { proc: 'who uses a FIFO cannot be seen' } },
      load: () => import('./clean.js'),
    },
    doctor: {
      summary: 'what of all this can run on this machine, and why not',
      needs: {},
      load: () => import('./doctor.js'),
    },
    completion: {
      summary: 'completion of osdemo in bash, zsh or fish',
      needs: {},
      load: () => import('./completion.js'),
    },
  }),
)

/** The commands of osdemo, in the order of the lecture. The code of a command is loaded only when it is called. */

import { labCommands } from './lab/index.js'
import { also, type CommandEntry, files, type Group } from './lib/entry.js'
import { lockCommands } from './lock/index.js'
import { pipeCommands } from './pipe/index.js'
import { processCommands } from './process/index.js'
import { queueCommands } from './queue/index.js'
import { semaphoreCommands } from './semaphore/index.js'
import { shmCommands } from './shm/index.js'
import { signalCommands } from './signal/index.js'
import { socketCommands } from './socket/index.js'
import { tcpEchoCommands } from './tcp-echo/index.js'

export const topics: Readonly<Record<string, CommandEntry | Group>> = {
  tour: {
    summary: 'all demos as the chapters of one lesson, a page each',
    needs: {},
    killLines: ['', '--full', 'zombie fork --predict'],
    load: () => import('./tour.js'),
  },
  process: processCommands,
  models: {
    summary: 'message passing and shared memory side by side: system calls and copies of the same messages',
    needs: { must: ['proc', 'segments', 'fifo', 'io'], better: files, also },
    chapter: {
      topic: 'two models of communication',
      title: 'message passing or shared memory',
      heart: [
        'models/passing-needs-calls-for-each-message',
        'models/passing-copies-through-the-kernel',
        'models/sharing-bypasses-the-kernel',
        'models/messages-arrive-as-sent',
      ],
      picture: 'table',
    },
    questions: async () => (await import('../demos/models/questions.js')).models,
    killLines: [''],
    demo: async () => (await import('../demos/models/index.js')).models,
  },
  signal: signalCommands,
  shm: shmCommands,
  semaphore: semaphoreCommands,
  queue: queueCommands,
  pipe: pipeCommands,
  lock: lockCommands,
  socket: socketCommands,
  'tcp-echo': tcpEchoCommands,
  'short-reads': {
    summary: 'why a frame must be read in full: the same bytes, with single reads and with a loop',
    needs: { must: ['loopback'], better: files, also },
    chapter: {
      topic: 'framing',
      title: 'frames and short reads',
      heart: [
        'tcp/read-may-be-short',
        'frame/read-loop-gets-every-frame',
        'frame/single-reads-tear-frames',
        'frame/torn-reader-loses-its-place',
        'tcp/many-writes-share-packets',
        'tcp/one-write-becomes-several-packets',
      ],
    },
    questions: async () => (await import('../demos/socket/questions.js')).shortReads,
    killLines: [''],
    demo: async () => (await import('../demos/socket/short-reads.js')).shortReads,
  },
  why: {
    summary: 'explain what a process waits for, and what lets it continue',
    needs: {
      must: ['proc'],
      better: {
        waits: 'it reports what is likely, not what is certain',
        unrelated: 'it reports what is likely for processes that it has not started',
        users: 'it does not see the processes of other users',
        ...files,
      },
    },
    killLines: ['PID', 'PID --watch', 'PID --stack', 'PID --signals', 'PID --files'],
    load: () => import('./why.js'),
  },
  trace: {
    summary: 'run your own program, and show its processes, their messages and what blocked them',
    needs: { must: ['proc', 'strace'], better: files, also },
    killLines: ['-- sleep 5'],
    load: () => import('./trace.js'),
  },
  explain: {
    summary: 'explain a mistake that osdemo trace has found, or list all of them',
    needs: {},
    killLines: [''],
    load: () => import('./explain.js'),
  },
  bench: {
    summary: 'measure which mechanism is fastest here, what each message costs, and why',
    needs: {
      must: ['proc', 'scheduler'],
      better: { cpus: 'it measures one CPU only', compiler: '--against c does not work', ...files },
      also,
    },
    killLines: ['pipe tcp --size 64'],
    load: () => import('./bench.js'),
  },
  lab: labCommands,
  view: {
    summary: 'show recorded events; several recordings are merged by their times',
    needs: {},
    killLines: [''],
    load: () => import('./view.js'),
  },
  clean: {
    summary: 'remove what killed runs left behind, and report what is still in use',
    needs: { better: { proc: 'it cannot see which process uses a FIFO' } },
    killLines: [''],
    load: () => import('./clean.js'),
  },
  doctor: {
    summary: 'check which commands work on this machine, and why others do not',
    needs: {},
    killLines: [''],
    load: () => import('./doctor.js'),
  },
  completion: {
    summary: 'print a completion script for bash, zsh or fish',
    needs: {},
    killLines: ['bash'],
    load: () => import('./completion.js'),
  },
}

/** Whether an entry of `topics` contains several commands. */
export function isGroup(topic: CommandEntry | Group): topic is Group {
  return 'members' in topic
}

/** The subcommand that runs when a group is called without one; undefined where it then prints its help. */
export function defaultOf(name: string): string | undefined {
  const topic = topics[name]
  return topic && isGroup(topic) ? topic.default : undefined
}

/** All commands by path, such as `tour` or `pipe read`. */
export const commands: ReadonlyMap<string, CommandEntry> = new Map(
  Object.entries(topics).flatMap(([name, topic]): [string, CommandEntry][] =>
    isGroup(topic)
      ? Object.entries(topic.members).map(([member, entry]) => [`${name} ${member}`, entry])
      : [[name, topic]],
  ),
)

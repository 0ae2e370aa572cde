/** All demos, one after the other, as chapters of one run. */
import { Unavailable } from '../errors.js'
import { sayRun } from '../run/run.js'
import { createScope } from '../run/scope.js'
import type { Demo, Stage } from '../run/stage.js'
import { pipeDemo } from './pipe.js'
import { shmDemo } from './shm-demo.js'
import { shmRace } from './shm-race.js'
import { shmRing } from './shm-ring.js'
import { shmThreads } from './shm-threads.js'
import { shortReads } from './short-reads.js'
import { echoDemo } from './tcp-echo.js'

interface Chapter {
  command: string
  demo: Demo
  /** What to look at. */
  see: string
}

/** The order of the lecture: message passing, sockets, shared memory. */
export const chapters: Chapter[] = [
  {
    command: 'pipe demo',
    demo: pipeDemo,
    see: 'who opens first is held in open(2) until the other end opens too',
  },
  {
    command: 'tcp-echo demo',
    demo: echoDemo,
    see: 'one connection is two sockets, and the kernel lists both',
  },
  {
    command: 'short-reads',
    demo: shortReads,
    see: 'one read may give less than was asked for, and what comes of it',
  },
  {
    command: 'shm threads',
    demo: shmThreads({ workers: 4, times: 250_000, messages: 10 }),
    see: 'memory that is shared needs no messages, but care',
  },
  {
    command: 'shm demo',
    demo: shmDemo,
    see: 'a segment belongs to the kernel, and outlives the process that made it',
  },
  {
    command: 'shm race',
    demo: shmRace({ processes: 4, times: 50_000 }),
    see: 'what processes lose without a lock, and what happens when the holder of one dies',
  },
  {
    command: 'shm ring',
    demo: shmRing({ messages: 10, size: 64 }),
    see: 'messages between processes without a system call, but for sleeping',
  },
]

export const tour: Demo = async (stage) => {
  for (const { command, demo, see } of chapters) {
    sayRun(stage.say, command.split(' '))
    stage.note(`see: ${see}`)
    await play(stage, demo)
  }
}

/** A demo that this machine cannot run is told and passed over. */
async function play(stage: Stage, demo: Demo): Promise<void> {
  await using scope = createScope()
  try {
    await demo({ ...stage, scope })
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    stage.note(`not here: ${error.message}`)
  }
}

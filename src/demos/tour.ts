/** All demos, one after the other, as chapters of one run. */
import { Unavailable } from '../errors.js'
import { now } from '../events.js'
import { sayRun } from '../run/run.js'
import type { Demo, Stage } from '../run/stage.js'
import { pipeAtomic } from './pipe/atomic.js'
import { pipeCapacity } from './pipe/capacity.js'
import { pipeDemo } from './pipe/demo.js'
import { pipeHalfDuplex } from './pipe/half-duplex.js'
import { processFork } from './process/fork.js'
import { processLayout } from './process/layout.js'
import { processOrphan } from './process/orphan.js'
import { processSchedule } from './process/schedule.js'
import { processStates } from './process/states.js'
import { processSwitch } from './process/switch.js'
import { processTree } from './process/tree.js'
import { processZombie } from './process/zombie.js'
import { queueDemo } from './queue/demo.js'
import { queueMatrix } from './queue/matrix.js'
import { shmDemo } from './shm/demo.js'
import { shmRace } from './shm/race.js'
import { shmRing } from './shm/ring.js'
import { shmThreads } from './shm/threads.js'
import { echoDemo } from './socket/echo-demo.js'
import { shortReads } from './socket/short-reads.js'

interface Chapter {
  command: string
  demo: Demo
  /** What to look at. */
  see: string
}

/** The order of the lecture: processes, message passing, sockets, shared memory. */
export const chapters: Chapter[] = [
  {
    command: 'process layout',
    demo: processLayout,
    see: 'a program in memory: text and data below, the stack far above, and much room between',
  },
  {
    command: 'process states',
    demo: processStates,
    see: 'ready is not running: two want one CPU, and the kernel lets one wait for it',
  },
  {
    command: 'process schedule',
    demo: processSchedule({ sample: 30, patience: 2000 }),
    see: 'the scheduler divides one CPU by weights, and nice values set them',
  },
  {
    command: 'process switch',
    demo: processSwitch({ times: 300, patience: 200 }),
    see: 'who waits gives the CPU up, from who computes it is taken',
  },
  {
    command: 'process tree',
    demo: processTree(),
    see: 'every process has a parent, up to pid 1',
  },
  {
    command: 'process zombie',
    demo: processZombie(0),
    see: 'what has ended stays listed until its parent has asked how it ended',
  },
  {
    command: 'process orphan',
    demo: processOrphan(0),
    see: 'whose parent ends gets another one',
  },
  {
    command: 'process fork',
    demo: processFork,
    see: 'after fork(2) parent and child have the same addresses, and not the same memory behind them',
  },
  {
    command: 'pipe demo',
    demo: pipeDemo,
    see: 'who opens first is held in open(2) until the other end opens too',
  },
  {
    command: 'pipe atomic',
    demo: pipeAtomic({ burst: 2 ** 18 }),
    see: 'short messages of several writers stay whole, long ones need not',
  },
  {
    command: 'pipe capacity',
    demo: pipeCapacity({ brief: true }),
    see: 'a pipe is a ring of pages, and full when the last one is in use',
  },
  {
    command: 'pipe half-duplex',
    demo: pipeHalfDuplex,
    see: 'a pipe has one direction: who asks and answers over one talks to himself',
  },
  {
    command: 'queue',
    demo: queueDemo({
      capacity: 4,
      send: 'blocking',
      receive: 'blocking',
      messages: 8,
      sendEvery: 0,
      receiveEvery: 20,
      limit: 2 ** 26,
    }),
    see: 'a full queue makes its sender wait, and fills and drains',
  },
  {
    command: 'queue matrix',
    demo: queueMatrix({ capacity: 4, messages: 5, pause: 5 }),
    see: 'whether send and receive wait depends on the capacity, and on who is faster',
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

/** The tour takes 25 seconds at most, so on a slow machine no chapter begins later than this, in microseconds. */
const lastBeginning = 17_000_000

export const tour: Demo = async (stage) => {
  const begin = now()
  const missed: string[] = []
  for (const { command, demo, see } of chapters) {
    if (now() - begin > lastBeginning) {
      missed.push(`osdemo ${command}`)
      continue
    }
    sayRun(stage.say, command.split(' '))
    stage.note(`see: ${see}`, 'opening')
    await play(stage, demo)
  }
  if (missed.length > 0)
    stage.note(`this machine was too slow for all of it today: see also ${missed.join(', ')}.`, 'next')
}

/** Plays a chapter. One that this machine cannot run, as the demo or one of its actors reports, is noted and passed over. */
async function play(stage: Stage, demo: Demo): Promise<void> {
  try {
    await stage.within(demo)
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    stage.note(`not here: ${error.message}`, 'aside')
  }
}

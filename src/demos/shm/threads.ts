/** Threads share memory: a ring buffer for messages, and a counter that loses updates without atomic operations. */
import { countingRoom, layBarrier, roomBytes } from '../../ipc/shared-counter.js'
import { newRing } from '../../ipc/shared-ring/layout.js'
import { readStatus } from '../../proc/status.js'
import { threads } from '../../proc/task.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted } from '../../text.js'
import { lastCallReturned, seeWait } from '../shared/claim-waiting.js'
import { requireProc } from '../shared/require-proc.js'
import { dismiss, showRace } from './count-race.js'
import { countReceived } from './count-received.js'

export interface ShmThreadsOptions {
  /** Counting threads, 2 to 16. */
  workers: number
  /** Additions per thread in a round. */
  times: number
  /** Messages through the ring buffer. */
  messages: number
}

/** The ring buffer's data area in bytes: so small that a fast producer fills it. */
const capacity = 1024

export function shmThreads({ workers, times, messages }: ShmThreadsOptions): Demo {
  return async (stage) => {
    requireProc('shm threads')
    stage.note(
      'The threads of a process share its memory. ' +
        'Watch two of them pass messages through it, and others lose updates of one counter.',
      'opening',
    )
    await showRing(stage, messages)
    await race(stage, workers, times)
    stage.note(
      'Threads share memory without any system call. An update that several threads make must be atomic, or protected by a lock.',
      'closing',
    )
    stage.note('Next: `osdemo shm race` shows the same race between processes, and a lock.', 'next')
  }
}

async function showRing(stage: Stage, messages: number): Promise<void> {
  const memory = newRing(capacity)
  const id = `ring (SharedArrayBuffer, ${capacity} bytes of messages)`
  stage.say({ event: 'created', kind: 'buffer', id })
  const consumer = await stage.startThread({
    program: 'ring-consumer',
    name: 'consumer',
    config: { memory },
  })
  await consumer.until('call')
  await seeWait(stage, {
    pid: process.pid,
    tid: consumer.id,
    calls: ['futex'],
    hasReturned: () => lastCallReturned(consumer),
    id: 'shm/ring-consumer-sleeps-when-empty',
    claim: `A consumer of an empty ring buffer blocks in futex(2): thread ${consumer.id} waits for a message.`,
  })
  const producer = await stage.startThread({
    program: 'ring-producer',
    name: 'producer',
    config: { memory, messages },
  })
  // Both threads exist now: the consumer sleeps on the empty ring buffer, the producer waits to be told to begin.
  seeThreads(stage, [consumer, producer])
  producer.tell('begin')
  await Promise.all([consumer.ended, producer.ended])
  stage.say({ event: 'removed', kind: 'buffer', id })
  const received = countReceived(consumer)
  stage.claim(
    'shm/ring-keeps-messages-in-order',
    `A ring buffer keeps messages in order: ${received} of ${counted(messages, 'message')} arrived unchanged.`,
    received === messages,
  )
}

function seeThreads(stage: Stage, actors: Actor[]): void {
  const tids = threads(process.pid)
  const groups = actors.map(({ id }) => readStatus(process.pid, id)?.tgid)
  stage.evidence(
    `/proc/${process.pid}/task`,
    counted(tids.length, 'entry', 'entries'),
    'one per thread; Node starts some of its own',
    { data: tids },
  )
  for (const [index, { name, id }] of actors.entries()) {
    const source = `/proc/${process.pid}/task/${id}/status`
    const tgid = groups[index] ?? null
    stage.evidence(source, `Tgid: ${tgid}`, `the process of thread ${id}, the ${name}`, { data: { tgid } })
  }
  stage.claim(
    'thread/shares-memory-of-its-process',
    `Threads share the memory of their process: ${actors.map(({ name }) => name).join(' and ')} belong to process ${process.pid}.`,
    actors.every(({ id }, index) => tids.includes(id) && groups[index] === process.pid),
  )
}

async function race(stage: Stage, workers: number, times: number): Promise<void> {
  const memory = new SharedArrayBuffer(roomBytes)
  const { barrier } = countingRoom(memory)
  layBarrier(barrier, workers)
  const id = 'counter (SharedArrayBuffer, 32 bits)'
  stage.say({ event: 'created', kind: 'buffer', id })
  const counters = await Promise.all(
    Array.from({ length: workers }, (_, index) =>
      stage.startThread({
        program: 'counter',
        name: `counter-${index + 1}`,
        config: { memory, times, index },
      }),
    ),
  )
  await showRace(stage, { counters, kind: 'threads', memory, times })
  await dismiss(counters)
  stage.say({ event: 'removed', kind: 'buffer', id })
}

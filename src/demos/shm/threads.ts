/** Threads share memory: a ring that carries messages, and a counter that loses updates without atomics. */
import type { CounterConfig } from '../../actors/counter.js'
import { countingRoom, layBarrier, roomBytes } from '../../ipc/shared-counter.js'
import { newRing } from '../../ipc/shared-ring/layout.js'
import { readStatus } from '../../proc/status.js'
import { threads } from '../../proc/task.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { seeWait } from '../shared/claim-waiting.js'
import { requireProc } from '../shared/require-proc.js'
import { dismiss, showRace } from './count-race.js'
import { countReceived } from './count-received.js'

export interface ShmThreadsOptions {
  /** Counting threads, 2 to 16. */
  workers: number
  /** Additions by each of them in a round. */
  times: number
  /** Messages through the ring. */
  messages: number
}

/** The ring's data area in bytes: small enough that a fast producer meets a full ring. */
const capacity = 1024

export function shmThreads({ workers, times, messages }: ShmThreadsOptions): Demo {
  return async (stage) => {
    requireProc('shm threads')
    await showRing(stage, messages)
    await race(stage, workers, times)
  }
}

async function showRing(stage: Stage, messages: number): Promise<void> {
  const memory = newRing(capacity)
  const id = `ring of ${capacity} bytes in a SharedArrayBuffer`
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
    id: 'shm/ring-consumer-sleeps-when-empty',
    claim: 'a consumer of an empty ring sleeps in the kernel, in futex(2)',
  })
  const producer = await stage.startThread({
    program: 'ring-producer',
    name: 'producer',
    config: { memory, messages },
  })
  // Both are alive: the one sleeps on the empty ring, the other waits for a word.
  seeThreads(stage, [consumer, producer])
  producer.tell('begin')
  await Promise.all([consumer.ended, producer.ended])
  stage.say({ event: 'removed', kind: 'buffer', id })
  stage.claim(
    'shm/ring-keeps-messages-in-order',
    `all ${messages} messages came through the ring, in order`,
    countReceived(consumer) === messages,
  )
}

function seeThreads(stage: Stage, actors: Actor[]): void {
  const tids = threads(process.pid)
  const groups = actors.map(({ id }) => readStatus(process.pid, id)?.tgid)
  stage.evidence(
    `/proc/${process.pid}/task`,
    `${tids.length} threads`,
    'this process, Node with its own helpers',
    { data: tids },
  )
  for (const [index, { name, id }] of actors.entries()) {
    const source = `/proc/${process.pid}/task/${id}/status`
    const tgid = groups[index] ?? null
    stage.evidence(source, `Tgid ${tgid}`, `the process that the ${name}, thread ${id}, belongs to`, {
      data: { tgid },
    })
  }
  stage.claim(
    'thread/shares-memory-of-its-process',
    `${actors.map(({ name }) => name).join(' and ')} are threads of one process, ${process.pid}: they share its memory`,
    actors.every(({ id }, index) => tids.includes(id) && groups[index] === process.pid),
  )
}

async function race(stage: Stage, workers: number, times: number): Promise<void> {
  const memory = new SharedArrayBuffer(roomBytes)
  const { cell, barrier } = countingRoom(memory)
  layBarrier(barrier, workers)
  const id = 'one 32-bit counter in a SharedArrayBuffer'
  stage.say({ event: 'created', kind: 'buffer', id })
  const config: CounterConfig = { memory, times }
  const counters = await Promise.all(
    Array.from({ length: workers }, (_, index) =>
      stage.startThread({ program: 'counter', name: `counter-${index + 1}`, config }),
    ),
  )
  await showRace(stage, { counters, cell, times })
  await dismiss(counters)
  stage.say({ event: 'removed', kind: 'buffer', id })
}

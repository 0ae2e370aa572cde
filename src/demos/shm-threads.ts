/** Threads share memory: a ring that carries messages, and a counter that loses updates without atomics. */
import { availableParallelism } from 'node:os'
import type { CounterConfig, CounterWord } from '../actors/counter.js'
import type { RingConsumerConfig } from '../actors/ring-consumer.js'
import type { RingProducerConfig } from '../actors/ring-producer.js'
import { now } from '../events.js'
import { newBarrier } from '../ipc/shared-counter.js'
import { newRing } from '../ipc/shared-ring.js'
import { readStatus } from '../proc/status.js'
import { threads } from '../proc/task.js'
import type { Actor } from '../run/cast.js'
import type { Demo, Stage } from '../run/stage.js'
import { requireProc } from './require-proc.js'
import { seeWait } from './see-wait.js'

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

/** How long plain counting is tried again while no update was lost, in microseconds. */
const patience = 5_000_000

export function shmThreads({ workers, times, messages }: ShmThreadsOptions): Demo {
  return async (stage) => {
    requireProc('shm threads')
    await showRing(stage, messages)
    await showRace(stage, workers, times)
  }
}

async function showRing(stage: Stage, messages: number): Promise<void> {
  const memory = newRing(capacity)
  const id = `ring of ${capacity} bytes in a SharedArrayBuffer`
  stage.say({ event: 'created', kind: 'buffer', id })
  const consumer = await stage.startThread({
    program: 'ring-consumer',
    name: 'consumer',
    config: { memory } satisfies RingConsumerConfig,
  })
  await consumer.until('call')
  await seeWait(stage, {
    pid: process.pid,
    tid: consumer.id,
    calls: ['futex'],
    claim: 'a consumer of an empty ring sleeps in the kernel, in futex(2)',
  })
  const producer = await stage.startThread({
    program: 'ring-producer',
    name: 'producer',
    config: { memory, messages } satisfies RingProducerConfig,
  })
  // Both are alive: the one sleeps on the empty ring, the other waits for a word.
  seeThreads(stage, [consumer, producer])
  producer.tell('begin')
  await Promise.all([consumer.ended, producer.ended])
  stage.say({ event: 'removed', kind: 'buffer', id })
  stage.claim(
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
  )
  for (const [index, { name, id }] of actors.entries()) {
    const source = `/proc/${process.pid}/task/${id}/status`
    stage.evidence(source, `Tgid ${groups[index]}`, `the process that the ${name}, thread ${id}, belongs to`)
  }
  stage.claim(
    `${actors.map(({ name }) => name).join(' and ')} are threads of one process, ${process.pid}: they share its memory`,
    actors.every(({ id }, index) => tids.includes(id) && groups[index] === process.pid),
  )
}

/** The consumer checks each message itself, and at the end says how many there were. */
function countReceived(consumer: Actor): number | undefined {
  for (const event of consumer.events)
    if (event.event === 'call' && event.call === 'ring.read') return event.result
  return undefined
}

async function showRace(stage: Stage, workers: number, times: number): Promise<void> {
  const cells = new Int32Array(new SharedArrayBuffer(4))
  const config: CounterConfig = { cells, barrier: newBarrier(workers), times }
  const id = 'one 32-bit counter in a SharedArrayBuffer'
  stage.say({ event: 'created', kind: 'buffer', id })
  const counters = await Promise.all(
    Array.from({ length: workers }, (_, index) =>
      stage.startThread({ program: 'counter', name: `counter-${index + 1}`, config }),
    ),
  )
  const expected = workers * times
  const round = async (word: CounterWord) => {
    cells[0] = 0
    const begin = now()
    const ends = counters.map((counter) => {
      counter.tell(word)
      return counter.until('call', ({ phase, t }) => phase === 'end' && t >= begin)
    })
    await Promise.all(ends)
    return Atomics.load(cells, 0)
  }

  // Losing is likely, not certain: tried again until it shows.
  let tries = 0
  let plain = expected
  for (const end = now() + patience; plain === expected && now() < end; tries++)
    plain = await round('plainly')
  stage.evidence('cell[0]', `${plain}`, `the counter after ${workers} times ${times} plain additions`)
  const lost = expected - plain
  if (lost !== 0) {
    const share = ((100 * lost) / expected).toFixed(1)
    stage.claim(`plain additions lost ${lost} of ${expected} updates (${share} %)`, lost > 0)
    stage.note(
      'Two threads read the same value, both add 1, both write it: one of the two additions is overwritten.',
    )
  } else {
    const cpus = availableParallelism()
    stage.note(`no plain update was lost in ${tries} tries on ${cpus} CPU(s), by luck: nothing prevents it`)
  }

  const atomic = await round('atomically')
  stage.evidence('cell[0]', `${atomic}`, `the counter after ${workers} times ${times} atomic additions`)
  stage.claim(`Atomics.add lost none of ${expected} updates`, atomic === expected)
  stage.note('Atomics.add reads, adds and writes in one step, and the CPU lets no other come in between.')
  for (const counter of counters) counter.tell('end' satisfies CounterWord)
  await Promise.all(counters.map((counter) => counter.ended))
  stage.say({ event: 'removed', kind: 'buffer', id })
}

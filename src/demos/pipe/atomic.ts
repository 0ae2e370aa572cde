/** Several processes write to one FIFO at once: short messages stay whole, longer ones may be torn. */
import type { BurstReaderConfig } from '../../actors/burst-reader.js'
import type { BurstWord, BurstWriterConfig } from '../../actors/burst-writer.js'
import { now } from '../../events.js'
import { pipeBuf } from '../../ipc/pipe-room.js'
import type { Actor, ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted, thousands } from '../../text.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { requireProc } from '../shared/require-proc.js'
import { toldNumber } from '../shared/told-number.js'

export interface PipeAtomicOptions {
  /** About how many bytes each writer sends in one burst. */
  burst: number
}

const writerNames = ['writer-1', 'writer-2', 'writer-3', 'writer-4']

/** Message sizes in bytes that POSIX guarantees to be atomic, and sizes that it does not. The last is above a pipe's capacity. */
const promised = [pipeBuf / 8, pipeBuf]
const notPromised = [pipeBuf + 1, 100_000]

/** How long bursts are repeated, in microseconds, until writers interleave, or until a message is torn. */
const patience = 2_000_000

export function pipeAtomic({ burst }: PipeAtomicOptions): Demo {
  return async (stage) => {
    requireProc('pipe atomic')
    stage.note(
      'A write(2) of up to PIPE_BUF bytes enters a pipe in one piece. ' +
        'Watch longer messages get torn when four processes write at once.',
      'opening',
    )
    const path = await makePrivateFifo(stage, 'pipe-atomic')
    stage.evidence('linux/limits.h', `PIPE_BUF ${pipeBuf}`, 'bytes', { data: pipeBuf })
    const readerConfig: BurstReaderConfig = { path, writers: writerNames }
    const reader = await stage.start({ program: 'burst-reader', name: 'reader', config: readerConfig })
    const writers = await Promise.all(
      writerNames.map((name, index) => {
        const config: BurstWriterConfig = { path, index }
        return stage.start({ program: 'burst-writer', name, config })
      }),
    )
    const cast = { reader, writers }
    await Promise.all([...writers, reader].map((actor) => opened(actor)))
    for (const size of promised) await showWhole(stage, cast, size, burst)
    for (const size of notPromised) await showTorn(stage, cast, size, burst)
    for (const actor of [...writers, reader]) actor.tell('end')
    await Promise.all([...writers, reader].map((actor) => actor.ended))
    stage.note(
      "A longer write(2) may fill the pipe and block halfway, and then another writer's bytes come in between. " +
        'So writers that share a pipe keep their messages short, or take a lock.',
      'closing',
    )
    stage.note('Next: `osdemo pipe capacity` shows how much a pipe holds before a writer blocks.', 'next')
  }
}

function opened(actor: Actor): Promise<unknown> {
  return actor.until('call', ({ call, phase }) => call === 'open' && phase === 'end')
}

interface Cast {
  reader: ActorOf<'burst-reader'>
  writers: ActorOf<'burst-writer'>[]
}

interface Outcome {
  messages: number
  torn: number
  /** Bytes that none of the writers sent: then a message may only seem to be torn. */
  foreign: number
  changes: number
}

/** Has all writers send at once, and waits until the reader has received everything. */
async function burstOnce({ reader, writers }: Cast, size: number, burst: number): Promise<Outcome> {
  const each = Math.max(4, Math.ceil(burst / size))
  const word: BurstWord = `${size} ${each}`
  const begin = now()
  for (const actor of [reader, ...writers]) actor.tell(word)
  const told = (name: 'torn' | 'foreign' | 'changes') =>
    toldNumber(reader, { name, source: 'read(2)', since: begin })
  const [torn, foreign, changes] = [await told('torn'), await told('foreign'), await told('changes')]
  return { messages: each * writers.length, torn, foreign, changes }
}

/** Repeats a burst until its outcome is a wanted one, or `patience` has passed. */
async function burstUntil(
  cast: Cast,
  size: number,
  burst: number,
  wanted: (outcome: Outcome) => boolean,
): Promise<Outcome & { tries: number }> {
  const end = now() + patience
  for (let tries = 1; ; tries++) {
    const outcome = await burstOnce(cast, size, burst)
    if (wanted(outcome) || now() > end) return { ...outcome, tries }
  }
}

async function showWhole(stage: Stage, cast: Cast, size: number, burst: number): Promise<void> {
  // Writers that run one after the other cannot tear a message: only a burst in which they interleave proves anything.
  const met = ({ torn, changes }: Outcome) => torn > 0 || changes >= 2 * writerNames.length
  sayBurst(stage, size)
  const { messages, torn } = await burstUntil(cast, size, burst, met)
  stage.claim(
    'pipe/short-writes-are-atomic',
    `A write of up to PIPE_BUF bytes is atomic: ${torn} of ${counted(messages, 'message')} of ${thousands(size)} bytes were torn.`,
    torn === 0,
  )
}

async function showTorn(stage: Stage, cast: Cast, size: number, burst: number): Promise<void> {
  sayBurst(stage, size)
  const { messages, torn, foreign, tries } = await burstUntil(
    cast,
    size,
    burst,
    (outcome) => outcome.torn > 0,
  )
  if (torn > 0)
    stage.claim(
      'pipe/long-writes-may-be-torn',
      `A longer write may be torn: ${thousands(torn)} of ${counted(messages, 'message')} of ${thousands(size)} bytes were torn.`,
      foreign === 0,
    )
  else {
    const sent = `${counted(tries, 'burst')} of ${counted(messages, 'message')}`
    stage.note(`Not observed: in ${sent} of ${thousands(size)} bytes none was torn, by luck.`, 'aside')
  }
}

function sayBurst(stage: Stage, size: number): void {
  const limit = size === pipeBuf ? ', which is PIPE_BUF' : ''
  stage.note(`Four writers send messages of ${thousands(size)} bytes${limit}, all at once.`)
}

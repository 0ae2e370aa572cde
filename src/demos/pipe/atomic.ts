/** Several processes write into one FIFO at once: whose messages stay whole, and whose are torn. */
import type { BurstReaderConfig } from '../../actors/burst-reader.js'
import type { BurstWord, BurstWriterConfig } from '../../actors/burst-writer.js'
import { now } from '../../events.js'
import { pipeBuf } from '../../ipc/pipe-room.js'
import type { Actor, ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { requireProc } from '../shared/require-proc.js'
import { toldNumber } from '../shared/told-number.js'

export interface PipeAtomicOptions {
  /** Bytes that each writer sends in one burst of a size, about. */
  burst: number
}

const writerNames = ['writer-1', 'writer-2', 'writer-3', 'writer-4']

/** Bytes of a message: sizes that POSIX promises to be atomic, and sizes that it does not; the last is more than a pipe holds. */
const promised = [pipeBuf / 8, pipeBuf]
const notPromised = [pipeBuf + 1, 100_000]

/** How long bursts are repeated until the writers meet, or until a message is torn, in microseconds. */
const patience = 2_000_000

export function pipeAtomic({ burst }: PipeAtomicOptions): Demo {
  return async (stage) => {
    requireProc('pipe atomic')
    const path = await makePrivateFifo(stage, 'pipe-atomic')
    stage.evidence('linux/limits.h', `${pipeBuf}`, 'PIPE_BUF, in bytes', { data: pipeBuf })
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
    stage.note(
      'A write(2) of more than PIPE_BUF bytes may put a part into the pipe and wait for room, and there another writer comes ' +
        'between. So several writers of one pipe keep their messages short, or take a lock.',
      'closing',
    )
    for (const actor of [...writers, reader]) actor.tell('end')
    await Promise.all([...writers, reader].map((actor) => actor.ended))
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
  changes: number
}

/** All writers send at once, until the reader has everything. */
async function burstOnce({ reader, writers }: Cast, size: number, burst: number): Promise<Outcome> {
  const each = Math.max(4, Math.ceil(burst / size))
  const word: BurstWord = `${size} ${each}`
  const begin = now()
  for (const actor of [reader, ...writers]) actor.tell(word)
  const told = (name: 'torn' | 'changes') => toldNumber(reader, { name, source: 'read(2)', since: begin })
  const [torn, changes] = [await told('torn'), await told('changes')]
  return { messages: each * writers.length, torn, changes }
}

/** Repeats a burst until it is as wanted, or patience is at its end. */
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
  // Writers that do not meet cannot tear anything: only a burst in which they took turns says something.
  const met = ({ torn, changes }: Outcome) => torn > 0 || changes >= 2 * writerNames.length
  const { messages, torn, changes } = await burstUntil(cast, size, burst, met)
  const limit = size === pipeBuf ? ' (PIPE_BUF)' : ''
  stage.claim(
    'pipe/short-writes-are-atomic',
    `none of ${messages} messages of ${size} bytes${limit} is torn, while the writer changed ${changes} times`,
    torn === 0,
  )
}

async function showTorn(stage: Stage, cast: Cast, size: number, burst: number): Promise<void> {
  const { messages, torn, tries } = await burstUntil(cast, size, burst, (outcome) => outcome.torn > 0)
  if (torn > 0)
    stage.claim(
      'pipe/long-writes-may-be-torn',
      `${torn} of ${messages} messages of ${size} bytes are torn`,
      true,
    )
  else
    stage.note(`none of ${messages} messages of ${size} bytes was torn in ${tries} bursts, by luck`, 'aside')
}

/** What the sender and the receiver of a queue have in common: messages pass in rounds, and every call is told. */
import { setTimeout as sleep } from 'node:timers/promises'
import { SystemCallError } from '../../errors.js'
import { type Depth, now, type Say } from '../../events.js'
import type { RendezvousNames } from '../../ipc/rendezvous.js'
import type { UnboundedPlace } from '../../ipc/unbounded.js'
import type { Act } from './runtime.js'

/** What a side of a queue is told: to open its side as this round needs it, then to go. `end` ends it between two rounds. */
export type QueueWord = Round | 'go' | 'end'

export interface Round {
  place:
    | { kind: 'bounded'; queue: string }
    | ({ kind: 'rendezvous' } & RendezvousNames)
    | ({ kind: 'unbounded' } & UnboundedPlace)
  /** As events name it. */
  channel: string
  messages: number
  /** Whether this side may be made to wait. */
  blocking: boolean
  /** Pause between two messages, in milliseconds. */
  every: number
  /** After so many refusals of one message it gives up; never when it is left out. */
  tries?: number
  /** The events of it are many. */
  detail: boolean
}

/** One side of a queue that is open. */
export interface Side {
  /** What is called, and on what, as events name it. */
  call: string
  object: string
  /** Whether a call that starts now would have to wait for the other side: nobody else is on ours. */
  wouldWait(): boolean
  /** How much is stored; missing where the other side tells. */
  depth?: Omit<Depth, 'before' | 'after'> & { look(): number | Promise<number> }
  /** The call, which passes one message. @throws SystemCallError: EAGAIN when it was refused */
  pass(seq: number): { bytes: number; text: string }
  /** Waits until nothing of it is in our memory any more, and closes. */
  close(): void | Promise<void>
}

/** One side of a queue, round by round. */
export function queueSide(
  direction: 'sent' | 'received',
  open: (round: Round) => Side,
): Act<'queue-sender' | 'queue-receiver'> {
  return async ({ say, nextWord }) => {
    for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
      if (word === 'go') throw new Error('told to go before a round was opened')
      const round = word
      const side = open(round)
      const tell: Say = round.detail ? (fact, at) => say({ ...fact, detail: true }, at) : say
      tell({ event: 'call', phase: 'end', call: 'open', object: side.object })
      await nextWord()
      await playRound(tell, direction, round, side)
      await side.close()
      tell({ event: 'call', phase: 'end', call: 'close', object: side.object })
    }
  }
}

async function playRound(say: Say, direction: 'sent' | 'received', round: Round, side: Side): Promise<void> {
  const { channel, messages, every, tries } = round
  for (let seq = 0; seq < messages; seq++) {
    if (seq > 0 && every > 0) await sleep(every)
    const passed = await insist(say, side, direction, seq, tries)
    if (!passed) return say({ event: 'note', text: `gives up after ${tries} refusals` })
    const { at, ...message } = passed
    say({ event: direction, channel, seq, ...message }, at)
  }
}

/** Who was refused tries again after so many milliseconds, then after twice as many, and so on, up to the longest pause. */
const firstPause = 10
const longestPause = 640

/** Passes a message, and tries again while it is refused. @returns undefined when it has given up */
async function insist(
  say: Say,
  side: Side,
  direction: 'sent' | 'received',
  seq: number,
  tries = Number.POSITIVE_INFINITY,
) {
  for (let refusals = 1; ; refusals++) {
    const before = await side.depth?.look()
    const about = { event: 'call', call: side.call, object: side.object, waits: side.wouldWait() } as const
    say({ ...about, phase: 'begin' })
    try {
      const message = side.pass(seq)
      const at = now()
      say({ ...about, phase: 'end', result: direction === 'sent' ? 0 : message.bytes }, at)
      return {
        at,
        ...message,
        ...(side.depth && before !== undefined && (await depthOf(side.depth, before))),
      }
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.errno !== 'EAGAIN') throw error
      say({ ...about, phase: 'end', errno: error.errno })
    }
    if (refusals >= tries) return undefined
    await sleep(Math.min(firstPause * 2 ** (refusals - 1), longestPause))
  }
}

async function depthOf(
  { look, ...about }: NonNullable<Side['depth']>,
  before: number,
): Promise<{ depth: Depth }> {
  return { depth: { before, after: await look(), ...about } }
}

/** What the sender and the receiver of a queue share: they pass messages in rounds, and report every call. */
import { setTimeout as sleep } from 'node:timers/promises'
import { SystemCallError } from '../../errors.js'
import { type Depth, now, type Say } from '../../events.js'
import type { RendezvousNames } from '../../ipc/rendezvous.js'
import type { UnboundedPlace } from '../../ipc/unbounded.js'
import type { Act } from './runtime.js'

/** What the supervisor tells a side: a round, for which it opens its side; then `go`. Between two rounds, `end`. */
export type QueueWord = Round | 'go' | 'end'

export interface Round {
  place:
    | { kind: 'bounded'; queue: string }
    | ({ kind: 'rendezvous' } & RendezvousNames)
    | ({ kind: 'unbounded' } & UnboundedPlace)
  /** The name of the channel in events. */
  channel: string
  messages: number
  /** Whether the calls of this side block. */
  blocking: boolean
  /** Pause between two messages, in milliseconds. */
  every: number
  /** It gives up when a message was refused with EAGAIN so many times; without it, never. */
  tries?: number
  /** Its events are many, and views for people leave them out. */
  detail: boolean
}

/** One open side of a queue. */
export interface Side {
  /** The name of its call and of what the call works on, in events. */
  call: string
  object: string
  /** Whether a call that starts now would wait for the other side. No other process uses this side. */
  wouldWait(): boolean
  /** How much is stored; missing where the other side reports it. */
  depth?: Omit<Depth, 'before' | 'after'> & { look(): number | Promise<number> }
  /** Makes the call that passes one message. @throws SystemCallError: EAGAIN when it was refused */
  pass(seq: number): { bytes: number; text: string }
  /** Waits until no message is left in the memory of this process, then closes. */
  close(): void | Promise<void>
}

/** Plays one side of a queue, round by round. */
export function queueSide(
  direction: 'sent' | 'received',
  open: (round: Round) => Side,
): Act<'queue-sender' | 'queue-receiver'> {
  return async ({ say, nextWord }) => {
    for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
      if (word === 'go') throw new Error('go came before a round')
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
    if (!passed)
      return say({ event: 'note', text: `It gives up after ${tries} calls that failed with EAGAIN.` })
    const { at, ...message } = passed
    say({ event: direction, channel, seq, ...message }, at)
  }
}

/** After EAGAIN a side tries again: after this many milliseconds, then after twice as many, up to the longest pause. */
const firstPause = 10
const longestPause = 640

/** Passes a message, and tries again while the call fails with EAGAIN. @returns undefined when it has given up */
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

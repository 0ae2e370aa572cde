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
  /** Whether a call that starts now would not have to wait for the other side. No other process uses this side. */
  isReady(): boolean
  /** How much is stored; missing where the other side reports it. */
  depth?: Omit<Depth, 'before' | 'after'> & { look(): number | Promise<number> }
  /** Of a side that sends: the message that `pass` will send. */
  next?(seq: number): Message
  /**
   * Makes the call that passes one message. @throws SystemCallError: EAGAIN when it was refused
   *
   * @returns `at`: when it was received, where that is known better than by the begin and the end of the call
   */
  pass(seq: number): Message & { at?: number }
  /** Waits until no message is left in the memory of this process, then closes. */
  close(): void | Promise<void>
}

interface Message {
  bytes: number
  text: string
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
    const tell: Tell = (message, depth, at) =>
      say({ event: direction, channel, seq, ...message, ...(depth && { depth }) }, at)
    if (!(await insist(say, side, tell, seq, round)))
      return say({ event: 'note', text: `It gives up after ${tries} calls that failed with EAGAIN.` })
  }
}

/** Reports a message that was sent or received. */
type Tell = (message: Message, depth: Depth | undefined, at: number) => void

/** After EAGAIN a side tries again: after this many milliseconds, then after twice as many, up to the longest pause. */
const firstPause = 10
const longestPause = 640

/**
 * Passes a message, and tries again while the call fails with EAGAIN.
 *
 * The kernel passes a message somewhere between the begin and the end of a call, and wakes the other side. Both sides may then
 * return in any order. So a cause has the time before its call, and an effect the time after it: a message is sent when the call
 * begins. It is received when the call ends, or when it begins where the message was there before: a sender may wait for its place.
 *
 * @returns false when it has given up
 */
async function insist(
  say: Say,
  side: Side,
  tell: Tell,
  seq: number,
  { blocking, tries = Number.POSITIVE_INFINITY }: Round,
): Promise<boolean> {
  for (let refusals = 1; ; refusals++) {
    const before = await side.depth?.look()
    const isReady = side.isReady()
    const waits = blocking && !isReady
    const about = { event: 'call', call: side.call, object: side.object, waits } as const
    const begin = now()
    say({ ...about, phase: 'begin' }, begin)
    // Reported at once, because this call may take long.
    const offered = waits ? side.next?.(seq) : undefined
    if (offered) tell(offered, depthOf(side, before, before), begin)
    try {
      const { at, ...message } = side.pass(seq)
      const end = now()
      say({ ...about, phase: 'end', result: side.next ? 0 : message.bytes }, end)
      const passed = side.next || isReady ? begin : end
      if (!offered) tell(message, depthOf(side, before, await side.depth?.look()), at ?? passed)
      return true
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.errno !== 'EAGAIN') throw error
      say({ ...about, phase: 'end', errno: error.errno })
    }
    if (refusals >= tries) return false
    await sleep(Math.min(firstPause * 2 ** (refusals - 1), longestPause))
  }
}

function depthOf({ depth }: Side, before?: number, after?: number): Depth | undefined {
  if (!depth || before === undefined || after === undefined) return undefined
  const { look: _, ...about } = depth
  return { before, after, ...about }
}

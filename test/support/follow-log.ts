/** Builds the model from lines of a log. */
import { expect } from 'vitest'
import type { Delivery, Talk } from '../../src/trace/conversation.js'
import { type Block, createModel, type Process, type Trace } from '../../src/trace/model.js'
import { createParser } from '../../src/trace/parse.js'

export interface Followed extends Trace {
  messages: (Delivery & { talk: Talk })[]
  /** The calls of 1 ms or longer that have returned. */
  blocks: Block[]
}

/**
 * @param log lines without times; the n-th is n ms after the first
 * @param after how many microseconds after its last line the trace ended, where that is known
 */
export function follow(log: string, after?: number): Followed {
  const lines = log.trim().split('\n')
  const timed = lines.map((line, n) => line.trim().replace(' ', ` ${(1 + n / 1000).toFixed(6)} `))
  const end = after === undefined ? undefined : 1e6 + (lines.length - 1) * 1000 + after
  return followLog(Buffer.from(`${timed.join('\n')}\n`), end)
}

/** A log of strace. */
export function followLog(log: Buffer, end?: number): Followed {
  const messages: Followed['messages'] = []
  const blocks: Block[] = []
  const model = createModel({
    onMessage: (talk, message) => messages.push({ talk, ...message }),
    onBlock: (block) => blocks.push(block),
  })
  const parser = createParser(model.take)
  parser.push(log)
  parser.end()
  expect(parser.unreadable).toMatchObject({ count: 0 })
  return { ...model.finish(end), messages, blocks }
}

export const talksOf = ({ talks }: Trace) =>
  talks.map(({ thing, from, to, messages, bytes }) => [thing.label, from.pid, to.pid, messages, bytes])

/** Which ends of which objects a process has open. */
export const openIn = (process: Process | undefined) =>
  [...(process?.table ?? [])].map(([fd, { thing, end }]) => `${fd} ${thing.label} ${end ?? '-'}`)

/** Each call of 1 ms or longer, and the process that unblocked it. */
export const wakersOf = ({ blocks }: Followed) =>
  blocks.map(({ process, call, object, by }) => [process.pid, call, object, by?.pid])

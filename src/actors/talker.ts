/** One side of a dialogue over FIFOs: it writes and reads on command of the supervisor. */
import { read, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { systemCallError } from '../errors.js'
import { now } from '../events.js'
import { openFifo, openForBoth } from '../ipc/fifo.js'
import { patiently } from './lib/report-slow-call.js'
import { runActor, splitWord } from './lib/runtime.js'

export interface TalkerConfig {
  /** The FIFO that it writes to, and the one that it reads. When they are the same, it opens that one for both. */
  to: string
  from: string
  /** Which FIFO is opened first. Each open(2) waits for the other side, so both sides must open them in the same order. */
  first: 'to' | 'from'
}

/** What the supervisor may send. `say`: write a text. `listen`: read once. */
export type TalkerWord = `say ${string}` | 'listen' | 'end'

/** How long a read may take, in milliseconds, before it is reported as a call that blocks. */
const patience = 50

declare module '../actor-types.js' {
  interface Actors {
    talker: { config: TalkerConfig; word: TalkerWord; runsAs: 'process' }
  }
}

runActor<'talker'>(async ({ say, config: { to, from, first }, nextWord }) => {
  const { writing, reading } = await openEnds()
  let sent = 0
  let received = 0

  async function openEnds(): Promise<{ writing: number; reading: number }> {
    if (to === from) {
      const both = openForBoth(to)
      say({ event: 'call', phase: 'end', call: 'open', object: 'the FIFO with O_RDWR', result: both })
      return { writing: both, reading: both }
    }
    const ends = { to: -1, from: -1 }
    for (const end of first === 'to' ? (['to', 'from'] as const) : (['from', 'to'] as const)) {
      const way = end === 'to' ? 'writing' : 'reading'
      ends[end] = await openFifo(end === 'to' ? to : from, way, true)
      const object = `FIFO ${(end === 'to' ? to : from).split('/').at(-1)} for ${way}`
      say({ event: 'call', phase: 'end', call: 'open', object, result: ends[end] })
    }
    return { writing: ends.to, reading: ends.from }
  }

  function speak(text: string): void {
    const line = Buffer.from(text)
    // With the time when write(2) begins: the other side may have received the text before it returns.
    const begin = now()
    try {
      writeSync(writing, line)
    } catch (error) {
      throw systemCallError(error, 'cannot write to the FIFO')
    }
    say({ event: 'sent', channel: to, seq: sent++, bytes: line.length, text }, begin)
  }

  /** One read(2), in a thread of Node's pool. It returns one message, because only one is in the pipe at a time. */
  async function listen(): Promise<void> {
    const chunk = Buffer.alloc(4096)
    const pending = promisify(read)(reading, chunk, 0, chunk.length, null)
    const { bytesRead } = await patiently(say, { call: 'read', object: 'the FIFO', patience }, pending)
    const text = chunk.toString('utf8', 0, bytesRead)
    if (bytesRead > 0) say({ event: 'received', channel: from, seq: received++, bytes: bytesRead, text })
    else say({ event: 'call', phase: 'end', call: 'read', object: 'the FIFO', result: 0 })
  }

  for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
    const [verb, text] = splitWord(word)
    if (verb === 'listen') await listen()
    if (verb === 'say') speak(text)
  }
})

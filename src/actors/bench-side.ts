/** One side of the benchmark: opens one end of a channel, and plays a round each time that the supervisor asks for one. */
import { type Channel, type OpenChannel, openChannel } from '../bench/end.js'
import { playForParent } from '../bench/messages.js'
import { playRound, type Side, type Task } from '../bench/round.js'
import { yardstick } from '../bench/yardstick.js'
import type { Say } from '../events.js'
import { dieWithParent } from '../ipc/libc.js'
import { pin } from '../ipc/scheduling.js'
import { ownThreadId } from '../proc/links.js'
import { runActor } from './lib/runtime.js'

export interface BenchSideConfig {
  /** Undefined for the process that measures what calls, copies and looks at the clock cost. */
  channel?: Channel
  /** Whether it sends first. */
  begins: boolean
}

/** A round, and what it is about: the result repeats that. */
export interface BenchRound extends Task {
  mechanism: string
  cpus: string
  round: number
  /** The CPUs of the side that begins and of the other one; empty where they are not pinned. */
  pinned: number[]
}

export type BenchSideWord = BenchRound | 'measure' | 'end'

declare module '../actor-types.js' {
  interface Actors {
    'bench-side': { config: BenchSideConfig; word: BenchSideWord; runsAs: 'process' | 'thread' }
  }
}

async function play(channel: OpenChannel, round: BenchRound, begins: boolean): Promise<Side> {
  const cpu = round.pinned[begins ? 0 : 1]
  if (cpu !== undefined) pin(ownThreadId() ?? process.pid, [cpu])
  return playRound(channel, round, begins)
}

function tell(say: Say, round: BenchRound, side: Side, begins: boolean): void {
  const { window: _, peer: __, pinned: ___, ...about } = round
  say({
    event: 'evidence',
    source: 'CLOCK_MONOTONIC',
    value: `${about.count} messages of ${about.size} B in ${Math.round(side.elapsed)} µs`,
    about: `${about.mode}, round ${about.round}`,
    data: { ...about, side: begins ? 'first' : 'second', ...side },
    detail: true,
  })
}

function tellCosts(say: Say): void {
  const { sizes, ...costs } = yardstick()
  say({
    event: 'evidence',
    source: 'CLOCK_MONOTONIC',
    value: `a look at the clock ${Math.round(costs.clock)} ns, a call through koffi ${Math.round(costs.ffi)} ns`,
    about: 'what is part of each time',
    data: { ...costs, sizes: sizes.map(({ size }) => size), alone: sizes.map(({ alone }) => alone) },
    detail: true,
  })
}

if (process.send) {
  // A side has started this process with fork(), which makes the channel that is measured.
  dieWithParent()
  // The parent sends nothing but bytes and rounds.
  playForParent((channel, round) => play(channel, round as BenchRound, false))
} else {
  runActor<'bench-side'>(async ({ say, nextWord, config: { channel, begins } }) => {
    const open = channel && (await openChannel(channel, begins))
    for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
      if (word === 'measure') tellCosts(say)
      else if (open) {
        const other = open.child?.play(word)
        tell(say, word, await play(open, word, begins), begins)
        // The child runs the function above, which returns this.
        if (other) tell(say, word, (await other) as Side, false)
      }
    }
    open?.close?.()
  })
}

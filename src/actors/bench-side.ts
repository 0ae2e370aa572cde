/** One side of the benchmark: opens one end of a channel, and plays a round each time that the supervisor asks for one. */
import { type Channel, openChannel } from '../bench/end.js'
import { playRound, type Task } from '../bench/round.js'
import { yardstick } from '../bench/yardstick.js'
import { runActor } from './lib/runtime.js'

export interface BenchSideConfig {
  /** Undefined for the process that measures what calls, copies and looks at the clock cost. */
  channel?: Channel
  /** Whether it sends first. */
  begins: boolean
}

/** What a round is about: its result repeats that. */
export interface BenchLabels {
  mechanism: string
  cpus: string
  round: number
}

export type BenchSideWord = (Task & BenchLabels) | 'measure' | 'end'

declare module '../actor-types.js' {
  interface Actors {
    'bench-side': { config: BenchSideConfig; word: BenchSideWord; runsAs: 'process' | 'thread' }
  }
}

runActor<'bench-side'>(async ({ say, nextWord, config: { channel, begins } }) => {
  const open = channel && openChannel(channel, begins)
  for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
    if (word === 'measure') {
      const { sizes, ...costs } = yardstick()
      const value = `a look at the clock ${Math.round(costs.clock)} ns, a call through koffi ${Math.round(costs.ffi)} ns`
      say({
        event: 'evidence',
        source: 'CLOCK_MONOTONIC',
        value,
        about: 'what is part of each time',
        data: { ...costs, sizes: sizes.map(({ size }) => size), alone: sizes.map(({ alone }) => alone) },
        detail: true,
      })
    } else if (open) {
      const { window: _, ...task } = word
      const side = await playRound(open, word, begins)
      say({
        event: 'evidence',
        source: 'CLOCK_MONOTONIC',
        value: `${task.count} messages of ${task.size} B in ${Math.round(side.elapsed)} µs`,
        about: `${task.mode}, round ${task.round}`,
        data: { ...task, side: begins ? 'first' : 'second', ...side },
        detail: true,
      })
    }
  }
})

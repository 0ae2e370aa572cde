/** Computes without a pause, and knows from the clock when it had a CPU; or sleeps; or waits for a word. */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { now, type Say } from '../events.js'
import { runActor, splitWord } from './lib/runtime.js'

export interface BusyConfig {
  /** Microseconds between two looks at the clock, from which on it says that it was not on a CPU in between. */
  gap: number
}

/**
 * What the supervisor may say. `compute`: until the next word. `report T U` ends it and has it told when it had a CPU
 * from T to U, times of the clock in microseconds, as `state` events. `sleep N`: N times, a millisecond each.
 * `here`: whether it has started by now.
 */
export type BusyWord = 'here' | 'compute' | `report ${number} ${number}` | `sleep ${number}` | 'end'

/** How long it computes between two looks for a word, in microseconds. */
const spell = 10_000

declare module '../actor-types.js' {
  interface Actors {
    busy: { config: BusyConfig; word: BusyWord; runsAs: 'process' }
  }
}

runActor<'busy'>(async ({ say, nextWord, config: { gap } }) => {
  const turns = createTurns(gap)
  for (let word = await nextWord(); word !== 'end'; ) {
    const next = nextWord()
    const [verb, times] = splitWord(word)
    if (verb === 'compute') await compute(say, turns, next)
    if (verb === 'sleep') sleep(say, Number(times))
    if (verb === 'here') say({ event: 'note', text: 'is here, and waits for a word' })
    word = await next
  }
})

/** The event loop looks for the next word without waiting, so this process never sleeps meanwhile. */
async function compute(say: Say, turns: Turns, next: Promise<BusyWord>): Promise<void> {
  const about = { event: 'call', call: 'compute', object: 'without a pause' } as const
  say({ ...about, phase: 'begin' })
  let word: BusyWord | undefined
  let x = 1
  void next.then((come) => {
    word = come
  })
  while (word === undefined) {
    for (const end = turns.look() + spell; turns.look() < end; ) x = work(x)
    await turnOfTheLoop()
  }
  turns.look()
  const [verb, times] = splitWord(word)
  if (verb === 'report') {
    // The type of this word has two numbers.
    const [since, until] = times.split(' ').map(Number) as [number, number]
    report(say, turns.list, since, until)
  }
  say({ ...about, phase: 'end' })
}

/**
 * Some microseconds of work between two looks at the clock. Each look makes garbage, and where nothing else is done the
 * collector comes so often, and waits for its helper threads, that this process is not always ready.
 */
function work(x: number): number {
  let next = x
  for (let i = 0; i < 2000; i++) next = (Math.imul(next, 1103515245) + 12345) | 0
  return next
}

function sleep(say: Say, times: number): void {
  const about = { event: 'call', call: 'sleep', object: `${times} times, a millisecond each` } as const
  const cell = new Int32Array(new SharedArrayBuffer(4))
  say({ ...about, phase: 'begin' })
  for (let i = 0; i < times; i++) Atomics.wait(cell, 0, 0, 1)
  say({ ...about, phase: 'end' })
}

/** So many turns are told at most, the last ones: who watches has to read it all. */
const mostTold = 150

/** Ready between its turns: it never does anything but compute. */
function report(say: Say, list: Turn[], since: number, until: number): void {
  const about = { event: 'state', child: process.pid, kernel: 'R', source: 'CLOCK_MONOTONIC' } as const
  const turns = list.filter(({ from, to }) => to > since && from < until)
  const told = turns.slice(-mostTold)
  const computed = list.some(({ from }) => from <= since)
  if (computed && told.length === turns.length && !turns.some(({ from }) => from <= since)) {
    say({ ...about, state: 'ready' }, since)
  }
  for (const { from, to } of told) {
    say({ ...about, state: 'running' }, Math.max(from, since))
    // What comes after the very last turn is for others to see.
    if (to < until && to !== list.at(-1)?.to) say({ ...about, state: 'ready' }, to)
  }
}

/** A time from which on the clock was looked at without a gap, in microseconds. */
interface Turn {
  from: number
  to: number
}

interface Turns {
  list: Turn[]
  /** Looks at the clock, and gives it. */
  look(): number
}

/** The last so many turns are remembered: some 20 seconds of them. */
const remembered = 20_000

function createTurns(gap: number): Turns {
  const list: Turn[] = []
  let turn: Turn | undefined
  return {
    list,
    look() {
      const time = now()
      if (turn === undefined || time - turn.to > gap) {
        turn = { from: time, to: time }
        if (list.push(turn) > 2 * remembered) list.splice(0, remembered)
      }
      turn.to = time
      return time
    },
  }
}

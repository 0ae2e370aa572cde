/** Computes in a loop and finds out from its clock when it was running, or sleeps, or waits for a command. */
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { now, type Say } from '../events.js'
import { runActor, splitWord } from './lib/runtime.js'

export interface BusyConfig {
  /** In microseconds. When the clock jumps by more between two looks, the process was not on a CPU in between. */
  gap: number
}

/**
 * Commands of the supervisor. `compute` runs until the next command. `report T U` ends it and reports, as `state` events, when
 * the process was running between T and U, times of the event clock in microseconds. `sleep N` sleeps N times for 1 ms. `here`
 * answers with a note once the process has started.
 */
export type BusyWord = 'here' | 'compute' | `report ${number} ${number}` | `sleep ${number}` | 'end'

/** How long it computes between two looks for a command, in microseconds. */
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
    if (verb === 'here') say({ event: 'note', text: 'The process has started and waits for a command.' })
    word = await next
  }
})

/** Between two spells of work the event loop looks for the next command. It does not block, so the process is always ready. */
async function compute(say: Say, turns: Turns, next: Promise<BusyWord>): Promise<void> {
  const about = { event: 'call', call: 'compute', object: 'in a loop' } as const
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
    // The type of this command has two numbers.
    const [since, until] = times.split(' ').map(Number) as [number, number]
    report(say, turns.list, since, until)
  }
  say({ ...about, phase: 'end' })
}

/**
 * Some microseconds of work between two looks at the clock. Each look allocates memory. Without work in between, the garbage
 * collector would run so often, and wait for its helper threads, that this process would not always be ready.
 */
function work(x: number): number {
  let next = x
  for (let i = 0; i < 2000; i++) next = (Math.imul(next, 1103515245) + 12345) | 0
  return next
}

function sleep(say: Say, times: number): void {
  const about = { event: 'call', call: 'sleep', object: `${times} times for 1 ms` } as const
  const cell = new Int32Array(new SharedArrayBuffer(4))
  say({ ...about, phase: 'begin' })
  for (let i = 0; i < times; i++) Atomics.wait(cell, 0, 0, 1)
  say({ ...about, phase: 'end' })
}

/** At most so many time slices are reported, the last ones, because a person has to read them. */
const mostTold = 150

/** Reports when the process was running. Between two time slices it was ready, because it never does anything but compute. */
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
    // What follows the last time slice is not known here: the supervisor reads it from /proc.
    if (to < until && to !== list.at(-1)?.to) say({ ...about, state: 'ready' }, to)
  }
}

/** A time slice, in microseconds: between the two times there was no gap in the clock. */
interface Turn {
  from: number
  to: number
}

interface Turns {
  list: Turn[]
  /** Reads the clock. @returns its time */
  look(): number
}

/** At least so many time slices are remembered, the last ones: those of about 20 seconds. */
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

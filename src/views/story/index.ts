/**
 * A whole run, or several that were merged, as what pictures are drawn from: who took part, which call held
 * whom, which message went from whom to whom, what was claimed on what evidence. It knows no picture.
 */
import type { CallFact, ClaimFact, Event, EvidenceFact, ProcessState, RunFact } from '../../events.js'
import { cleaned } from '../escape-control.js'
import { createCast } from './lanes.js'
import { type Arrow, type End, matchMessages } from './messages.js'
import { createCalls, createStates } from './spans.js'

/** A process or thread that took part. */
export interface Lane {
  /** Counts from 0, in the order of appearance. */
  index: number
  pid: number
  tid: number
  name: string
  kind: 'process' | 'thread'
  /** When it was first seen, or first spoke. */
  born: number
  /** Who started it, where that was told. */
  parent?: Lane
  /** When the kernel knew it no more, where its end was not told. */
  gone?: number
  /** When its end was told, and how that went. */
  end?: { t: number; code: number | null; signal: string | null }
}

/** A call that held its caller from `begin` to `end`. */
export interface Held {
  lane: Lane
  begin: number
  /** Where its end was not seen, that of its caller, or else of the story. */
  end: number
  first: CallFact
  /** Missing when its end was not seen. */
  last?: CallFact
}

/** A process or thread that stayed in a state for a while. */
export interface Stay {
  lane: Lane
  state: ProcessState
  from: number
  to: number
  source: string
}

export interface Claim extends ClaimFact {
  t: number
  lane: Lane
  /** What was said by the kernel since the claim before. */
  evidence: (Event & EvidenceFact)[]
}

/** One event with what it belongs to. */
export interface Step {
  event: Event
  lane: Lane
  /** The process it is about, where another one reports it: a child, or the process in `/proc`. */
  about?: Lane
  /** Of a call: the time that it takes; missing where it returned at once. */
  held?: Held
  /** Of a message: where it came from and went to. */
  arrow?: Arrow
}

/** A part of a longer run: a demo of the tour. */
export interface Chapter {
  t: number
  run: RunFact
}

export interface Story {
  /** In the order of their times. */
  steps: Step[]
  lanes: Lane[]
  holds: Held[]
  arrows: Arrow[]
  stays: Stay[]
  claims: Claim[]
  /** All runs; several when recordings were merged, or in the tour. */
  runs: (Event & RunFact)[]
  chapters: Chapter[]
  /** How many events are not part of it. */
  leftOut: number
  /** Times of the first and last event, in microseconds. */
  start: number
  end: number
}

/**
 * Tells the story of some events. They may come in any order; those of several boots one boot after the
 * other.
 *
 * @param whole false: without those that a view for people may leave out
 */
export function tellStory(recorded: readonly Event[], whole: boolean): Story {
  const told = whole ? recorded : recorded.filter(({ detail }) => !detail)
  const events = onOneClock(told.map(cleaned))
  const start = events[0]?.t ?? 0
  const end = events.at(-1)?.t ?? 0
  const cast = createCast()
  const calls = createCalls(end)
  const states = createStates(end)
  const claims = createClaims()
  const ends: End[] = []
  const runs: Story['runs'] = []
  const chapters: Chapter[] = []

  const steps = events.map((event): Step => {
    const lane = cast.speaker(event)
    const step: Step = { event, lane }
    switch (event.event) {
      case 'run':
        if (runs.some(({ pid }) => pid === event.pid)) chapters.push({ t: event.t, run: event })
        runs.push(event)
        break
      case 'started':
        step.about = cast.start(event, lane)
        break
      case 'exited':
        step.about = cast.exit(event)
        states.end(step.about, event.t)
        break
      case 'call': {
        const held = calls.take(event, lane)
        if (held) step.held = held
        break
      }
      case 'sent':
      case 'received':
        ends.push({ event, lane, chapter: chapters.length, step })
        break
      case 'tally':
        ends.push({ event, lane, chapter: chapters.length, step })
        break
      case 'state':
        step.about = cast.find(event.child, event)
        states.change(step.about, event)
        break
      case 'evidence': {
        const about = cast.findWitness(event.source)
        if (about) step.about = about
        claims.evidence(event)
        break
      }
      case 'claim':
        claims.claim(event, lane)
    }
    return step
  })
  const arrows = matchMessages(ends)
  return {
    steps,
    lanes: cast.lanes,
    holds: calls.holds(),
    arrows,
    stays: states.stays(),
    claims: claims.claims,
    runs,
    chapters,
    leftOut: recorded.length - told.length,
    start,
    end,
  }
}

/** Sorted by time. What another boot recorded has another clock: it goes on behind what came before. */
function onOneClock(events: Event[]): Event[] {
  let boot: string | undefined
  let shift = 0
  let latest = Number.NEGATIVE_INFINITY
  const placed = events.map((event) => {
    if (event.event === 'run') {
      if (boot !== undefined && boot !== event.boot) shift = latest - event.t
      boot = event.boot
    }
    const moved = shift === 0 ? event : { ...event, t: event.t + shift }
    if (shift !== 0 && moved.event === 'tally') moved.since += shift
    latest = Math.max(latest, moved.t)
    return moved
  })
  return placed.sort((one, other) => one.t - other.t)
}

/** The evidence that a run gave since its claim before is what its next claim rests on. */
function createClaims() {
  const claims: Claim[] = []
  const waiting = new Map<number, (Event & EvidenceFact)[]>()
  return {
    claims,
    evidence(event: Event & EvidenceFact): void {
      const list = waiting.get(event.pid)
      if (list) list.push(event)
      else waiting.set(event.pid, [event])
    },
    claim({ pid, t, event, id, text, holds }: Event & ClaimFact, lane: Lane): void {
      claims.push({ event, ...(id && { id }), text, holds, t, lane, evidence: waiting.get(pid) ?? [] })
      waiting.delete(pid)
    },
  }
}

/**
 * A whole run, or several merged ones, in the form from which pictures are drawn: the participants, the calls that
 * blocked them, the messages between them, the claims and their evidence. No code here depends on a kind of picture.
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
  /** The time of the first event by it or about it. */
  born: number
  /** The lane that started it, where that is recorded. */
  parent?: Lane
  /** When the kernel no longer listed it, where its exit is not recorded. */
  gone?: number
  /** When and how it exited, where that is recorded. */
  end?: { t: number; code: number | null; signal: string | null }
}

/** A call that blocked its caller from `begin` to `end`. */
export interface Held {
  lane: Lane
  begin: number
  /** When the return is not recorded: the exit of the caller, or else the end of the story. */
  end: number
  first: CallFact
  /** Missing when the return is not recorded. */
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
  /** The evidence since the previous claim. */
  evidence: (Event & EvidenceFact)[]
}

/** One event with what it belongs to. */
export interface Step {
  event: Event
  lane: Lane
  /** The process it is about, where another one reports it: a child, the receiver of a signal, or the process in `/proc`. */
  about?: Lane
  /** For a call: its span; missing when it returned at once. */
  held?: Held
  /** For a message: where it came from and went to. */
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
  /** The events marked as detail, where they are not among the steps. */
  details: Event[]
  /** Times of the first and last event, in microseconds. */
  start: number
  end: number
}

/**
 * Makes the story of some events. They may come in any order, but those of one boot must follow each other.
 *
 * @param whole false: without the events that are marked as detail
 */
export function tellStory(recorded: readonly Event[], whole: boolean): Story {
  const all = onOneClock(recorded.map(cleaned))
  const events = whole ? all : all.filter(({ detail }) => !detail)
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
      case 'signal':
        step.about = cast.find(event.to, event, event.name)
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
    details: whole ? [] : all.filter(({ detail }) => detail),
    start,
    end,
  }
}

/**
 * The stories of the chapters, or one story where there are none, with the events of detail apart. What is before the first
 * chapter belongs to none of them.
 */
export function tellChapters({ steps, chapters }: Story): Story[] {
  const begins = chapters.map(({ run }) => steps.findIndex(({ event }) => event === run))
  const parts = begins.length > 0 ? begins : [0]
  return parts.map((begin, at) => {
    const events = steps.slice(begin, parts[at + 1]).map(({ event }) => event)
    return tellStory(events, false)
  })
}

/** Sorts by time. Every boot has a clock of its own, so its events are moved behind those of the boot before. */
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

/** Gives each claim the evidence of its run since the previous claim. */
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
    claim({ pid, t, event, id, text, holds, row }: Event & ClaimFact, lane: Lane): void {
      const evidence = waiting.get(pid) ?? []
      claims.push({ event, ...(id && { id }), text, holds, ...(row && { row }), t, lane, evidence })
      waiting.delete(pid)
    },
  }
}

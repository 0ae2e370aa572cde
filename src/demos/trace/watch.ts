/** From the log of strace to the events and the report of a run. */
import { lstatSync } from 'node:fs'
import type { Event } from '../../events.js'
import { createFinder } from '../../findings/index.js'
import { mayPathBlock } from '../../proc/mounts.js'
import type { Stage } from '../../run/stage.js'
import { counted, duration } from '../../text.js'
import type { Fact } from '../../trace/line.js'
import { createModel, type Known, type Process, type Trace } from '../../trace/model.js'
import { createParser } from '../../trace/parse.js'
import { createRecorder } from '../../trace/recorder.js'
import { report } from './report.js'
import { lookAtBlocked, type Standing, tellStanding } from './standing.js'
import { type Topic, topicOf } from './topics.js'

/** So many processes at once are taken for a program that forks without end. */
export const mostAlive = 1000

export interface Options {
  /** Only what belongs to these topics. */
  only?: readonly Topic[] | undefined
  /** Whether a mistake that is proven makes the exit code 1. */
  failsOnFinding?: boolean | undefined
}

export interface Watcher {
  push(chunk: Buffer): void
  /** A process that runs already. @returns the process, with the descriptors that it has */
  adopt(known: Known, t: number): Process | undefined
  /** Whether a line has been understood. */
  hasSeen(): boolean
  /** The first process. */
  root(): Process | undefined
  alive(): Process[]
  /** What blocks each process now. */
  look(): Standing
  /**
   * Shows events and report. @returns whether a mistake is proven
   *
   * @param clock turns the times of strace, which are those of the wall clock, into those of events
   * @param end when the trace ended, as a time of strace; without it, at the last line
   * @param standing what blocked each process before
   */
  show(stage: Stage, clock: (t: number) => number, title: string, end?: number, standing?: Standing): boolean
}

/** @param isLive whether the program runs now, so that its files are where it has them */
export function createWatcher({ only }: Options, isLive: boolean): Watcher {
  const recorder = createRecorder()
  const finder = createFinder()
  const model = createModel({
    ...recorder.hooks,
    ...finder.hooks,
    ...(isLive && { isFifo }),
    onBlock(block) {
      recorder.hooks.onBlock?.(block)
      finder.hooks.onBlock?.(block)
    },
  })
  let root: Process | undefined
  let facts = 0
  const parser = createParser((fact: Fact) => {
    facts++
    model.take(fact)
  })
  return {
    push: parser.push,
    adopt(known, t) {
      model.adopt(known, t)
      return model.all()[0]
    },
    hasSeen: () => facts > 0,
    root: () => (root ??= model.all()[0]),
    alive: model.alive,
    look: () => lookAtBlocked(model.alive(), model.blocked(parser.pending())),
    show(stage, clock, title, end, standing) {
      parser.end()
      const trace = model.finish(end)
      const isKept = only ? (topic: Topic) => only.includes(topic) : () => true
      const events = recorder.events(trace, clock, (kept) => isKept(topicOf(kept)))
      const all = [...events, ...startupEvents(trace, clock)].sort((one, other) => one.t - other.t)
      for (const event of all) stage.relay(event)
      const findings = finder.finish(trace)
      if (standing) tellStanding(stage, standing, trace.end)
      report(stage, standing ? { ...trace, blocked: [] } : trace, {
        title,
        isKept,
        unreadable: parser.unreadable,
        findings,
      })
      return findings.some(({ certain }) => certain)
    },
  }
}

/** One note for each language stands for the calls of its starts. */
function startupEvents({ processes }: Trace, clock: (t: number) => number): Event[] {
  const all = processes.flatMap(({ pid, startups = [] }) => startups.map((one) => ({ pid, ...one })))
  const names = new Set(all.filter(({ isLanguage }) => isLanguage).map(({ program }) => program))
  return [...names].flatMap((name) => {
    const starts = all.filter(({ isLanguage, program }) => isLanguage && program === name)
    const [first] = starts
    if (!first) return []
    const { pid, program, t, until } = first
    const calls = starts.reduce((sum, each) => sum + each.calls, 0)
    const where = starts.length === 1 ? duration(until - t) : counted(starts.length, 'process', 'processes')
    const text = `${program} start-up: ${counted(calls, 'call')} in ${where}.`
    const data = { startup: program, calls, times: starts.length }
    return { v: 1, t: clock(until), pid, tid: pid, actor: program, event: 'note', role: 'step', text, data }
  })
}

/** A file system that does not answer could block osdemo forever. */
function isFifo(path: string): boolean {
  try {
    return !mayPathBlock(path) && lstatSync(path).isFIFO()
  } catch {
    return false
  }
}

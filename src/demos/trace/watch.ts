/** From the log of strace to the events and the report of a run. */
import { lstatSync } from 'node:fs'
import { createFinder } from '../../findings/index.js'
import { mayPathBlock } from '../../proc/mounts.js'
import type { Stage } from '../../run/stage.js'
import type { Fact } from '../../trace/line.js'
import { createModel, type Known, type Process } from '../../trace/model.js'
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
  const model = createModel({ ...recorder.hooks, ...finder.hooks, ...(isLive && { isFifo }) })
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
      for (const event of events) stage.relay(event)
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

/** A file system that does not answer could block osdemo forever. */
function isFifo(path: string): boolean {
  try {
    return !mayPathBlock(path) && lstatSync(path).isFIFO()
  } catch {
    return false
  }
}

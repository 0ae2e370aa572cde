/** What a demo works with: it speaks, starts actors, looks and claims. The supervisor (run.ts) makes one for each run. */
import { constants } from 'node:os'
import type { ProgramThatRunsAs } from '../actor-types.js'
import { DemoFailed, Interrupted, type OsdemoError } from '../errors.js'
import {
  type ClaimId,
  type Data,
  type NoteRole,
  now,
  type Region,
  type Say,
  type TableRow,
} from '../events.js'
import { type Actor, type ActorOf, type ActorSpec, type Ending, errorOf } from './actor.js'
import type { Sequencer } from './event-order.js'
import type { Output } from './output.js'
import type { Scope } from './scope.js'
import { leashWords, type Streams, startProcess } from './start-process.js'
import { type Program, startProgram } from './start-program.js'
import { startThread } from './start-thread.js'

export interface Stage {
  /** Speaks as the supervisor. */
  say: Say
  /** @param role `step` when left out */
  note(text: string, role?: NoteRole): void
  /**
   * Quotes the kernel.
   *
   * @param more `data` where the value is a number, a list or a record; `region` where it is about memory
   */
  evidence(source: string, value: string, about: string, more?: { data?: Data; region?: Region }): void
  /**
   * States what was shown, and gives `holds` back. One that does not hold makes the run exit 1.
   *
   * @param id names what is claimed, and never changes with the wording
   */
  claim(id: ClaimId, text: string, holds: boolean, row?: TableRow): boolean
  /** Starts a process; it dies with the run. When it fails or is killed by somebody else, the run fails. */
  start<P extends ProgramThatRunsAs<'process'>>(spec: ActorSpec<P>, streams?: Streams): Promise<ActorOf<P>>
  /** Starts a thread of this process; the same holds. */
  startThread<P extends ProgramThatRunsAs<'thread'>>(spec: ActorSpec<P>): Promise<ActorOf<P>>
  /** Starts a program that is none of ours; it dies with the run, and how else it ends is no failure. */
  startProgram(name: string, words: string[], onLine?: (line: string) => void): Promise<Program>
  /** Polls until `look` finds something (neither undefined nor false), at most `milliseconds`; then undefined. */
  poll<T>(look: () => T | undefined | false, milliseconds?: number): Promise<T | undefined>
  /**
   * Shows nothing of what happens while `work` goes on, and then all of it in order: for actors that tell afterwards what
   * they saw, with the times when they saw it.
   */
  gather<T>(work: () => Promise<T>): Promise<T>
  scope: Scope
  /** Resolves when the user asks a server to stop; only where the command said that it stops `gracefully`. */
  stopped: Promise<void>
}

export type Demo = (stage: Stage) => Promise<void>

/** What the supervisor gives to a stage. */
export interface Backstage {
  say: Say
  scope: Scope
  abort: (error: unknown) => void
  sequencer: Sequencer
  output: Output
  /** Resolves when the user asks a server to stop. */
  stopped: Promise<void>
  /** Whether the run has been aborted: the demo may still be playing, but nothing that it sees now means anything. */
  isOver(): boolean
  /** The signal that asked, once it did: the terminal may have sent it to an actor too. */
  stopSignal(): NodeJS.Signals | undefined
}

/** What became of a run, apart from what its demo throws. */
export interface Verdict {
  falseClaims: string[]
  /** The first error of an actor. */
  failure?: OsdemoError
}

/** How long an actor that has reported an error may take to end by itself, in milliseconds. */
const endPatience = 300

/** Makes a stage, and the verdict on what happens there. */
export function createStage(backstage: Backstage) {
  const { say, scope, abort, sequencer, output, stopped, stopSignal, isOver } = backstage
  const verdict: Verdict = { falseClaims: [] }
  /** Actors whose events wait until the view can take more. */
  const paused = new Set<{ resume(): void }>()

  let actors = 0

  /** @returns the actor as a demo has it: that the demo itself kills it is no failure */
  function adopt<Word>(actor: Actor<Word>, kind: 'process' | 'thread'): Actor<Word> {
    if (++actors === 2) sequencer.severalSpeak()
    const about = { child: actor.id, name: actor.name, kind }
    say({ event: 'started', ...about })
    let dismissed = false
    const kill = (signal?: NodeJS.Signals) => {
      // Who was only stopped for a while is still expected to do its part.
      dismissed ||= signal !== 'SIGSTOP' && signal !== 'SIGCONT'
      actor.kill(signal)
    }
    scope.defer(kill, () => actor.ended)
    actor.ended.then((ending) => {
      say({ event: 'exited', ...about, ...ending })
      const asked = ending.signal !== null && ending.signal === stopSignal()
      if (dismissed || asked || ending.code === 0) return
      verdict.failure ??= endedBadly(actor, ending)
      abort(verdict.failure)
    })
    return { ...actor, kill }
  }

  /** The run ends with an actor's error, but the actor may end by itself before: its story has its own exit code. */
  function fail(error: OsdemoError): void {
    verdict.failure ??= error
    setTimeout(() => abort(error), endPatience)
  }

  /** What is being started when the run is aborted is waited for, and then ended: it would outlive the run for a moment. */
  function holding<T>(start: () => Promise<T>): Promise<T> {
    mustGoOn()
    // Is setpriv tried when it is aborted, nothing is started any more.
    const starting = leashWords().then(mustGoOn).then(start)
    const letGo = scope.defer(
      () => {},
      () => starting,
    )
    return starting.finally(letGo)
  }

  /** Ends a demo that plays on after its run was aborted, at the next thing that it does. */
  function mustGoOn(): void {
    if (isOver()) throw new DemoFailed('the run is over')
  }

  const stage: Stage = {
    say,
    scope,
    stopped,
    note(text, role = 'step') {
      mustGoOn()
      say({ event: 'note', text, role })
    },
    evidence(source, value, about, more) {
      mustGoOn()
      say({ event: 'evidence', source, value, about, ...more })
    },
    claim(id, text, holds, row) {
      mustGoOn()
      say({ event: 'claim', id, text, holds, ...(row && { row }) })
      if (!holds) verdict.falseClaims.push(text)
      return holds
    },
    async start(spec, streams = {}) {
      return holding(async () => {
        const actor = await startProcess(spec, streams, (event) => {
          if (event.event === 'error') return fail(errorOf(event))
          sequencer.push(event)
          if (!output.full || paused.has(actor)) return
          actor.pause()
          paused.add(actor)
          output.onceDrained(() => {
            paused.delete(actor)
            actor.resume()
          })
        })
        return adopt(actor, 'process')
      })
    },
    async startThread(spec) {
      mustGoOn()
      return startThread(
        spec,
        (actor) => adopt(actor, 'thread'),
        (event) => {
          if (event.event === 'error') fail(errorOf(event))
          else sequencer.push(event)
        },
      )
    },
    async startProgram(name, words, onLine = () => {}) {
      return holding(async () => {
        const program = await startProgram(name, words, onLine)
        const about = { child: program.id, name, kind: 'process' } as const
        say({ event: 'started', ...about })
        const told = program.ended.then((ending) => say({ event: 'exited', ...about, ...ending }))
        scope.defer(program.kill, () => told)
        return program
      })
    },
    async gather(work) {
      const letOut = sequencer.hold()
      try {
        return await work()
      } finally {
        letOut()
      }
    },
    async poll(look, milliseconds = 20_000) {
      for (const end = now() + milliseconds * 1000; ; ) {
        mustGoOn()
        const found = look()
        if (found !== undefined && found !== false) return found
        if (now() > end) return undefined
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  }
  return { stage, verdict }
}

/** What an actor may die of while it boots: the terminal sends it to the whole group, and we hear of it a moment later. */
const terminalSignals: readonly (string | null)[] = ['SIGINT', 'SIGHUP', 'SIGQUIT']

function endedBadly(actor: Actor, { code, signal }: Ending): OsdemoError {
  if (signal && terminalSignals.includes(signal)) return new Interrupted(signal, constants.signals[signal])
  const how = signal ? `was killed by ${signal}` : `ended with exit code ${code}`
  return new DemoFailed(`the ${actor.name} (pid ${actor.id}) ${how}`, {
    hint: signal ? 'somebody else ended it; run the command again' : undefined,
  })
}

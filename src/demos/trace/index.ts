/** Runs a program under strace, and reports its processes, the objects between them, and what they sent to each other. */
import { createReadStream } from 'node:fs'
import { constants } from 'node:os'
import { basename } from 'node:path'
import { DemoFailed, OsdemoError, systemCallError, Unavailable } from '../../errors.js'
import { now } from '../../events.js'
import { callsOfFindings } from '../../findings/index.js'
import { isAlive, isInForeground } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import type { Ending } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { findTraced, ptraceHint, startTraced, straceFlags } from '../../run/start-traced.js'
import { thousands } from '../../text.js'
import { tracedCalls } from '../../trace/model.js'
import { named } from '../../trace/recorder.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { lookInSilence, type Standing } from './standing.js'
import { createWatcher, mostAlive, type Options, type Watcher } from './watch.js'

interface RunOptions extends Options {
  /** Whether strace stops at every system call, and not only at those that the report needs. */
  all: boolean
  /** Where the stdout of the program goes. */
  stdout: 1 | 2
}

/** After so many milliseconds a note says for which processes osdemo waits. */
const patience = 500

/** Runs a command, and reports when everything that it has started has exited. The exit code is that of the command. */
export function traceCommand(words: string[], { all, stdout, ...options }: RunOptions): Demo {
  return async (stage) => {
    const watcher = createWatcher(options, true)
    const title = basename(words[0] ?? '')
    const found = findTraced(words)
    if (found.isSetuid && process.geteuid?.() !== 0)
      stage.note(
        `${title} is a setuid program. Traced by this user, it runs without the rights of its owner.`,
        'aside',
        { setuid: title },
      )
    // The times of strace are those of the wall clock.
    const wall = () => (performance.timeOrigin + performance.now()) * 1000
    const shift = now() - wall()
    let isShown = false
    const show = (end?: number) => {
      if (isShown || !watcher.hasSeen()) return false
      isShown = true
      return watcher.show(stage, (t) => Math.max(0, Math.round(t + shift)), title, end, standing)
    }
    const silence = lookInSilence(watcher.look)
    stage.scope.defer(silence.stop)
    let standing: Standing | undefined
    let ending: Ending | undefined
    let refuse: (error: OsdemoError) => void = () => {}
    const flooded = new Promise<never>((_, reject) => {
      refuse = reject
    })
    flooded.catch(() => {})
    let isFlooded = false
    const log = await makePrivateFifo({ ...stage, say: () => {} }, 'trace')
    const program = await startTraced(found, {
      log,
      calls: all ? undefined : [...new Set([...tracedCalls, ...callsOfFindings])],
      stdout,
      onLog(chunk) {
        watcher.push(chunk)
        silence.heard()
        isFlooded ||= watcher.alive().length > mostAlive
        if (isFlooded) refuse(tooMany())
      },
    })
    // At --timeout and after a second Ctrl-C, the report shows where each process was.
    stage.scope.defer(
      () => {
        // When the first Ctrl-C has killed the program, what blocked it then is the answer.
        const isAnswered = standing !== undefined && (ending !== undefined || !isAlive(program.pid))
        if (!isShown && !isFlooded && !isAnswered) standing = silence.last()
        program.killAll()
        show(wall())
      },
      // Without a reader, strace would complain.
      () => program.logged,
    )
    void stage.stopped.then(async (signal) => {
      // The log may have lines that were not read yet.
      await new Promise((resolve) => setImmediate(resolve))
      standing = silence.last()
      if (ending) program.killAll()
      // The terminal has sent its own signal to the program as well.
      else if (signal !== 'SIGINT' || !isInForeground(process.pid)) program.signal(signal)
      if (!ending) remindLater(stage, () => !ending)
    })
    ending = await Promise.race([program.exited, flooded])
    const timer = setTimeout(() => tellRest(stage, title, watcher), patience)
    await Promise.race([program.logged, flooded]).finally(() => clearTimeout(timer))
    const refusal = whyNotStarted(watcher, words, ending)
    if (refusal) {
      isShown = true
      throw refusal
    }
    const code = ending.signal === null ? (ending.code ?? 0) : 128 + constants.signals[ending.signal]
    stage.exitWith(show() && options.failsOnFinding ? 1 : code)
  }
}

/** Reports about a log that strace has written elsewhere. */
export function traceLog(path: string, options: Options): Demo {
  return async (stage) => {
    const watcher = createWatcher(options, false)
    try {
      for await (const chunk of createReadStream(path)) {
        stage.signal.throwIfAborted()
        watcher.push(chunk)
      }
    } catch (error) {
      throw systemCallError(error, `cannot read ${path}`)
    }
    const begin = now()
    let start: number | undefined
    const clock = (t: number) => {
      // The log may be of another boot, so the run begins now.
      start ??= watcher.root()?.born ?? t
      return Math.max(0, Math.round(t - start + begin))
    }
    if (!watcher.root()) {
      throw new OsdemoError(`${path} is no log that osdemo can read`, 1, {
        hint: `Make one: strace ${straceFlags.join(' ')} -o strace.log COMMAND`,
      })
    }
    if (watcher.show(stage, clock, basename(path)) && options.failsOnFinding) stage.exitWith(1)
  }
}

/** Undefined where the program has been started. */
function whyNotStarted(
  watcher: Watcher,
  [command = '']: string[],
  { code, signal }: Ending,
): OsdemoError | undefined {
  // Ctrl-C may come before strace has begun.
  if (!watcher.hasSeen() && signal !== null) return undefined
  const tracer = readStatus(process.pid)?.tracer ?? 0
  const hint = `osdemo itself is traced by process ${tracer}, and a process has at most one tracer.`
  if (!watcher.hasSeen())
    return new Unavailable('strace could not trace the program', tracer > 0 ? hint : ptraceHint)
  const root = watcher.root()
  if (!root || root.executed || code === 0) return undefined
  return new OsdemoError(`cannot execute ${command}: it is no program for this machine`, 126, {
    hint: 'Use an ELF file for this processor, or a script whose first line is #!INTERPRETER.',
    call: 'execve',
  })
}

function tooMany(): DemoFailed {
  return new DemoFailed(`the program has more than ${thousands(mostAlive)} processes at once`, {
    hint: 'All of them were killed. Look for a loop that calls fork(2).',
  })
}

/** Says for which processes osdemo waits, when the program itself has exited. */
function tellRest(stage: Stage, title: string, watcher: Watcher): void {
  const alive = watcher.alive()
  if (alive.length === 0) return
  const names = alive.slice(0, 3).map(named).join(', ')
  const more = alive.length > 3 ? ` and ${thousands(alive.length - 3)} more` : ''
  stage.note(`${title} has exited. Still running: ${names}${more}. Ctrl-C ends them.`, 'next')
}

function remindLater(stage: Stage, isRunning: () => boolean): void {
  const timer = setTimeout(() => {
    if (isRunning() && !stage.signal.aborted)
      stage.note('The program still runs. Another Ctrl-C ends it.', 'next')
  }, 1000)
  timer.unref()
}

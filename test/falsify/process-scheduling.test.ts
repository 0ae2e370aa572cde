/** Claims of `process states`, `schedule` and `switch` that come out false. */
import { writeFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { processSchedule } from '../../src/demos/process/schedule.js'
import { processStates } from '../../src/demos/process/states.js'
import type { Event, Fact } from '../../src/events.js'
import { runHeld } from '../../src/ipc/ptrace.js'
import { pin, renice } from '../../src/ipc/scheduling.js'
import { allowedCpus } from '../../src/proc/sched.js'
import { readStat } from '../../src/proc/stat.js'
import { readPointers } from '../../src/proc/syscall.js'
import type { Demo } from '../../src/run/stage.js'
import { falsify, untilFailed } from '../support/falsify.js'
import { temporaryFolder } from '../support/folders.js'
import { meddled } from '../support/meddle.js'
import { newPlace, parseEvents } from '../support/osdemo.js'
import { perform } from '../support/perform.js'
import { editStat, procSays } from '../support/proc-says.js'
import { waitWhile } from '../support/until.js'

const cpus = allowedCpus(process.pid)
const [otherCpu = 0] = cpus

/** The same demo, whose SIGCONT does not arrive. */
function neverContinued(demo: Demo): Demo {
  return (stage) =>
    demo({
      ...stage,
      async start(spec, streams) {
        const actor = await stage.start(spec, streams)
        const kill = (signal?: NodeJS.Signals) => {
          if (signal !== 'SIGCONT') actor.kill(signal)
        }
        return Object.create(actor, { kill: { value: kill } })
      },
    })
}

/** The same demo. Another process kills the one that should exit. */
function killedAtItsEnd(demo: Demo): Demo {
  return (stage) =>
    demo({
      ...stage,
      async start(spec, streams) {
        const actor = await stage.start(spec, streams)
        const tell: typeof actor.tell = (word) =>
          word === 'end' ? void process.kill(actor.id, 'SIGKILL') : actor.tell(word)
        return Object.create(actor, { tell: { value: tell } })
      },
    })
}

/** The same demo. Each time that a child reports as running lasts 50 ms longer. */
function exaggerated(demo: Demo): Demo {
  return (stage) =>
    demo({
      ...stage,
      async start(spec, streams) {
        const actor = await stage.start(spec, streams)
        const longer = (event: Event) =>
          event.event === 'state' && event.state === 'ready' ? { ...event, t: event.t + 50_000 } : event
        return Object.create(actor, { events: { get: () => actor.events.map(longer) } })
      },
    })
}

describe.skipIf(cpus.length < 2)(`on ${cpus.length} CPUs (skipped with one)`, () => {
  falsify(
    [
      'scheduler/several-are-runnable-on-one-cpu',
      'process/idle-process-sleeps-in-kernel',
      'process/sigstop-stops-it',
      'process/sigcont-continues-it',
    ],
    'a child that others move to another CPU, stop, continue and stop, and a SIGCONT that does not arrive',
    async () => {
      let child = 0
      const disturb = (fact: Fact) => {
        if (fact.event === 'state' && fact.state === 'new') child = fact.child
        // The demo looks next in which call it waits.
        if (fact.event === 'state' && fact.state === 'waiting') process.kill(child, 'SIGSTOP')
        if (fact.event === 'claim' && fact.id === 'process/idle-process-sleeps-in-kernel') {
          process.kill(child, 'SIGCONT')
        }
        if (fact.event === 'state' && fact.state === 'stopped') process.kill(child, 'SIGCONT')
        // The kernel counts the time of a running process late. Of a stopped one it has counted all.
        if (fact.event === 'claim' && fact.id === 'process/sigstop-stops-it') {
          process.kill(child, 'SIGSTOP')
          waitWhile(() => readStat(child)?.state !== 'T')
        }
      }
      // The demo polls as soon as both children compute on one CPU.
      const move = () => {
        if (child > 0 && allowedCpus(child).length === 1) pin(child, [otherCpu])
      }
      const { events } = await perform(neverContinued(meddled(processStates, disturb, move)))
      return events
    },
  )
})

falsify(
  ['scheduler/turns-do-not-overlap', 'scheduler/weights-predict-shares'],
  'children that report to have run too long, and one whose nice value is changed',
  async () => {
    const own = Math.max(0, getPriority())
    let slowed = 0
    const disturb = (fact: Fact) => {
      if (fact.event === 'started') slowed = fact.child
    }
    const demo = exaggerated(processSchedule({ nice: [own, own], sample: 10 }))
    // On a loaded machine the children get less CPU time, and a sample may contain no turn of one of them. So each try is longer.
    let patience = 750
    const play = async () => {
      patience *= 2
      return (await perform(meddled(demo, disturb, () => renice(slowed, 19), patience))).events
    }
    return untilFailed(['scheduler/turns-do-not-overlap', 'scheduler/weights-predict-shares'], play, 4)
  },
)

falsify(
  [
    'process/new-child-is-known-to-kernel',
    'process/new-process-is-ready-first',
    'process/state-r-means-running-or-ready',
    'scheduler/one-cpu-runs-one-at-a-time',
    'zombie/killed-process-becomes-one',
    'zombie/is-gone-when-reaped',
  ],
  'a kernel that names another parent, counts too much CPU time, no time as ready and no turns, and keeps the dead',
  async () => {
    const last = new Map<string, string>()
    let reads = 0
    procSays(/^\/proc\/\d+\/stat$/, (text, path) => {
      if (text !== undefined) last.set(path, editStat(text, { 4: () => '1' }))
      return last.get(path)
    })
    procSays(/^\/proc\/\d+\/schedstat$/, (text) => text && `${++reads * 1e10} 0 7\n`)
    procSays(/^\/proc\/\d+\/status$/, (text) => text && `${text}VmRSS:\t4 kB\n`)
    const { events } = await perform(meddled(processStates))
    return events
  },
)

falsify(
  [
    'process/new-has-executed-nothing',
    'process/woken-process-is-ready-first',
    'process/exit-terminates-it',
    'scheduler/several-are-runnable-on-one-cpu',
  ],
  'a new child that continues too early, a kernel that shows no process as ready, and a kill instead of an exit',
  async () => {
    procSays(
      /^\/proc\/\d+\/stat$/,
      (text) => text && editStat(text, { 3: (letter) => letter.replace('R', 'S') }),
    )
    const runHeldEarly = (fact: Fact) => {
      if (fact.event !== 'state' || fact.state !== 'new') return
      runHeld(fact.child)
      const first = readPointers(fact.child)?.program
      waitWhile(() => readPointers(fact.child)?.program === first)
    }
    const { events } = await perform(killedAtItsEnd(meddled(processStates, runHeldEarly)))
    return events
  },
)

/**
 * Actors that do otherwise than they say: the sleeper does not sleep, the busy process sleeps all the time, and the first of the
 * two passers does not wait for its byte.
 */
const liars = `
const fs = require('node:fs')
const wait = Atomics.wait
const cell = new Int32Array(new SharedArrayBuffer(4))
if (process.argv[1]?.endsWith('busy.cjs')) {
  Atomics.wait = () => 'timed-out'
  // It looks at this clock all the time, while it computes.
  const clock = process.hrtime.bigint
  let awake = clock()
  let looks = 0
  process.hrtime.bigint = () => {
    // It computes for long enough to be preempted, and then sleeps more often than that.
    if (++looks % 100 === 0 && clock() - awake > 3_000_000n) {
      for (let i = 0; i < 40; i++) wait(cell, 0, 0, 0.05)
      awake = clock()
    }
    return clock()
  }
}
if (process.argv[1]?.endsWith('passer.cjs')) {
  const { openSync, readSync } = fs
  let measures = false
  fs.openSync = (path, flags, ...more) => {
    measures ||= flags === fs.constants.O_RDWR
    return openSync(path, flags, ...more)
  }
  fs.readSync = (fd, bytes, ...more) =>
    measures && bytes.length === 1 ? 1 : readSync(fd, bytes, ...more)
}
`

falsify(
  [
    'scheduler/waiting-switches-voluntarily',
    'scheduler/computing-is-preempted',
    'scheduler/round-trip-takes-a-switch-each',
  ],
  'a sleeper that does not sleep, a busy process that does, and a round trip that does not wait',
  async () => {
    const file = join(temporaryFolder(), 'liars.cjs')
    writeFileSync(file, liars)
    const play = async () => {
      const run = newPlace().osdemo(['process', 'switch', '--json'], {
        env: { NODE_OPTIONS: `--require=${file}` },
      })
      await run.exit
      return parseEvents(run.stdout())
    }
    // On a loaded machine the process may be preempted ten times before it sleeps for the first time.
    return untilFailed(['scheduler/computing-is-preempted'], play)
  },
)

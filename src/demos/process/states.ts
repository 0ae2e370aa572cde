/** A child is driven through every state that the kernel has for it: new, ready, running, waiting, stopped, zombie, gone. */
import { setTimeout as sleep } from 'node:timers/promises'
import { now, type ProcessState } from '../../events.js'
import { readStat } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import { readWchan } from '../../proc/task.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { seeWait } from '../shared/claim-waiting.js'
import {
  type BusyChild,
  between,
  compute,
  countAll,
  dismiss,
  inMilliseconds,
  release,
  report,
  requireScheduler,
  startBusy,
} from './busy-children.js'

/** How long a state is held so that one can see it, in milliseconds. */
const beat = 100

/** How long a state is waited for, in milliseconds: a process must get the CPU to stop, to wait and to end. */
const patience = 20_000

export const processStates: Demo = async (stage) => {
  const cpus = requireScheduler('process states')
  const child = await beNew(stage)
  const [rival] = await startBusy(stage, ['rival'])
  await showReady(stage, child, rival, cpus)
  await dismiss([rival])
  await showWaiting(stage, child)
  await showStopped(stage, child)
  await showRunning(stage, child)
  await showEnd(stage, child)
}

/** Says what state a child is in, as the kernel has it now. */
function sayState(stage: Stage, { id }: Actor, state: ProcessState): void {
  const kernel = readStat(id)?.state ?? ''
  stage.say({ event: 'state', child: id, state, kernel, source: `/proc/${id}/stat` })
}

/** Waits until the kernel has a child in a state, and says so. */
async function seeState(stage: Stage, child: Actor, state: ProcessState, letter: string): Promise<boolean> {
  const seen = await stage.poll(() => readStat(child.id)?.state === letter, patience)
  if (seen) sayState(stage, child, state)
  return seen ?? false
}

async function beNew(stage: Stage): Promise<BusyChild> {
  const [child] = await startBusy(stage, ['child'])
  const stat = readStat(child.id)
  sayState(stage, child, 'new')
  const source = `/proc/${child.id}/stat`
  const startTicks = stat?.startTicks ?? null
  stage.evidence(source, `${startTicks}`, 'clock ticks from boot to the start of the child', {
    data: { startTicks },
  })
  stage.claim(
    'process/new-child-is-known-to-kernel',
    'it is new: the kernel has a process of that number, a child of osdemo, and knows when it was made',
    stat?.ppid === process.pid && stat.startTicks >= readStat(process.pid)!.startTicks,
  )
  stage.note(
    'The kernel has no letter for new: what was made is ready at once. It still loads its program.',
    'aside',
  )
  return child
}

/** Two compute on one CPU: both are in state R, and each knows from its clock when it really had the CPU. */
async function showReady(stage: Stage, child: BusyChild, rival: BusyChild, cpus: number[]): Promise<void> {
  const cpu = cpus.at(-1)!
  stage.note(`child and rival are to compute without a pause, on CPU ${cpu} alone`)
  const both = [child, rival]
  const { letters, seen, sums } = await stage.holdEvents(async () => {
    const since = now()
    await compute([child], cpu)
    await sleep(beat)
    await compute([rival], cpu)
    const before = countAll(both)
    const letters = await stage.poll(() => bothRunnable(child, rival))
    const look = () => countAll(both).map((count, index) => between(before[index]!, count))
    const seen = await stage.poll(() => look().every(({ delay }) => delay > beat * 4e5))
    const sums = look()
    await report(both, since, Number.MAX_SAFE_INTEGER)
    return { letters, seen, sums }
  })
  release(both, cpus)
  for (const one of both) await seeState(stage, one, 'waiting', 'S')
  both.forEach(({ id, name }, index) => {
    const { run, delay } = sums[index]!
    stage.evidence(
      `/proc/${id}/schedstat`,
      `running ${inMilliseconds(run)}, ready ${inMilliseconds(delay)}`,
      name,
      { data: { runNs: run, delayNs: delay } },
    )
  })
  stage.claim(
    'scheduler/several-are-runnable-on-one-cpu',
    'while two want one CPU, the kernel has both in state R at the same time',
    letters !== undefined,
  )
  if (seen) {
    stage.claim(
      'process/state-r-means-running-or-ready',
      'R means running or ready: each of them was ready for a part of that time, and did not run',
      sums.every(({ delay }) => delay > 0),
    )
  } else {
    stage.note('cannot be seen here: how long each was ready, for others had the CPU all the time', 'aside')
  }
  const wall = Math.max(...sums.map(({ t }) => t)) * 1000
  const ran = sums.reduce((sum, { run }) => sum + run, 0)
  stage.claim(
    'scheduler/one-cpu-runs-one-at-a-time',
    `both together ran for ${inMilliseconds(ran)} of ${inMilliseconds(wall)}: one CPU runs one at a time`,
    ran <= wall + 20e6,
  )
}

/** The letters of both at one moment: the child is seen before and after the rival. */
function bothRunnable(child: Actor, rival: Actor): true | undefined {
  const letters = [child, rival, child].map(({ id }) => readStat(id)?.state)
  return letters.every((letter) => letter === 'R') || undefined
}

async function showWaiting(stage: Stage, child: Actor): Promise<void> {
  await seeWait(stage, {
    pid: child.id,
    tid: child.id,
    calls: ['epoll_wait', 'epoll_pwait'],
    id: 'process/idle-process-sleeps-in-kernel',
    claim: 'with nothing to do it is waiting: it sleeps in the kernel until somebody tells it a word',
  })
  await sleep(beat)
}

async function showStopped(stage: Stage, child: BusyChild): Promise<void> {
  child.kill('SIGSTOP')
  const stopped = await seeState(stage, child, 'stopped', 'T')
  const wchan = readWchan(child.id, child.id)
  if (wchan) stage.evidence(`/proc/${child.id}/wchan`, wchan, 'where in the kernel it is kept')
  const before = countAll([child])[0]!
  child.tell('compute')
  await sleep(beat)
  const { run } = between(before, countAll([child])[0]!)
  stage.evidence(
    `/proc/${child.id}/schedstat`,
    inMilliseconds(run),
    'how long it ran, now that it has been told to compute',
    { data: { runNs: run } },
  )
  stage.claim(
    'process/sigstop-stops-it',
    'SIGSTOP stops it: it has something to do, and does not run',
    stopped && readStat(child.id)?.state === 'T' && run < 1e6,
  )
}

async function showRunning(stage: Stage, child: Actor): Promise<void> {
  const before = countAll([child])[0]!
  const sent = now()
  child.kill('SIGCONT')
  await child.until('call', ({ phase, t }) => phase === 'begin' && t > sent)
  const run = await stage.poll(() => {
    const { run } = between(before, countAll([child])[0]!)
    return run > 1e6 && run
  }, patience)
  if (run !== undefined) sayState(stage, child, 'running')
  stage.claim('process/sigcont-continues-it', 'SIGCONT lets it go on: now it runs', run !== undefined)
  await sleep(beat)
}

/** The end has two steps: a zombie is a process that has ended and that its parent has not waited for yet. */
async function showEnd(stage: Stage, child: Actor): Promise<void> {
  // Whoever ended it before us ends this run: then nothing is found here.
  const begun = await stage.poll(() => readStat(child.id)?.startTicks)
  child.kill('SIGKILL')
  if (seenAsZombie(child)) {
    sayState(stage, child, 'zombie')
    stage.claim(
      'zombie/killed-process-becomes-one',
      'killed, it is a zombie: it has ended and has no memory any more, but its parent has not waited for it',
      readStatus(child.id)?.rss === undefined,
    )
  } else {
    stage.note('cannot be seen here: that it is a zombie, since it took too long to end', 'aside')
  }
  await child.ended
  const stat = readStat(child.id)
  stage.say({ event: 'state', child: child.id, state: 'gone', kernel: '', source: `/proc/${child.id}` })
  stage.claim(
    'zombie/is-gone-when-reaped',
    'its parent has waited for it, and it is gone',
    stat?.startTicks !== begun,
  )
}

/** Node waits for its children whenever its event loop turns. So for once the supervisor waits without turning it, for a second at most. */
function seenAsZombie({ id }: Actor): boolean {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  for (const end = now() + 1_000_000; now() < end; Atomics.wait(cell, 0, 0, 1)) {
    if (readStat(id)?.state === 'Z') return true
  }
  return false
}

/** A child goes through every state of a process: new, ready, running, waiting, stopped, zombie, gone. */
import { setTimeout as sleep } from 'node:timers/promises'
import { now } from '../../events.js'
import { readStat } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import { readWchan } from '../../proc/task.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { seeWait } from '../shared/claim-waiting.js'
import {
  type BusyChild,
  between,
  countOf,
  dismiss,
  inMilliseconds,
  requireScheduler,
  startBusy,
} from './busy-children.js'
import { patience, sayState, seeState } from './see-state.js'
import { beat, showReady } from './show-ready.js'

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
    // requireScheduler has checked that /proc shows our processes, so osdemo itself is there.
    stat?.ppid === process.pid && stat.startTicks >= readStat(process.pid)!.startTicks,
  )
  stage.note(
    'The kernel has no letter for new: what was made is ready at once. It still loads its program.',
    'aside',
  )
  return child
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
  const before = countOf(child)
  child.tell('compute')
  await sleep(beat)
  const { run } = between(before, countOf(child))
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
  const before = countOf(child)
  const sent = now()
  child.kill('SIGCONT')
  await child.until('call', ({ phase, t }) => phase === 'begin' && t > sent)
  const run = await stage.poll(() => {
    const { run } = between(before, countOf(child))
    return run > 1e6 && run
  }, patience)
  if (run !== undefined) sayState(stage, child, 'running')
  stage.claim('process/sigcont-continues-it', 'SIGCONT lets it go on: now it runs', run !== undefined)
  await sleep(beat)
}

/** A child exits in two steps: it is a zombie until its parent has reaped it. */
async function showEnd(stage: Stage, child: Actor): Promise<void> {
  // When somebody else has killed the child, the poll throws: the death of the child ends this run.
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

/** Blocks the event loop for at most a second: Node would reap the child as soon as the loop turns. */
function seenAsZombie({ id }: Actor): boolean {
  const cell = new Int32Array(new SharedArrayBuffer(4))
  for (const end = now() + 1_000_000; now() < end; Atomics.wait(cell, 0, 0, 1)) {
    if (readStat(id)?.state === 'Z') return true
  }
  return false
}

/** A child passes through every state of a process: new, ready, running, waiting, stopped, zombie, gone. */
import { now } from '../../events.js'
import { blockUntil } from '../../ipc/block-until.js'
import { readStat, readWaitStatus } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import { readWchan } from '../../proc/task.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { seeWait } from '../shared/claim-waiting.js'
import { beNew } from './be-new.js'
import {
  type BusyChild,
  between,
  busyCpu,
  compute,
  countOf,
  inMilliseconds,
  requireScheduler,
  startBusy,
  tellAndWait,
} from './busy-children.js'
import { patience, sayState, seeState } from './see-state.js'
import { beat, showReady } from './show-ready.js'

export const processStates: Demo = async (stage) => {
  const cpus = requireScheduler('process states')
  stage.note(
    'A process uses a CPU in only one of its states: running. ' +
      'Watch one child pass through all of them: new, ready, running, waiting, stopped, zombie.',
    'opening',
  )
  const [other] = await startBusy(stage, ['other'])
  await compute([other], busyCpu(cpus))
  sayState(stage, other, 'running')
  const child = await beNew(stage, busyCpu(cpus), cpus)
  await showWaiting(stage, child)
  await showReady(stage, child, other, cpus)
  await showExit(stage, other)
  const told = await showStopped(stage, child)
  await showRunning(stage, child, told)
  await showEnd(stage, child)
  stage.note(
    'The scheduler moves a process between ready and running. A system call can block it. ' +
      'Signals stop, continue or kill it.',
    'closing',
  )
  stage.note('Next: `osdemo process schedule` shows how the scheduler divides one CPU.', 'next')
}

async function showWaiting(stage: Stage, child: BusyChild): Promise<void> {
  child.tell('here')
  await child.until('note')
  await seeState(stage, child, 'waiting', 'S')
  await seeWait(stage, {
    pid: child.id,
    tid: child.id,
    calls: ['epoll_wait', 'epoll_pwait'],
    id: 'process/idle-process-sleeps-in-kernel',
    claim: 'A process with nothing to do is waiting: the child is blocked in the kernel until input arrives.',
  })
  await stage.pause(beat)
}

/** The other process exits by itself while it is running. */
async function showExit(stage: Stage, other: BusyChild): Promise<void> {
  await tellAndWait(other, 'compute', 'begin')
  sayState(stage, other, 'running')
  await stage.pause(beat)
  other.tell('end')
  if (seenAsZombie(other)) {
    sayState(stage, other, 'zombie')
    const status = readWaitStatus(other.id) ?? null
    stage.evidence(
      `/proc/${other.id}/stat`,
      `${status}`,
      'field 52: the status for its parent, exit code 0',
      {
        data: { status },
      },
    )
    stage.claim(
      'process/exit-terminates-it',
      `A running process terminates when it calls exit(2): pid ${other.id} keeps only its exit code, 0.`,
      status === 0,
    )
  } else {
    stage.note('Not observed: the other process as a zombie, because it did not exit within 1 s.', 'aside')
  }
  await other.ended
}

/** @returns when the child was told to compute, in microseconds of the event clock */
async function showStopped(stage: Stage, child: BusyChild): Promise<number> {
  child.kill('SIGSTOP')
  const stopped = await seeState(stage, child, 'stopped', 'T')
  const wchan = readWchan(child.id, child.id)
  if (wchan) stage.evidence(`/proc/${child.id}/wchan`, wchan, 'the kernel function that stops it')
  const before = countOf(child)
  stage.note('The child is stopped. osdemo sends it the command to compute.')
  const told = now()
  child.tell('compute')
  await stage.pause(beat)
  const { run } = between(before, countOf(child))
  stage.evidence(`/proc/${child.id}/schedstat`, `running +${inMilliseconds(run)}`, 'since the command', {
    data: { runNs: run },
  })
  stage.claim(
    'process/sigstop-stops-it',
    `SIGSTOP stops a process even when it has work to do: the child ran for ${inMilliseconds(run)}.`,
    stopped && readStat(child.id)?.state === 'T' && run < 1e6,
  )
  return told
}

/** The child computes when it has read its command, and the kernel counts that it is running. */
async function showRunning(stage: Stage, child: Actor, told: number): Promise<void> {
  const before = countOf(child)
  child.kill('SIGCONT')
  const computes = await stage.poll(
    () =>
      child.events.some((event) => event.event === 'call' && event.phase === 'begin' && event.t >= told) &&
      between(before, countOf(child)).run > 1e6,
    patience,
  )
  if (computes) sayState(stage, child, 'running')
  stage.claim(
    'process/sigcont-continues-it',
    'SIGCONT continues a stopped process: the child is computing now.',
    computes === true,
  )
  await stage.pause(beat)
}

/** A child exits in two steps: it is a zombie until its parent has reaped it. */
async function showEnd(stage: Stage, child: Actor): Promise<void> {
  // If another process has killed the child, the poll throws, because the death of an actor fails the stage.
  const begun = await stage.poll(() => readStat(child.id)?.startTicks)
  child.kill('SIGKILL')
  if (seenAsZombie(child)) {
    sayState(stage, child, 'zombie')
    stage.claim(
      'zombie/killed-process-becomes-one',
      `A process that is killed is a zombie until its parent reaps it: pid ${child.id} has no memory left.`,
      readStatus(child.id)?.rss === undefined,
    )
  } else {
    stage.note('Not observed: the child as a zombie, because it did not exit within 1 s.', 'aside')
  }
  await child.ended
  const stat = readStat(child.id)
  stage.say({ event: 'state', child: child.id, state: 'gone', kernel: '', source: `/proc/${child.id}` })
  stage.claim(
    'zombie/is-gone-when-reaped',
    `Reaping removes a zombie: pid ${child.id} no longer exists.`,
    stat?.startTicks !== begun,
  )
}

/** Blocks the event loop for at most a second, because Node reaps the child at the next turn of the loop. */
function seenAsZombie({ id }: Actor): boolean {
  return blockUntil(() => readStat(id)?.state === 'Z') === true
}

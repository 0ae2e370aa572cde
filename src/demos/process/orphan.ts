/** An orphan: a process whose parent has died. It continues, and another process adopts it. */
import { DemoFailed } from '../../errors.js'
import { readLineage } from '../../proc/family.js'
import { isAlive, readStat, type Stat } from '../../proc/stat.js'
import { quoteStatus } from '../../proc/status.js'
import type { Demo, Stage } from '../../run/stage.js'
import { requireProc } from '../shared/require-proc.js'
import { type Shell, startShell } from '../shared/shell.js'
import { named, seeReaped } from './reaper.js'
import { sendSignal } from './send-signal.js'
import { readAgain, showState } from './show-state.js'

/** The child copies its input. It reads a pipe from osdemo, so it exits when osdemo exits or is killed. */
const script = `
cat <&3 &
echo $!
wait`

/** @param patience how long the demo waits until the adopter reaps the orphan, in milliseconds */
export function processOrphan(patience = 3000): Demo {
  return async (stage) => {
    requireProc('process orphan')
    stage.note(
      'A child whose parent dies is an orphan: it continues, and another process adopts it. ' +
        'Watch its PPid, the pid of its parent.',
      'opening',
    )
    const parent = await startShell(stage, 'parent', script)
    const pid = Number(await parent.line())
    const parentOf = readStat(pid)?.ppid
    stage.say({
      event: 'started',
      child: pid,
      name: 'child',
      kind: 'process',
      ...(parentOf !== undefined && { parent: parentOf }),
    })
    const answered = await ask(stage, parent, pid, 'hello')
    const child = readStat(pid)
    if (!answered || !child) {
      throw new DemoFailed(`the child (pid ${pid}) does not answer`, { hint: 'Run the demo again.' })
    }
    const { members, missing } = readLineage(parent.id)
    showParent(stage, child, 'the parent')
    stage.claim(
      'process/parent-is-who-started-it',
      `The parent of a process is the one that started it: the PPid of ${pid} is ${child.ppid}.`,
      child.ppid === parent.id,
    )

    sendSignal(stage, parent, 'SIGKILL')
    stage.note('The parent is killed by SIGKILL. The child receives no signal.')
    // The kernel reparents the children of a dying process before that process can be reaped.
    await parent.ended
    const orphan = showState(stage, child)
    if (!orphan) {
      throw new DemoFailed(`the child (pid ${pid}) died with its parent`, { hint: 'Run the demo again.' })
    }
    const adopter = named(orphan.ppid)
    showParent(stage, orphan, 'the new parent')
    stage.claim(
      'orphan/is-adopted',
      `When a parent dies, its child is adopted: ${adopter} is the parent of ${pid} now.`,
      orphan.ppid !== child.ppid,
    )
    showAdopter(stage, orphan.ppid, members.slice(1), missing)
    stage.claim(
      'orphan/continues',
      `An orphan continues when its parent has died: pid ${pid} still answers.`,
      await ask(stage, parent, pid, 'still here?'),
    )

    sendSignal(stage, { id: pid, name: 'child' }, 'SIGTERM')
    stage.note('No other process would terminate the orphan, so osdemo sends SIGTERM to it.')
    await stage.poll(() => [undefined, 'Z'].includes(readAgain(orphan)?.state))
    const ended = showState(stage, orphan)
    stage.claim(
      'orphan/can-be-terminated',
      `SIGTERM terminates an orphan like any other process: pid ${pid} no longer runs.`,
      ended === undefined || ended.state === 'Z',
    )
    await seeReaped(stage, orphan, adopter, patience)
    stage.note(
      'An orphan has a new parent: the nearest subreaper above it, or pid 1. ' +
        'When the orphan exits, that parent has to reap it. ' +
        'Servers are often started like this: the parent exits on purpose, and the server continues.',
      'closing',
    )
    stage.note('Next: `osdemo process tree` shows the ancestors of a process, up to pid 1.', 'next')
  }
}

function showParent(stage: Stage, { pid, ppid }: Stat, about: string): void {
  const quoted = quoteStatus(pid, 'PPid') ?? `PPid: ${ppid}`
  stage.evidence(`/proc/${pid}/status`, quoted, about, {
    data: { ppid, parent: readStat(ppid)?.comm ?? null },
  })
}

/**
 * @param ancestors those of the dead parent, as far as they could be seen
 * @param missing the pid of the first ancestor that could not be seen; 0 where all were
 */
function showAdopter(stage: Stage, pid: number, ancestors: Stat[], missing: number): void {
  const pids = ancestors.map((one) => one.pid)
  stage.evidence('PPid in /proc/PID/status', pids.join(', '), 'ancestors of the dead parent', {
    data: ancestors.map(({ pid, ppid, comm }) => ({ pid, ppid, comm })),
  })
  const found = ancestors.find((one) => one.pid === pid)
  if (!found && missing !== 0) {
    stage.note(
      `Not observed: whether the adopter is an ancestor of the dead parent, because /proc hides pid ${missing}.`,
      'aside',
    )
  } else {
    const alive = found !== undefined && isAlive(pid, found.startTicks)
    stage.claim(
      'orphan/adopter-is-an-ancestor',
      `The adopter is a living ancestor of the dead parent: pid ${pid}.`,
      alive,
    )
  }
  if (pid !== process.pid) {
    stage.note(
      `The grandparent, osdemo (pid ${process.pid}), does not adopt the orphan, because it is not a subreaper.`,
      'aside',
    )
  }
  if (pid !== 1) {
    stage.note(
      `The adopter, ${named(pid)}, is a subreaper (prctl(2), PR_SET_CHILD_SUBREAPER). ` +
        'The nearest subreaper adopts, and not pid 1.',
      'aside',
    )
  }
}

/** Whether the child echoes a line. */
async function ask(stage: Stage, parent: Shell, pid: number, line: string): Promise<boolean> {
  parent.tell(line)
  const answer = await parent.line()
  stage.evidence(`stdout of pid ${pid}`, answer, `the answer to "${line}"`)
  return answer === line
}

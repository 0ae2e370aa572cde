/** A process whose parent dies: who adopts it, and that it goes on all the same. */
import { DemoFailed } from '../../errors.js'
import { readLineage } from '../../proc/family.js'
import { isAlive, readStat, type Stat } from '../../proc/stat.js'
import type { Demo, Stage } from '../../run/stage.js'
import { requireProc } from '../shared/require-proc.js'
import { type Shell, startShell } from '../shared/shell.js'
import { named, seeReaped } from './reaper.js'
import { readAgain, showState } from './show-state.js'

/** The child copies what it reads, and reads our pipe: it ends when we do, however that comes about. */
const script = `
cat <&3 &
echo $!
wait`

/** @param patience how long the ended orphan is watched until its adopter reaps it, in milliseconds */
export function processOrphan(patience = 3000): Demo {
  return async (stage) => {
    requireProc('process orphan')
    const parent = await startShell(stage, 'parent', script)
    const pid = Number(await parent.line())
    stage.say({ event: 'started', child: pid, name: 'child', kind: 'process' })
    const answered = await ask(stage, parent, 'hello')
    const child = readStat(pid)
    if (!answered || !child)
      throw new DemoFailed(`the child ${pid} does not answer`, { hint: 'run it again' })
    const { members, missing } = readLineage(parent.id)
    stage.evidence(`/proc/${pid}/stat`, `${child.ppid}`, `the parent of ${pid}`, { data: child.ppid })
    stage.claim(
      'process/parent-is-who-started-it',
      'its parent is the process that started it',
      child.ppid === parent.id,
    )

    process.kill(parent.id, 'SIGKILL')
    stage.note('the parent is killed, and nobody tells the child')
    // The kernel gives the children away before the parent itself can be waited for.
    await parent.ended
    const orphan = showState(stage, child)
    if (!orphan) throw new DemoFailed(`the child ${pid} died with its parent`, { hint: 'run it again' })
    const adopter = named(orphan.ppid)
    stage.evidence(`/proc/${pid}/stat`, `${orphan.ppid}`, `the parent of ${pid} now`, { data: orphan.ppid })
    stage.claim(
      'orphan/is-adopted',
      `the parent changed: ${adopter} has adopted the orphan`,
      orphan.ppid !== parent.id,
    )
    showAdopter(stage, orphan.ppid, members.slice(1), missing)
    stage.claim(
      'orphan/continues',
      'the orphan goes on as if nothing had happened: it answers',
      await ask(stage, parent, 'still here?'),
    )

    process.kill(pid, 'SIGTERM')
    stage.note('osdemo ends the orphan with SIGTERM: nobody else would')
    await stage.poll(() => [undefined, 'Z'].includes(readAgain(orphan)?.state))
    const ended = showState(stage, orphan)
    stage.claim(
      'orphan/can-be-terminated',
      'the orphan has ended',
      ended === undefined || ended.state === 'Z',
    )
    await seeReaped(stage, orphan, adopter, patience)
  }
}

/** @param ancestors those of the dead parent, as far as they could be seen @param missing where they could not, else 0 */
function showAdopter(stage: Stage, pid: number, ancestors: Stat[], missing: number): void {
  const pids = ancestors.map((one) => one.pid)
  stage.evidence('the PPid in /proc/PID/stat', pids.join(', '), 'the ancestors of the dead parent', {
    data: pids,
  })
  const found = ancestors.find((one) => one.pid === pid)
  if (!found && missing !== 0) {
    stage.note(
      `cannot be seen here, since /proc hides ${missing}: that the adopter is an ancestor of the dead parent`,
      'aside',
    )
  } else {
    const alive = found !== undefined && isAlive(pid, found.startTicks)
    stage.claim(
      'orphan/adopter-is-an-ancestor',
      'the adopter is alive, and an ancestor of the dead parent',
      alive,
    )
  }
  if (pid !== process.pid) stage.note(`its grandparent, osdemo (${process.pid}), is not asked`, 'aside')
  if (pid !== 1) {
    stage.note(
      `${named(pid)} is a subreaper (PR_SET_CHILD_SUBREAPER of prctl(2)): the nearest one above adopts, not pid 1`,
      'aside',
    )
  }
}

/** Whether the child repeats a word. */
async function ask(stage: Stage, parent: Shell, word: string): Promise<boolean> {
  parent.tell(word)
  const answer = await parent.line()
  stage.evidence('its stdout', answer, `what the child answers to "${word}"`)
  return answer === word
}

/** A process that has ended and that nobody has waited for: what is left of it, what does not help, and what does. */
import { DemoFailed } from '../../errors.js'
import type { ClaimId } from '../../events.js'
import { readCommandLine } from '../../proc/cmdline.js'
import { openFiles } from '../../proc/fds.js'
import { canBeAddressed, readStat, readWaitStatus, type Stat } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import type { Demo, Stage } from '../../run/stage.js'
import { requireProc } from '../shared/require-proc.js'
import { startShell } from '../shared/shell.js'
import { named, seeReaped } from './reaper.js'
import { readAgain, showState } from './show-state.js'

/** The exit code of the first zombie. */
const code = 42

/** Any shell waits here; one that reads a line instead might wait in between, as bash does at each SIGCHLD. */
const lateParent = `
sh -c 'read -r word; exit ${code}' <&3 &
echo $!
wait $!
echo $?`

/** cat does not know of the child that it got from the shell. */
const forgetfulParent = `
cat <&3 &
echo $!
exec cat <&3`

/** @param patience how long the last zombie is watched until its adopter reaps it, in milliseconds */
export function processZombie(patience = 3000): Demo {
  return async (stage) => {
    requireProc('process zombie')
    await showLateParent(stage)
    await showForgetfulParent(stage, patience)
  }
}

/** It is stopped, ends its wait(2) later, and the zombie with it. */
async function showLateParent(stage: Stage): Promise<void> {
  const parent = await startShell(stage, 'parent-1', lateParent)
  const child = enter(stage, 'child-1', Number(await parent.line()))
  showRest(stage, child, 'while it lives')
  process.kill(parent.id, 'SIGSTOP')
  const stopped = await stage.poll(() => [readStat(parent.id)].find((stat) => stat?.state === 'T'))
  if (!stopped) throw new DemoFailed(`the parent (pid ${parent.id}) was not stopped by SIGSTOP`)
  showState(stage, stopped)
  stage.note('the parent is stopped, so it cannot wait for its child; now the child ends')
  parent.tell('end')
  await becomeZombie(
    stage,
    child,
    'zombie/exited-process-becomes-one',
    'the child has ended, and the kernel still lists it: state Z, a zombie',
  )
  const { files, memory, words } = showRest(stage, child, 'as a zombie')
  stage.claim(
    'zombie/has-no-memory-or-files',
    'its program, memory and open files are gone',
    files === 0 && memory === undefined && words === 0,
  )
  stage.claim(
    'zombie/keeps-its-pid',
    `its pid is not free: ${child.pid} is still there for kill(2)`,
    canBeAddressed(child.pid),
  )
  showWaitStatus(
    stage,
    child.pid,
    code * 256,
    'zombie/keeps-its-exit-code',
    `its exit code (${code} times 256)`,
  )

  process.kill(child.pid, 'SIGKILL')
  stage.say({
    event: 'call',
    phase: 'end',
    call: 'kill',
    object: `SIGKILL to the zombie ${child.pid}`,
    result: 0,
  })
  const after = showState(stage, child)
  stage.claim(
    'zombie/sigkill-does-not-remove-it',
    'SIGKILL does not remove it: what has ended cannot be killed',
    after?.state === 'Z',
  )

  process.kill(parent.id, 'SIGCONT')
  stage.note('the parent goes on, and its wait(2) returns')
  const heard = await parent.line()
  stage.evidence(`stdout of ${parent.id}`, heard, 'the exit code that the parent got', {
    data: Number(heard),
  })
  stage.claim(
    'zombie/parent-gets-exit-code',
    'the exit code has waited for the parent',
    Number(heard) === code,
  )
  stage.claim(
    'zombie/is-gone-when-reaped',
    'waited for, the zombie is gone',
    showState(stage, child) === undefined,
  )
  await parent.ended
}

/** It never waits, and dies. */
async function showForgetfulParent(stage: Stage, patience: number): Promise<void> {
  const parent = await startShell(stage, 'parent-2', forgetfulParent)
  const child = enter(stage, 'child-2', Number(await parent.line()))
  // A shell may wait at once when the child ends: it must have become cat before.
  const forgetful = await stage.poll(() => readCommandLine(parent.id)?.[0] === 'cat')
  if (!forgetful) throw new DemoFailed(`the shell ${parent.id} did not execute cat`)
  process.kill(child.pid, 'SIGTERM')
  await becomeZombie(
    stage,
    child,
    'zombie/killed-process-becomes-one',
    'one that a signal has ended is a zombie as well',
  )
  showWaitStatus(
    stage,
    child.pid,
    15,
    'zombie/keeps-the-signal-that-killed-it',
    'the signal that ended it (SIGTERM)',
  )
  stage.note('this parent never waits; only its own end helps')
  process.kill(parent.id, 'SIGKILL')
  // The kernel gives the children away before the parent itself can be waited for.
  await parent.ended
  const adopted = readAgain(child)
  const ppid = adopted ? `${adopted.ppid}` : 'none, it is gone already'
  stage.evidence(`/proc/${child.pid}/stat`, ppid, `the parent of ${child.pid}, which was ${parent.id}`, {
    data: { ppid: adopted?.ppid ?? null },
  })
  stage.claim(
    'zombie/is-adopted-when-parent-dies',
    'the dead parent has lost the zombie',
    adopted?.ppid !== parent.id,
  )
  const adopter = adopted ? named(adopted.ppid) : 'who adopted it (process orphan shows who that is here)'
  await seeReaped(stage, child, adopter, patience)
}

function enter(stage: Stage, name: string, pid: number): Stat {
  const stat = readStat(pid)
  if (!stat) throw new DemoFailed(`the child ${pid} ended too early`, { hint: 'run it again' })
  stage.say({ event: 'started', child: pid, name, kind: 'process' })
  return stat
}

async function becomeZombie(stage: Stage, child: Stat, id: ClaimId, claim: string): Promise<void> {
  await stage.poll(() => readAgain(child)?.state === 'Z')
  const stat = showState(stage, child)
  stage.claim(id, claim, stat?.state === 'Z')
}

/** What the kernel holds for a process. */
function showRest(stage: Stage, { pid }: Stat, when: string) {
  const files = openFiles(pid).length
  const memory = readStatus(pid)?.rss
  const words = readCommandLine(pid)?.length
  const kilobytes = memory === undefined ? 'no memory' : `${memory / 1024} KiB of memory`
  const value = `${words} words of command line, ${kilobytes}, ${files} open files`
  stage.evidence(`/proc/${pid}/cmdline, status, fd`, value, `the child ${when}`, {
    data: { words: words ?? null, bytes: memory ?? null, files },
  })
  return { files, memory, words }
}

/** The kernel tells it only to those who may trace the process; others read 0. */
function showWaitStatus(stage: Stage, pid: number, expected: number, id: ClaimId, about: string): void {
  const status = readWaitStatus(pid)
  if (status === 0) {
    stage.note(`cannot be seen here, since the kernel hides it from us: ${about}`, 'aside')
    return
  }
  stage.evidence(
    `/proc/${pid}/stat, field 52`,
    `${status}`,
    about,
    status === undefined ? {} : { data: status },
  )
  stage.claim(id, `${about} is kept for its parent`, status === expected)
}

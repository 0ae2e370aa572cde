/** A zombie: a process that has exited and that its parent has not reaped. What remains of it, and what removes it. */
import { DemoFailed } from '../../errors.js'
import type { ClaimId } from '../../events.js'
import { readCommandLine } from '../../proc/cmdline.js'
import { openFiles } from '../../proc/fds.js'
import { canBeAddressed, readStat, readWaitStatus, type Stat } from '../../proc/stat.js'
import { quoteStatus, readStatus } from '../../proc/status.js'
import type { Demo, Stage } from '../../run/stage.js'
import { requireProc } from '../shared/require-proc.js'
import { startShell } from '../shared/shell.js'
import { named, seeReaped } from './reaper.js'
import { sendSignal } from './send-signal.js'
import { readAgain, showState } from './show-state.js'

/** The exit code of the first zombie. */
const code = 42

/**
 * The child is a shell that waits for a line. The parent blocks in wait: if it read the line itself, bash as sh would reap the
 * child as soon as SIGCHLD arrives.
 */
const lateParent = `
sh -c 'read -r word; exit ${code}' <&3 &
echo $!
wait $!
echo $?`

/** cat never calls wait(2), and does not know that it has a child: the shell that became cat started it. */
const forgetfulParent = `
cat <&3 &
echo $!
exec cat <&3`

/** @param patience how long the demo waits until the adopter reaps the last zombie, in milliseconds */
export function processZombie(patience = 3000): Demo {
  return async (stage) => {
    requireProc('process zombie')
    stage.note(
      'A process that has exited stays in the process table until its parent reaps it with wait(2). ' +
        'Watch what is left of this zombie, and what removes it.',
      'opening',
    )
    await showLateParent(stage)
    await showForgetfulParent(stage, patience)
    stage.note(
      'A zombie needs no memory, but it keeps one of the limited entries in the process table. ' +
        'Only wait(2) removes it. If the parent never calls wait(2), the zombie stays until the parent dies.',
      'closing',
    )
    stage.note('Next: `osdemo process orphan` shows which process adopts a child whose parent dies.', 'next')
  }
}

/** The parent is stopped while its child exits. When it continues, it reaps the child. */
async function showLateParent(stage: Stage): Promise<void> {
  const parent = await startShell(stage, 'parent-1', lateParent)
  const child = enter(stage, 'child-1', Number(await parent.line()))
  showRest(stage, child, 'the child while it lives')
  sendSignal(stage, parent, 'SIGSTOP')
  const stopped = await stage.poll(() => [readStat(parent.id)].find((stat) => stat?.state === 'T'))
  if (!stopped) throw new DemoFailed(`SIGSTOP did not stop the parent (pid ${parent.id})`)
  showState(stage, stopped)
  stage.note('The parent is stopped, so it cannot call wait(2). Now the child exits.')
  parent.tell('end')
  await becomeZombie(
    stage,
    child,
    'zombie/exited-process-becomes-one',
    `A process that exits is a zombie until its parent reaps it: pid ${child.pid} is in state Z.`,
  )
  const { files, memory, words } = showRest(stage, child, 'the zombie')
  stage.claim(
    'zombie/has-no-memory-or-files',
    'A zombie has no memory and no open files: the kernel released them when it exited.',
    files === 0 && memory === undefined && words === 0,
  )
  stage.claim(
    'zombie/keeps-its-pid',
    `A zombie keeps its entry in the process table: pid ${child.pid} still exists.`,
    canBeAddressed(child.pid),
  )
  showWaitStatus(stage, child.pid, {
    expected: code * 256,
    id: 'zombie/keeps-its-exit-code',
    claim: `The kernel keeps the exit code of a zombie for its parent: ${code}.`,
    what: 'exit code of the zombie',
    about: `field 52: ${code} times 256, as wait(2) returns it`,
  })

  const found = sendSignal(stage, { id: child.pid, name: 'child-1' }, 'SIGKILL')
  stage.say({
    event: 'call',
    phase: 'end',
    call: 'kill',
    object: `zombie ${child.pid} with SIGKILL`,
    ...(found ? { result: 0 } : { result: -1, errno: 'ESRCH' }),
  })
  const after = showState(stage, child)
  stage.claim(
    'zombie/sigkill-does-not-remove-it',
    `SIGKILL does not remove a zombie: pid ${child.pid} is still in state Z.`,
    after?.state === 'Z',
  )

  sendSignal(stage, parent, 'SIGCONT')
  stage.note('The parent continues, and its wait(2) returns.')
  const printed = await parent.line()
  stage.evidence(`stdout of pid ${parent.id}`, printed, 'the exit code that the parent received', {
    data: Number(printed),
  })
  stage.claim(
    'zombie/parent-gets-exit-code',
    `The parent receives the exit code from wait(2): it printed ${printed}.`,
    Number(printed) === code,
  )
  stage.claim(
    'zombie/is-gone-when-reaped',
    `Reaping removes a zombie: pid ${child.pid} no longer exists.`,
    showState(stage, child) === undefined && after?.state === 'Z',
  )
  await parent.ended
}

/** The parent never calls wait(2), and is killed. */
async function showForgetfulParent(stage: Stage, patience: number): Promise<void> {
  const parent = await startShell(stage, 'parent-2', forgetfulParent)
  const child = enter(stage, 'child-2', Number(await parent.line()))
  // While the parent is still a shell, it might reap the child at once.
  const forgetful = await stage.poll(() => readCommandLine(parent.id)?.[0] === 'cat')
  if (!forgetful) throw new DemoFailed(`the shell (pid ${parent.id}) did not execute cat`)
  stage.note('The second parent is cat, which never calls wait(2). Its child is killed by SIGTERM.')
  sendSignal(stage, { id: child.pid, name: 'child-2' }, 'SIGTERM')
  const became = await becomeZombie(
    stage,
    child,
    'zombie/killed-process-becomes-one',
    `A process that is killed by a signal becomes a zombie too: pid ${child.pid} is in state Z.`,
  )
  showWaitStatus(stage, child.pid, {
    expected: 15,
    id: 'zombie/keeps-the-signal-that-killed-it',
    claim: 'The kernel keeps the signal that killed a zombie for its parent: 15, SIGTERM.',
    what: 'signal that killed the zombie',
    about: 'field 52: the number of SIGTERM',
  })
  stage.note('This parent never reaps its child, so osdemo kills the parent.')
  sendSignal(stage, parent, 'SIGKILL')
  // The kernel reparents the children of a dying process before that process can be reaped.
  await parent.ended
  const adopted = readAgain(child)
  const ppid = adopted ? quoteStatus(child.pid, 'PPid') : undefined
  stage.evidence(`/proc/${child.pid}/status`, ppid ?? 'no such process', `it was ${parent.id}`, {
    data: { ppid: adopted?.ppid ?? null, parent: (adopted && readStat(adopted.ppid)?.comm) ?? null },
  })
  stage.claim(
    'zombie/is-adopted-when-parent-dies',
    `When its parent dies, a zombie is adopted: the PPid of ${child.pid} is no longer ${parent.id}.`,
    became && adopted?.ppid !== child.ppid,
  )
  if (became) await seeReaped(stage, child, adopted ? named(adopted.ppid) : 'the adopter', patience)
}

function enter(stage: Stage, name: string, pid: number): Stat {
  const stat = readStat(pid)
  if (!stat) throw new DemoFailed(`the child (pid ${pid}) exited too early`, { hint: 'Run the demo again.' })
  stage.say({ event: 'started', child: pid, name, kind: 'process', parent: stat.ppid })
  return stat
}

/** Waits until a child is a zombie, or gone: then its parent has reaped it too early. */
async function becomeZombie(stage: Stage, child: Stat, id: ClaimId, claim: string): Promise<boolean> {
  await stage.poll(() => [undefined, 'Z'].includes(readAgain(child)?.state))
  const stat = showState(stage, child)
  return stage.claim(id, claim, stat?.state === 'Z')
}

/** What the kernel still keeps for a process: its command line, its memory and its open files. */
function showRest(stage: Stage, { pid }: Stat, about: string) {
  const files = openFiles(pid).length
  const memory = readStatus(pid)?.rss
  const words = readCommandLine(pid)?.length
  const rss = memory === undefined ? 'no VmRSS' : `VmRSS: ${memory / 1024} kB`
  const line = words ? `command line of ${words} words` : 'empty command line'
  stage.evidence(`/proc/${pid}/cmdline, status, fd`, `${line}, ${rss}, ${files || 'no'} open files`, about, {
    data: { words: words ?? null, bytes: memory ?? null, files },
  })
  return { files, memory, words }
}

interface WaitStatus {
  expected: number
  id: ClaimId
  claim: string
  /** What the kernel may hide from this user. */
  what: string
  about: string
}

/** Linux shows the wait status only to those who may trace the process. Others read 0, as does everyone before its exit. */
function showWaitStatus(stage: Stage, pid: number, { expected, id, claim, what, about }: WaitStatus): void {
  const status = readWaitStatus(pid)
  if (status === 0 && readStat(pid)?.state === 'Z') {
    stage.note(`Not observed: the ${what}, which the kernel hides from this user.`, 'aside')
    return
  }
  stage.evidence(
    `/proc/${pid}/stat`,
    status === undefined ? 'no such process' : `exit_code: ${status}`,
    about,
    status === undefined ? {} : { data: { status } },
  )
  stage.claim(id, claim, status === expected)
}

/** The family of a process: its ancestors up to pid 1, and its descendants. */
import { DemoFailed } from '../../errors.js'
import { descendants, readFamily, readLineage } from '../../proc/family.js'
import { canBeAddressed, hidesOtherUsers, isKernelThread, readStat, type Stat } from '../../proc/stat.js'
import { quoteStatus, readStatus } from '../../proc/status.js'
import { readUsers } from '../../proc/users.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted, largest } from '../../text.js'
import { zip } from '../shared/lists.js'
import { requireProc } from '../shared/require-proc.js'
import { requireProcess } from '../shared/require-process.js'
import { type Shell, startShell } from '../shared/shell.js'
import { sendSignal } from './send-signal.js'

/** At most so many processes are drawn. The others are only counted. */
const mostDrawn = 24

/**
 * A shell with two children, the second of which has a child of its own. Each shell prints its pid and that of each child. The
 * shells exit after their children, and those exit when osdemo does, because they read a pipe from it.
 */
const script = `
cat <&3 &
echo $$ $!
sh -c 'cat <&3 & echo $$ $!; wait' &
echo $$ $!
wait`

/** @param pid the process; when left out, it is osdemo itself, which then starts a family of processes */
export function processTree(pid?: number): Demo {
  return async (stage) => {
    requireProc('process tree')
    requireProcess(pid ?? process.pid)
    stage.note(
      'Every process has one parent, so all processes form a tree. ' +
        `Watch the parents from process ${pid ?? process.pid} up to the root of the tree, and its descendants.`,
      'opening',
    )
    await showAncestors(stage, pid ?? process.pid)
    if (pid === undefined) await showOwnFamily(stage)
    else showDescendants(stage, pid)
    stage.note(
      'A parent has a duty: when a child exits, the parent has to reap it. ' +
        'When a parent dies first, another process adopts its children, so the tree stays connected.',
      'closing',
    )
    stage.note('Next: `osdemo process zombie` shows a child that its parent has not reaped.', 'next')
  }
}

async function showOwnFamily(stage: Stage): Promise<void> {
  const shell = await startShell(stage, 'shell', script)
  const pairs = [await shell.line(), await shell.line(), await shell.line()].map(pairOf)
  showDescendants(stage, process.pid)
  showFamily(stage, shell, pairs)
  await endFamily(stage, shell, pairs)
}

async function showAncestors(stage: Stage, pid: number): Promise<void> {
  // The walk is no snapshot: when a process in the chain dies meanwhile, the chain breaks, and the walk begins again.
  const whole = await stage.poll(() => {
    const lineage = readLineage(pid)
    const { members, missing } = lineage
    return (missing === 0 || canBeAddressed(missing)) && agreed(members) && lineage
  }, 1000)
  const { members, missing } = whole ?? readLineage(pid)
  const top = members.at(-1)
  if (!top) throw new DemoFailed(`process ${pid} exited before its parent could be read`)
  stage.note('States: R running or ready, S and D waiting, I idle, T stopped, Z zombie.')
  stage.note(`Each line shows the parent of the process before it, starting with process ${pid}.`)
  drawProcesses(
    stage,
    members.map((member) => ({ pid: member.pid, branch: '' })),
  )
  showTop(stage, top, missing)
  if (members.length === 1) return
  stage.claim(
    'process/is-younger-than-its-parent',
    `A child never starts before its parent, and its parent lists it: true for all ${members.length - 1} here.`,
    whole !== undefined,
  )
}

/** Whether start times and lists of children agree with the PPids. @param members each is the child of the next */
function agreed(members: Stat[]): boolean {
  const family = readFamily()
  return zip(members, members.slice(1)).every(
    ([child, parent]) =>
      parent.startTicks <= child.startTicks && family.children(parent.pid).includes(child.pid),
  )
}

function showTop(stage: Stage, { pid, ppid, comm }: Stat, missing: number): void {
  const quoted = quoteStatus(pid, 'PPid') ?? `PPid: ${ppid}`
  stage.evidence(`/proc/${pid}/status`, quoted, `the parent of ${comm}`, { data: ppid })
  if (missing === 0 && isKernelThread(pid)) {
    stage.claim(
      'process/kernel-threads-descend-from-pid-2',
      'The parents of a kernel thread end at pid 2, which has no parent: its PPid is 0.',
      pid === 2,
    )
  } else if (pid === 1) {
    stage.claim(
      'process/ancestry-ends-at-pid-1',
      'The chain of parents ends at pid 1, which has no parent: its PPid is 0.',
      ppid === 0,
    )
  } else if (missing !== 0) {
    const why = canBeAddressed(missing) ? '/proc hides it from this user (hidepid)' : 'it exited meanwhile'
    stage.note(`Not observed: the parent, pid ${missing}, and its ancestors, because ${why}.`, 'aside')
  } else {
    stage.note(
      `The parent of pid ${pid} (${comm}) is outside this pid namespace, so its PPid is shown as 0.`,
      'aside',
    )
  }
}

function showDescendants(stage: Stage, pid: number): void {
  const family = readFamily()
  const below = descendants(family, pid)
  const count = below.length === 0 ? 'no descendants' : counted(below.length, 'descendant')
  const text = `Process ${pid} has ${count}, as ${family.source} shows.`
  stage.say({ event: 'note', role: 'step', text, data: { descendants: below.length } })
  if (below.length > 0) drawProcesses(stage, [{ pid, branch: '' }, ...below])
  if (hidesOtherUsers()) {
    stage.note('There may be more, because /proc hides the processes of other users (hidepid).', 'aside')
  }
}

/** Shows a line for each process: its pid, name, state and user. */
function drawProcesses(stage: Stage, rows: { pid: number; branch: string }[]): void {
  const userOf = readUsers()
  const drawn = rows.slice(0, mostDrawn)
  const width = largest(
    drawn.map(({ pid }) => `${pid}`.length),
    0,
  )
  for (const { pid, branch } of drawn) {
    const stat = readStat(pid)
    const status = readStatus(pid)
    // It has exited since it was listed.
    if (!stat || !status) continue
    const about = pid === process.pid ? 'this osdemo' : ''
    const { comm, state, ppid } = stat
    const user = userOf(status.euid)
    // The names stand below each other, whatever the lengths of the pids.
    const pad = ' '.repeat(width - `${pid}`.length)
    stage.evidence(`/proc/${pid}`, `${pad}${branch}${comm}, ${state}, ${user}`, about, {
      data: { pid, ppid, comm, state, user, branch },
    })
  }
  const more = rows.length - drawn.length
  if (more === 0) return
  const text = `${counted(more, 'more process', 'more processes')} ${more === 1 ? 'is' : 'are'} not drawn.`
  stage.say({ event: 'note', role: 'aside', text, data: { undrawn: more } })
}

interface Pair {
  parent: number
  child: number
}

function pairOf(line: string): Pair {
  const [parent, child] = line.split(' ').map(Number)
  // The script prints two numbers on each line.
  return { parent: parent!, child: child! }
}

/** Compares the children that the shells report with those that the kernel lists. */
function showFamily(stage: Stage, shell: Shell, pairs: Pair[]): void {
  const reported = pairs.map(({ parent, child }) => `${parent} started ${child}`).join(', ')
  stage.evidence(`stdout of pid ${shell.id}`, reported, 'what the shells report', {
    data: pairs.map(({ parent, child }) => ({ parent, child })),
  })
  const right = pairs.every(({ parent, child }) => readStat(child)?.ppid === parent)
  stage.claim(
    'process/parent-is-who-started-it',
    'The parent of a process is the one that started it: each PPid is the shell that reported the child.',
    right,
  )
  const listed = descendants(readFamily(), shell.id).map(({ pid }) => pid)
  const started = pairs.map(({ child }) => child)
  const same = listed.length === started.length && started.every((pid) => listed.includes(pid))
  stage.claim(
    'process/kernel-lists-all-descendants',
    `The kernel knows all descendants of a process: it lists exactly these ${started.length}.`,
    same,
  )
  stage.claim(
    'process/parent-is-who-started-it',
    `The first shell was started by osdemo, so osdemo is its parent: its PPid is ${process.pid}.`,
    readStat(shell.id)?.ppid === process.pid,
  )
}

/** Terminates the leaves first, so that each process is reaped by its own parent and none is adopted. */
async function endFamily(stage: Stage, shell: Shell, pairs: Pair[]): Promise<void> {
  const parents = pairs.map(({ parent }) => parent)
  const leaves = pairs.map(({ child }) => child).filter((child) => !parents.includes(child))
  for (const id of leaves) sendSignal(stage, { id, name: readStat(id)?.comm ?? 'process' }, 'SIGTERM')
  await shell.ended
}

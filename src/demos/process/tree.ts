/** The family of a process: its parent, the parent of that, and so on; and its children and theirs. */
import { DemoFailed } from '../../errors.js'
import { descendants, readFamily, readLineage } from '../../proc/family.js'
import { canBeAddressed, isKernelThread, readStat, type Stat } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import { readUsers } from '../../proc/users.js'
import type { Demo, Stage } from '../../run/stage.js'
import { largest } from '../../text.js'
import { zip } from '../shared/lists.js'
import { requireProc } from '../shared/require-proc.js'
import { requireProcess } from '../shared/require-process.js'
import { type Shell, startShell } from '../shared/shell.js'

/** Processes that are drawn of a family, at most; the others are counted. */
const mostDrawn = 24

/**
 * A child, and another one that has a child of its own. Each shell says who it is and whom it has started. They end with
 * their children, and those end with us, whose pipe they read.
 */
const script = `
cat <&3 &
echo $$ $!
sh -c 'cat <&3 & echo $$ $!; wait' &
echo $$ $!
wait`

/** @param pid the process; left out, it is osdemo itself, which then makes a family */
export function processTree(pid?: number): Demo {
  return async (stage) => {
    requireProc('process tree')
    requireProcess(pid ?? process.pid)
    await showAncestors(stage, pid ?? process.pid)
    if (pid !== undefined) return showDescendants(stage, pid)
    const mother = await startShell(stage, 'mother', script)
    const pairs = [await mother.line(), await mother.line(), await mother.line()].map(pairOf)
    showDescendants(stage, process.pid)
    showFamily(stage, mother, pairs)
    await endFamily(mother, pairs)
  }
}

async function showAncestors(stage: Stage, pid: number): Promise<void> {
  // Not one moment's picture: who dies while we walk breaks the chain, and then we walk again.
  const whole = await stage.poll(() => {
    const lineage = readLineage(pid)
    const { members, missing } = lineage
    return (missing === 0 || canBeAddressed(missing)) && agreed(members) && lineage
  }, 1000)
  const { members, missing } = whole ?? readLineage(pid)
  const top = members.at(-1)
  if (!top) throw new DemoFailed(`process ${pid} ended while it was looked at`)
  stage.note('R runs or is ready, S and D wait, I is idle, T is stopped, Z is a zombie', 'aside')
  stage.note(`process ${pid}, its parent, the parent of that, and so on`)
  drawProcesses(
    stage,
    members.map((member) => ({ pid: member.pid, branch: '' })),
  )
  showTop(stage, top, missing)
  if (members.length === 1) return
  stage.claim(
    'process/is-younger-than-its-parent',
    'no child is older than its parent, and each is among the children of its parent',
    whole !== undefined,
  )
}

/** Whether start times and lists of children fit what the PPids say of these, each the child of the next. */
function agreed(members: Stat[]): boolean {
  const family = readFamily()
  return zip(members, members.slice(1)).every(
    ([child, parent]) =>
      parent.startTicks <= child.startTicks && family.children(parent.pid).includes(child.pid),
  )
}

function showTop(stage: Stage, { pid, ppid, comm }: Stat, missing: number): void {
  const name = `${pid} (${comm})`
  stage.evidence(`/proc/${pid}/stat`, `${ppid}`, `the parent of ${name}`, { data: ppid })
  if (missing !== 0) {
    const why = canBeAddressed(missing)
      ? 'it lives, and /proc hides it from this user (hidepid)'
      : 'it ended while we looked'
    stage.note(`the chain breaks here: the parent, ${missing}, cannot be seen; ${why}`, 'aside')
  } else if (isKernelThread(pid)) {
    stage.claim(
      'process/kernel-threads-descend-from-pid-2',
      'the threads of the kernel descend from pid 2, which has no parent',
      pid === 2,
    )
  } else if (pid === 1) {
    stage.claim(
      'process/ancestry-ends-at-pid-1',
      'the chain ends at pid 1, which has no parent here',
      ppid === 0,
    )
  } else {
    stage.note(
      `the parent of ${name} is outside this pid namespace, which shows as 0: it came in from there`,
      'aside',
    )
  }
}

function showDescendants(stage: Stage, pid: number): void {
  const family = readFamily()
  const below = descendants(family, pid)
  const count = below.length === 1 ? 'one descendant' : `${below.length || 'no'} descendants`
  stage.note(`process ${pid} has ${count} (read from ${family.source}, one after the other)`)
  if (below.length > 0) drawProcesses(stage, [{ pid, branch: '' }, ...below])
  if (readStat(1) === undefined && canBeAddressed(1)) {
    stage.note('/proc hides the processes of other users from this one (hidepid): there may be more', 'aside')
  }
}

/** A line each: pid, name, state, user. */
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
    // Ended since it was listed.
    if (!stat || !status) continue
    const us = pid === process.pid ? ', this osdemo' : ''
    const { comm, state, ppid } = stat
    const user = userOf(status.euid)
    const data = { pid, ppid, comm, state, user }
    stage.evidence(`/proc/${pid}`, `${branch}${comm}, ${state}, ${user}${us}`, `${pid}`.padEnd(width), {
      data,
    })
  }
  if (rows.length > drawn.length)
    stage.note(`and ${rows.length - drawn.length} more, which are not drawn`, 'aside')
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

/** What the shells know of their children, beside what the kernel says of them. */
function showFamily(stage: Stage, mother: Shell, pairs: Pair[]): void {
  const told = pairs.map(({ parent, child }) => `${parent} started ${child}`).join(', ')
  stage.evidence(`stdout of ${mother.id}`, told, 'what the shells themselves say', {
    data: pairs.map(({ parent, child }) => ({ parent, child })),
  })
  const right = pairs.every(({ parent, child }) => readStat(child)?.ppid === parent)
  stage.claim(
    'process/parent-is-who-started-it',
    'the PPid of each child is the shell that says it started it',
    right,
  )
  const listed = descendants(readFamily(), mother.id).map(({ pid }) => pid)
  const started = pairs.map(({ child }) => child)
  const same = listed.length === started.length && started.every((pid) => listed.includes(pid))
  stage.claim(
    'process/kernel-lists-all-descendants',
    'the descendants that the kernel lists are these and no others',
    same,
  )
  stage.claim(
    'process/parent-is-who-started-it',
    'the parent of the mother is osdemo',
    readStat(mother.id)?.ppid === process.pid,
  )
}

/** From the leaves up, so that each is waited for by its own parent and nobody is adopted. */
async function endFamily(mother: Shell, pairs: Pair[]): Promise<void> {
  const parents = pairs.map(({ parent }) => parent)
  for (const { child } of pairs) if (!parents.includes(child)) process.kill(child, 'SIGTERM')
  await mother.ended
}

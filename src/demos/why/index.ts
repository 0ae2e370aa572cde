/** Why a process does not continue: what it waits for, which process has the other end, and what would let it continue. */
import { OsdemoError } from '../../errors.js'
import { isKernelThread, readCpuTimes, type Stat } from '../../proc/stat.js'
import { threads } from '../../proc/task.js'
import type { Demo, Stage } from '../../run/stage.js'
import { accountOf } from '../../why/process-account.js'
import { createWorld } from '../../why/snapshot.js'
import type { Doing, Look } from '../../why/still.js'
import { type Chain, findCycle } from '../../why/wait-graph.js'
import { stateOf } from '../shared/process-state.js'
import { requireProc } from '../shared/require-proc.js'
import { tellRunning } from './busy.js'
import { requireLeader } from './leader.js'
import { verb } from './render/telling.js'
import { doingWords, listed, named } from './render/words.js'
import { tellAccount, tellAdvice, tellEvidence, tellFindings } from './report.js'
import { type Found, lastOf, look, rest, settle } from './settle.js'
import { tellStack } from './stack.js'
import { watchOn } from './watch.js'

interface Options {
  watch?: true | undefined
  /** Whether to report the functions of the program. */
  stack?: true | undefined
}

export function why(pid: number, { watch, stack }: Options = {}): Demo {
  return async (stage) => {
    requireProc('why')
    const stat = requireLeader(stage, pid)
    refuse(stat)
    const times = readCpuTimes(stat.pid)
    const settled = await settle(stage, stat)
    sayState(stage, stat.pid, settled.looks)
    const { looks, found, still } = settled
    if (found) await tellStanding(stage, stat, looks, found, stack)
    const chain = found
      ? found.chain
      : still
        ? await tellRunning(stage, stat, looks, times, stack)
        : tellMoving(stage, stat, looks)
    if (watch) await watchOn(stage, stat, chain)
  }
}

/** @throws OsdemoError exit 1, for a process about which there is nothing to report */
function refuse({ pid, comm }: Stat): void {
  if (pid === process.pid) {
    throw new OsdemoError(`process ${pid} is this osdemo itself, which is running`, 1, {
      hint: 'Name another process. List them with: ps -e',
    })
  }
  if (!isKernelThread(pid)) return
  throw new OsdemoError(
    `${pid} (${comm}) is a kernel thread: it has no program and makes no system calls`,
    1,
    {
      hint: 'Name a process of a user. Kernel threads are in brackets in the output of: ps -ef',
    },
  )
}

function sayState(stage: Stage, pid: number, looks: Look[]): void {
  const kernel = lastOf(looks).state
  // A main thread that has exited before the others looks like a zombie.
  const state = kernel === 'Z' && threads(pid).length > 1 ? 'waiting' : stateOf(kernel)
  stage.say({ event: 'state', child: pid, state, kernel, source: `/proc/${pid}/stat` })
}

/** The process is blocked or stopped, or has exited. */
async function tellStanding(
  stage: Stage,
  stat: Stat,
  looks: Look[],
  { world, chain }: Found,
  withStack = false,
): Promise<void> {
  const { pid } = stat
  const first = lastOf(looks, 3)
  const asked = chain.get(pid)
  if (!asked) return void look(stat)
  const cycle = findCycle(chain, pid)
  const findings = { world, chain, asked, cycle }
  tellFindings(stage, findings)
  const last = look(stat)
  const time = showSwitches(stage, pid, first, last)
  const text = `${general(first.doing)}: ${named(pid)} is still ${doingWords(first.doing)} after ${time} ms.`
  stage.claim('why/still-blocked', text, last.key === first.key)
  if (cycle) await claimDeadlock(stage, chain, cycle.members)
  tellAdvice(stage, findings)
  await tellStack(stage, asked, withStack)
}

/** What holds for every process in such a state. */
function general({ kind }: Doing): string {
  switch (kind) {
    case 'stopped':
    case 'traced':
      return 'A stopped process does not run'
    case 'zombie':
      return 'A zombie never runs again'
    case 'main-thread-exited':
      return 'A process can outlive its main thread'
    default:
      return 'A blocked process does not run'
  }
}

/** A second pair of looks, since the members were looked at one after the other. */
async function claimDeadlock(stage: Stage, chain: Chain, members: number[]): Promise<void> {
  const looks = () => members.flatMap((member) => chain.get(member) ?? []).map(look)
  const before = looks()
  await rest()
  const after = looks()
  const names = listed(members.map(named), 3)
  const same = before.every(({ key }, index) => key === after[index]?.key)
  stage.claim(
    'why/deadlock-stands-still',
    `A deadlock does not end by itself: ${names} ${verb(members, 'is', 'are')} still in the same ${verb(members, 'call', 'calls')}.`,
    same,
  )
}

const lastLook = 'At the last look'

/** It ran between any two looks. */
function tellMoving(stage: Stage, { pid }: Stat, looks: Look[]): Chain {
  const name = named(pid)
  const first = lastOf(looks, looks.length)
  const last = lastOf(looks)
  const counts = new Map<string, number>()
  for (const { doing } of looks) {
    const words = doingWords(doing)
    counts.set(words, (counts.get(words) ?? 0) + 1)
  }
  const seen = [...counts].map(([doing, count]) => ({ doing, count }))
  stage.note(`${name} is making progress: it ran between any two looks.`, 'opening')
  const account = accountOf(createWorld(), pid, true)
  stage.note(lastLook, 'opening')
  const proofs = account ? tellAccount(stage, account) : []
  tellEvidence(stage, proofs)
  stage.evidence(
    `/proc/${pid}/syscall`,
    seen.map(({ doing, count }) => `${count} x ${doing}`).join(', '),
    `in ${looks.length} looks`,
    { data: seen },
  )
  showSwitches(stage, pid, first, last)
  const ran = last.switches > first.switches || last.cpuTicks > first.cpuTicks
  stage.claim('why/ran-between-looks', `A process that makes progress gets CPU time: ${name} ran.`, ran)
  return new Map(account ? [[pid, account]] : [])
}

/** How often it left a CPU between two looks. @returns the milliseconds between them */
function showSwitches(stage: Stage, pid: number, first: Look, last: Look): number {
  const milliseconds = Math.round((last.t - first.t) / 1000)
  stage.note(`This counter increases whenever ${named(pid)} runs and blocks again.`)
  stage.evidence(
    `/proc/${pid}/status`,
    `voluntary_ctxt_switches: ${first.voluntary}, then ${last.voluntary}`,
    `${milliseconds} ms apart`,
    { data: { before: first.switches, after: last.switches, milliseconds } },
  )
  return milliseconds
}

/** Why a process does not proceed: what it waits for, which process has the other end, and what would let it continue. */
import { OsdemoError } from '../../errors.js'
import { isKernelThread, type Stat } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import { threads } from '../../proc/task.js'
import type { Demo, Stage } from '../../run/stage.js'
import { accountOf } from '../../why/process-account.js'
import { createWorld } from '../../why/snapshot.js'
import type { Look } from '../../why/still.js'
import { type Chain, findCircle, follow } from '../../why/wait-graph.js'
import { stateOf } from '../shared/process-state.js'
import { requireProc } from '../shared/require-proc.js'
import { requireProcess } from '../shared/require-process.js'
import { doingWords, listed, named } from './render/words.js'
import { tellAccount, tellChain, tellCircle, tellStep } from './report.js'
import { type Found, look, rest, settle } from './settle.js'
import { watchOn } from './watch.js'

export function why(pid: number, watch: boolean): Demo {
  return async (stage) => {
    requireProc('why')
    const stat = requireLeader(stage, pid)
    refuse(stat)
    const settled = await settle(stage, stat)
    sayState(stage, stat.pid, settled.looks)
    if (settled.found) await tellStanding(stage, stat, settled.looks, settled.found)
    else if (settled.still) await tellRunning(stage, stat, settled.looks)
    else tellMoving(stage, stat, settled.looks)
    if (watch) await watchOn(stage, stat)
  }
}

/** A thread has a folder in /proc, too; then its process is meant. */
function requireLeader(stage: Stage, pid: number): Stat {
  const stat = requireProcess(pid)
  const leader = readStatus(pid)?.tgid
  if (leader === undefined || leader === pid) return stat
  stage.note(`${pid} is a thread of process ${leader}; here is the whole process.`, 'aside')
  return requireProcess(leader)
}

/** @throws OsdemoError exit 1, for a process that waits for nothing that anybody could do */
function refuse({ pid, comm }: Stat): void {
  if (pid === process.pid) {
    throw new OsdemoError(`process ${pid} is this osdemo itself, which is busy with your question`, 1, {
      hint: 'ask about another process: ps -e lists them',
    })
  }
  if (!isKernelThread(pid)) return
  throw new OsdemoError(
    `${pid} (${comm}) is a thread of the kernel: it has no program and no system calls, and waits for work inside the kernel`,
    1,
    {
      hint: 'ask about a process of a user: ps -e -o pid,user,args lists them; those in brackets are the kernel',
    },
  )
}

function sayState(stage: Stage, pid: number, looks: Look[]): void {
  const kernel = lastOf(looks).state
  // A main thread that has exited before the others looks like a zombie.
  const state = kernel === 'Z' && threads(pid).length > 1 ? 'waiting' : stateOf(kernel)
  stage.say({ event: 'state', child: pid, state, kernel, source: `/proc/${pid}/stat` })
}

/** @param back 1 for the last one. There are always as many: settle looks three times before it has found something */
function lastOf(looks: readonly Look[], back = 1): Look {
  const found = looks.at(-back)
  if (!found) throw new RangeError(`fewer than ${back} looks`)
  return found
}

/** It waits, or is stopped, or has exited. */
async function tellStanding(stage: Stage, stat: Stat, looks: Look[], { world, chain }: Found): Promise<void> {
  const { pid } = stat
  const first = lastOf(looks, 3)
  const account = chain.get(pid)
  if (!account) return void look(stat)
  const circle = findCircle(chain, pid)
  tellChain(stage, chain, circle)
  if (circle) tellCircle(stage, world, circle)
  tellStep(stage, chain, account)
  const last = look(stat)
  const time = showSwitches(stage, pid, first, last)
  const text = `${named(pid)} is still ${doingWords(first.doing)} after ${time} ms`
  stage.claim('why/still-blocked', text, last.key === first.key)
  if (circle) await claimCircle(stage, chain, circle.members)
}

/** Once more, since the members of the circle were looked at one after the other. */
async function claimCircle(stage: Stage, chain: Chain, members: number[]): Promise<void> {
  const looks = () => members.flatMap((member) => chain.get(member) ?? []).map(look)
  const before = looks()
  await rest()
  const after = looks()
  const same = before.every(({ key }, index) => key === after[index]?.key)
  const calls = before.map(({ doing }, index) => `${members[index]} ${doingWords(doing)}`)
  stage.claim('why/deadlock-stands-still', `the circle stands still: ${listed(calls, 8)}`, same)
}

async function tellRunning(stage: Stage, stat: Stat, looks: Look[]): Promise<void> {
  const { pid } = stat
  const first = lastOf(looks, 2)
  const account = follow(createWorld(), pid).get(pid)
  if (account) tellAccount(stage, account)
  // On a loaded machine its turn may take a while to come.
  await stage.poll(() => {
    const { cpuTicks, state } = look(stat)
    return cpuTicks > first.cpuTicks || state !== 'R'
  })
  const last = look(stat)
  const milliseconds = Math.round((last.t - first.t) / 1000)
  const onCpu = (last.cpuTicks - first.cpuTicks) * 10
  stage.evidence(`/proc/${pid}/stat`, `${onCpu} ms in ${milliseconds} ms`, `time on a CPU of ${named(pid)}`, {
    data: { onCpu, milliseconds },
  })
  stage.note(`To stop it for a while, type in another terminal (kill -CONT ${pid} continues it):`)
  stage.note(`kill -STOP ${pid}`, 'next')
  const ran = last.cpuTicks > first.cpuTicks || last.switches > first.switches
  const text = ran
    ? 'is making progress: it has run since the first look'
    : 'is ready to run, but has got no CPU'
  stage.claim('why/runs-or-ready', `${named(pid)} ${text}`, ran || last.state === 'R')
}

/** It ran between any two looks. */
function tellMoving(stage: Stage, { pid }: Stat, looks: Look[]): void {
  const first = lastOf(looks, looks.length)
  const last = lastOf(looks)
  const counts = new Map<string, number>()
  for (const { doing } of looks) {
    const words = doingWords(doing)
    counts.set(words, (counts.get(words) ?? 0) + 1)
  }
  const seen = [...counts].map(([doing, count]) => ({ doing, count }))
  stage.evidence(
    `/proc/${pid}/syscall`,
    seen.map(({ doing, count }) => `${count} x ${doing}`).join(', '),
    `what ${named(pid)} was in, in ${looks.length} looks`,
    { data: seen },
  )
  showSwitches(stage, pid, first, last)
  stage.note(`${named(pid)} is making progress: it did not stand still between two looks. Just now:`)
  const account = accountOf(createWorld(), pid, true)
  if (account) tellAccount(stage, account)
  const ran = last.switches > first.switches || last.cpuTicks > first.cpuTicks
  stage.claim('why/ran-between-looks', `${named(pid)} ran between the looks`, ran)
}

/** How often it left a CPU between two looks. @returns the milliseconds between them */
function showSwitches(stage: Stage, pid: number, first: Look, last: Look): number {
  const milliseconds = Math.round((last.t - first.t) / 1000)
  stage.evidence(
    `/proc/${pid}/status`,
    `${first.switches}, ${milliseconds} ms later ${last.switches}`,
    `how often ${named(pid)} has left a CPU`,
    { data: { before: first.switches, after: last.switches, milliseconds } },
  )
  return milliseconds
}

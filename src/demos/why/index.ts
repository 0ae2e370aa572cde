/** Why a process does not go on: what it waits for, who has the other end, and what would let it go on. */
import { OsdemoError } from '../../errors.js'
import type { ProcessState } from '../../events.js'
import { isKernelThread, type Stat } from '../../proc/stat.js'
import { readStatus } from '../../proc/status.js'
import { threads } from '../../proc/task.js'
import type { Demo, Stage } from '../../run/stage.js'
import { accountOf } from '../../why/process-account.js'
import { createWorld, listed, named } from '../../why/snapshot.js'
import { type Found, type Look, lookAt, rest, settle } from '../../why/still.js'
import { type Chain, findCircle, follow } from '../../why/wait-graph.js'
import { requireProc } from '../shared/require-proc.js'
import { requireProcess } from '../shared/require-process.js'
import { tellAccount, tellChain, tellCircle, tellStep } from './report.js'
import { watchOn } from './watch.js'

export function why(pid: number, watch: boolean): Demo {
  return async (stage) => {
    requireProc('why')
    const stat = requireLeader(stage, pid)
    refuse(stat)
    const { looks, still, found } = await settle(stage, stat)
    sayState(stage, stat.pid, looks.at(-1)!)
    if (found) await tellStanding(stage, stat, looks.at(-3)!, found)
    else if (still) await tellRunning(stage, stat, looks.at(-2)!)
    else tellMoving(stage, stat, looks)
    if (watch) await watchOn(stage, stat)
  }
}

/** A thread has a place in /proc too; then its process is asked about. */
function requireLeader(stage: Stage, pid: number): Stat {
  const stat = requireProcess(pid)
  const leader = readStatus(pid)?.tgid
  if (leader === undefined || leader === pid) return stat
  stage.note(`${pid} is a thread of process ${leader}, which is told whole.`)
  return requireProcess(leader)
}

/** @throws OsdemoError exit 1, for what waits for nothing that anybody could do */
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

const states: Record<string, ProcessState> = {
  R: 'running',
  T: 'stopped',
  t: 'stopped',
  Z: 'zombie',
  X: 'gone',
}

function sayState(stage: Stage, pid: number, { state }: Look): void {
  const isWhole = state === 'Z' && threads(pid).length > 1
  const word = isWhole ? 'waiting' : (states[state] ?? 'waiting')
  stage.say({ event: 'state', child: pid, state: word, kernel: state, source: `/proc/${pid}/stat` })
}

/** It waits, or is stopped, or has ended. */
async function tellStanding(stage: Stage, stat: Stat, first: Look, { world, chain }: Found): Promise<void> {
  const { pid } = stat
  const account = chain.get(pid)
  if (!account) return void lookAt(stat)
  const circle = findCircle(chain, pid)
  tellChain(stage, chain, circle)
  if (circle) tellCircle(stage, world, circle)
  tellStep(stage, chain, account)
  const last = lookAt(stat)
  const time = Math.round((last.t - first.t) / 1000)
  const switches = `${first.switches}, ${time} ms later ${last.switches}`
  stage.evidence(`/proc/${pid}/status`, switches, `how often ${named(pid)} has left a CPU`)
  stage.claim('why/todo', `${named(pid)} is still ${first.doing} after ${time} ms`, last.key === first.key)
  if (circle) await claimCircle(stage, chain, circle.members)
}

/** Once more, since the members of the circle were looked at one after the other. */
async function claimCircle(stage: Stage, chain: Chain, members: number[]): Promise<void> {
  const looks = () => members.map((member) => lookAt(chain.get(member)!))
  const before = looks()
  await rest()
  const after = looks()
  const same = before.every(({ key }, index) => key === after[index]!.key)
  const calls = listed(
    before.map(({ doing }, index) => `${members[index]} ${doing}`),
    8,
  )
  stage.claim('why/todo', `the circle stands still: ${calls}`, same)
}

async function tellRunning(stage: Stage, stat: Stat, first: Look): Promise<void> {
  const { pid } = stat
  const account = follow(createWorld(), pid).get(pid)
  if (account) tellAccount(stage, account)
  // On a loaded machine its turn may take a while to come.
  await stage.poll(() => {
    const { cpuTicks, state } = lookAt(stat)
    return cpuTicks > first.cpuTicks || state !== 'R'
  })
  const last = lookAt(stat)
  const time = Math.round((last.t - first.t) / 1000)
  const used = (last.cpuTicks - first.cpuTicks) * 10
  stage.evidence(`/proc/${pid}/stat`, `${used} ms in ${time} ms`, `time on a CPU of ${named(pid)}`)
  stage.note(`To stop it for a while, type in another terminal (kill -CONT ${pid} continues it):`)
  stage.note(`kill -STOP ${pid}`)
  const ran = last.cpuTicks > first.cpuTicks || last.switches > first.switches
  const text = ran ? 'does go on: it has run meanwhile' : 'is ready to run, but has got no CPU'
  stage.claim('why/todo', `${named(pid)} ${text}`, ran || last.state === 'R')
}

/** It ran between any two looks. */
function tellMoving(stage: Stage, { pid }: Stat, looks: Look[]): void {
  const [first, last] = [looks[0]!, looks.at(-1)!]
  const counts = new Map<string, number>()
  for (const { doing } of looks) counts.set(doing, (counts.get(doing) ?? 0) + 1)
  const seen = [...counts].map(([doing, count]) => `${count} x ${doing}`).join(', ')
  const time = Math.round((last.t - first.t) / 1000)
  stage.evidence(`/proc/${pid}/syscall`, seen, `what ${named(pid)} was in, in ${looks.length} looks`)
  const turns = `${last.switches - first.switches} in ${time} ms`
  stage.evidence(`/proc/${pid}/status`, turns, `how often ${named(pid)} has left a CPU`)
  stage.note(`${named(pid)} does go on: it did not stand still while it was looked at. Just now:`)
  const account = accountOf(createWorld(), pid, true)
  if (account) tellAccount(stage, account)
  stage.claim(
    'why/todo',
    `${named(pid)} ran between the looks`,
    last.switches > first.switches || last.cpuTicks > first.cpuTicks,
  )
}

/** Why a process does not continue: what it waits for, which process has the other end, and what would let it continue. */
import { OsdemoError } from '../../errors.js'
import { isKernelThread, readCpuTimes, type Stat } from '../../proc/stat.js'
import { threads } from '../../proc/task.js'
import type { Demo, Stage } from '../../run/stage.js'
import { accountOf } from '../../why/process-account.js'
import { createWorld } from '../../why/snapshot.js'
import type { Doing, Look } from '../../why/still.js'
import { type Chain, findCycle, follow } from '../../why/wait-graph.js'
import { stateOf } from '../shared/process-state.js'
import { requireProc } from '../shared/require-proc.js'
import { requireLeader } from './leader.js'
import { verb } from './render/telling.js'
import { doingWords, listed, named } from './render/words.js'
import { tellAccount, tellAdvice, tellEvidence, tellFindings } from './report.js'
import { type Found, look, rest, settle } from './settle.js'
import { watchOn } from './watch.js'

export function why(pid: number, watch: boolean): Demo {
  return async (stage) => {
    requireProc('why')
    const stat = requireLeader(stage, pid)
    refuse(stat)
    const times = readCpuTimes(stat.pid)
    const settled = await settle(stage, stat)
    sayState(stage, stat.pid, settled.looks)
    if (settled.found) await tellStanding(stage, stat, settled.looks, settled.found)
    else if (settled.still) await tellRunning(stage, stat, settled.looks, times)
    else tellMoving(stage, stat, settled.looks)
    if (watch) await watchOn(stage, stat)
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

/** @param back 1 for the last one. There is always one: settle looks three times before it finds something */
function lastOf(looks: readonly Look[], back = 1): Look {
  const found = looks.at(-back)
  if (!found) throw new RangeError(`fewer than ${back} looks`)
  return found
}

/** The process is blocked or stopped, or has exited. */
async function tellStanding(stage: Stage, stat: Stat, looks: Look[], { world, chain }: Found): Promise<void> {
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

async function tellRunning(
  stage: Stage,
  stat: Stat,
  looks: Look[],
  times: ReturnType<typeof readCpuTimes>,
): Promise<void> {
  const { pid } = stat
  const name = named(pid)
  const first = lastOf(looks, 2)
  stage.note(`${name} is not blocked: it is running or ready to run.`, 'opening')
  const account = follow(createWorld(), pid).get(pid)
  const proofs = account ? tellAccount(stage, account, true) : []
  // On a loaded machine some time may pass before it gets a CPU.
  await stage.poll(() => {
    const { cpuTicks, state } = look(stat)
    return cpuTicks > first.cpuTicks || state !== 'R'
  })
  const last = look(stat)
  tellEvidence(stage, proofs)
  const milliseconds = Math.round((last.t - first.t) / 1000)
  const onCpu = (last.cpuTicks - first.cpuTicks) * 10
  stage.evidence(`/proc/${pid}/stat`, `${onCpu} ms in ${milliseconds} ms`, 'CPU time: fields 14 and 15', {
    data: { onCpu, milliseconds },
  })
  const repeatsCalls = times && tellShares(stage, pid, times)
  const ran = last.cpuTicks > first.cpuTicks || last.switches > first.switches
  const text = ran
    ? `A process that is not blocked uses CPU time: ${name} has run since the first look.`
    : `A runnable process may have to wait for a CPU: ${name} got none.`
  stage.claim('why/runs-or-ready', text, ran || last.state === 'R')
  if (repeatsCalls) {
    const command = `timeout 1 strace -c -f -p ${pid}`
    const counts = `\`${command}\` counts its calls for a second, and how many fail. They take longer in that second.`
    stage.say({ event: 'note', role: 'next', text: counts, data: { do: 'count-calls', pid, command } })
  }
  stage.say({
    event: 'note',
    role: 'next',
    text: `To stop it for a while, type \`kill -STOP ${pid}\`. \`kill -CONT ${pid}\` continues it, and nothing is lost.`,
    data: { do: 'stop', pid, command: `kill -STOP ${pid}` },
  })
}

/** Less CPU time than this, in milliseconds, shows nothing: a clock tick is 10 ms. */
const enough = 50

/** Where the CPU time of a busy loop goes. @returns whether most of it is spent in system calls */
function tellShares(stage: Stage, pid: number, before: { user: number; kernel: number }): boolean {
  const now = readCpuTimes(pid) ?? before
  const kernel = now.kernel - before.kernel
  const total = now.user - before.user + kernel
  if (total < enough) return false
  const repeatsCalls = kernel * 2 > total
  const text = repeatsCalls
    ? `It was in the kernel for ${kernel} of ${total} ms: it probably repeats calls that do not block.`
    : kernel * 10 < total
      ? `It was in its program for ${total - kernel} of ${total} ms: it computes, or tests a variable again and again.`
      : `It was in the kernel for ${kernel} of ${total} ms: it makes system calls too.`
  stage.note(text)
  stage.evidence(
    `/proc/${pid}/stat`,
    `utime +${total - kernel} ms, stime +${kernel} ms`,
    'fields 14 and 15',
    {
      data: { kernel, total, repeatsCalls: Number(repeatsCalls) },
    },
  )
  return repeatsCalls
}

const lastLook = 'At the last look'

/** It ran between any two looks. */
function tellMoving(stage: Stage, { pid }: Stat, looks: Look[]): void {
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

/** Looks at one process, short enough to be repeated: is it where it was? */
import { DemoFailed } from '../errors.js'
import { now } from '../events.js'
import { readProgress } from '../proc/progress.js'
import { folder, readText } from '../proc/read.js'
import { readStat, type Stat } from '../proc/stat.js'
import { syscallName } from '../proc/syscalls.js'
import { parseSyscall, readWchan, threads } from '../proc/task.js'
import type { Stage } from '../run/stage.js'

export interface Look {
  /** When, in microseconds. */
  t: number
  /** The kernel's letter for its main thread. */
  state: string
  /** What it is in, in words: `read`, `running`, `stopped`, ... */
  doing: string
  /** Two looks with the same have found it in the same call with the same arguments. */
  key: string
  /** How often it has left a CPU, and clock ticks (1/100 s) that it was on one. */
  switches: number
  cpuTicks: number
}

/** @throws DemoFailed when it has ended meanwhile */
export function lookAt({ pid, startTicks }: Pick<Stat, 'pid' | 'startTicks'>): Look {
  const progress = readProgress(pid, pid)
  if (!progress || readStat(pid)?.startTicks !== startTicks) {
    throw new DemoFailed(`process ${pid} ended while it was looked at`, {
      hint: 'ps -e lists those that there are',
    })
  }
  const { state } = progress
  const sleeps = state === 'S' || state === 'D'
  const text = sleeps ? readText(`${folder(pid, pid)}/syscall`) : undefined
  const wchan = sleeps ? readWchan(pid, pid) : undefined
  const call = text === undefined ? undefined : parseSyscall(text)
  const name = typeof call === 'object' ? syscallName(call.number) : undefined
  // The last two words are its stack and its program counter.
  const key = `${state} ${text?.trim().split(' ').slice(0, -2).join(' ') ?? wchan ?? ''}`
  const wait = name === undefined ? (wchan ?? 'waiting') : `in ${name}(2)`
  // The main thread may have ended before the others.
  const zombie = threads(pid).length > 1 ? 'without its main thread' : 'a zombie'
  const doing = { R: 'running', T: 'stopped', t: 'traced', Z: zombie }[state] ?? wait
  return { ...progress, t: now(), doing, key }
}

/** Pause between two looks in milliseconds, and how many of them show that it moves. */
export const pause = 100
const patience = 6

export function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, pause))
}

/** Looks until it has not run between two looks, or was running in both; gives all of them. */
export async function settle(stage: Stage, stat: Stat): Promise<{ looks: Look[]; still: boolean }> {
  const looks = [lookAt(stat)]
  for (;;) {
    await rest()
    looks.push(lookAt(stat))
    const [before, last] = looks.slice(-2) as [Look, Look]
    const still = before.key === last.key && (last.state === 'R' || before.switches === last.switches)
    if (still || looks.length > patience) return { looks, still }
    // Ends a demo whose run is over.
    await stage.poll(() => true)
  }
}

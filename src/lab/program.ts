/** The program of a student: how it is started, what it may use, and what the kernel reports about it. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { readFamily } from '../proc/family.js'
import { type OpenFile, openFiles } from '../proc/fds.js'
import { readPids } from '../proc/pids.js'
import { readCpuTimes, readStat, type Stat } from '../proc/stat.js'
import { readStatus } from '../proc/status.js'
import { threads, waitingThreads } from '../proc/task.js'
import { counted, size } from '../text.js'
import type { Evidence } from './define.js'

/** How a process ended: with a code, or killed by a signal. */
export interface Ending {
  code: number | null
  signal: string | null
}

export interface StartOptions {
  /** What it reads on stdin; /dev/null when left out. `open` is a pipe without data that stays open. */
  stdin?: string | 'open'
  /** Replaces {n}. */
  n?: number
  env?: Record<string, string>
}

export interface Program {
  /** Its pid, as the processes of the check see it. */
  pid: number
  /** How it ended, as soon as it has. */
  ending(): Ending | undefined
  ended: Promise<Ending>
  stdout(): string
  stderr(): string
  /** Sends a signal to the program, without its children. */
  signal(name: NodeJS.Signals): void
  /** Its own pid and those of what it has started, while they exist. */
  pids(): number[]
  children(): number[]
  zombies(): Stat[]
  descriptors(): (OpenFile & { pid: number })[]
  /** CPU time of all its processes, in milliseconds. */
  cpu(): number
  /** Whether one of its threads is running or ready. */
  isBusy(): boolean
  /** In bytes, all its processes together. */
  memory(): { resident: number; mapped: number }
  /** What its threads are blocked in. */
  where(): Evidence[]
}

export interface Limits {
  processes: number
  /** Bytes of resident memory. */
  memory: number
  /** Bytes on stdout and stderr together. */
  output: number
}

export const limits: Limits = { processes: 300, memory: 1 << 30, output: 16 << 20 }

/** So much of its output is kept. */
const kept = 65_536

/** How often the limits are looked at, in milliseconds. */
const interval = 50

export interface Running extends Program {
  /** Kills it with all that it has started. */
  kill(): void
  /** The last lines of what it printed. */
  printed(): string[]
}

interface Start {
  words: string[]
  options: StartOptions
  /** Whether this process is pid 1 of a namespace, so that everything else in it belongs to the program. */
  isolated: boolean
  /** Words that take away privileges and then execute the program. */
  launcher: readonly string[]
  /** Called once, when it has exceeded a limit and was killed. */
  onLimit(text: string): void
}

export function startProgram({ words, options, isolated, launcher, onLimit }: Start): Promise<Running> {
  const [first = '', ...rest] = [...launcher, ...words]
  const child = spawn(first, rest, {
    stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...options.env },
  })
  child.stdin?.on('error', () => {})
  if (options.stdin !== undefined && options.stdin !== 'open') child.stdin?.end(options.stdin)
  let ending: Ending | undefined
  let written = 0
  const known = new Set<number>()
  /** An orphan that has exited. Pid 1 does not reap it, but it is dead. */
  const isForeignZombie = (pid: number) => {
    const stat = readStat(pid)
    return stat?.state === 'Z' && stat.ppid === process.pid && pid !== child.pid
  }
  const isThere = (pid: number) => pid !== process.pid && readStat(pid) !== undefined

  /** All processes of the program. Outside a namespace, a process that was once seen stays known when its parent exits. */
  const pids = (): number[] => {
    if (isolated) return readPids().filter((pid) => pid !== process.pid && !isForeignZombie(pid))
    if (child.pid !== undefined && ending === undefined) known.add(child.pid)
    const family = readFamily()
    for (const pid of known) {
      if (!isThere(pid)) known.delete(pid)
      else for (const each of family.children(pid)) known.add(each)
    }
    return [...known]
  }
  const kill = () => {
    clearInterval(timer)
    // Pid 1 of a namespace reaches every other process of it, and none outside.
    if (isolated && process.pid === 1) return killQuietly(-1)
    for (let round = 0; round < 5; round++) for (const pid of pids()) killQuietly(pid)
    if (child.pid !== undefined) killQuietly(-child.pid)
  }
  const exceed = (text: string) => {
    kill()
    onLimit(text)
  }
  const collect = (stream: Readable | null) => {
    let text: Buffer = Buffer.alloc(0)
    stream?.on('data', (chunk: Buffer) => {
      written += chunk.length
      if (text.length < kept * 2) text = Buffer.concat([text, chunk]).subarray(0, kept * 2)
      if (written > limits.output) {
        stream.destroy()
        exceed(`it printed more than ${size(limits.output)}`)
      }
    })
    return () => text.toString()
  }
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  const memory = () => {
    const all = pids().map((pid) => readStatus(pid))
    const sum = (of: 'rss' | 'mapped') => all.reduce((total, status) => total + (status?.[of] ?? 0), 0)
    return { resident: sum('rss'), mapped: sum('mapped') }
  }
  const timer = setInterval(() => {
    const count = pids().length
    if (count > limits.processes)
      return exceed(`it had more than ${counted(limits.processes, 'process', 'processes')} at once`)
    const { resident } = memory()
    if (resident > limits.memory) exceed(`it used more than ${size(limits.memory)} of memory`)
  }, interval)
  timer.unref()

  return new Promise((resolve, reject) => {
    child.once('error', reject)
    if (child.pid === undefined) return
    const ended = new Promise<Ending>((settle) => {
      child.once('exit', (code, signal) => {
        ending = { code, signal }
        settle(ending)
      })
    })
    resolve({
      pid: child.pid,
      ending: () => ending,
      ended,
      stdout,
      stderr,
      signal: (name) => void child.kill(name),
      pids,
      children: () => pids().filter((pid) => readStat(pid)?.ppid === child.pid),
      zombies: () => zombiesOf(child, pids()),
      descriptors: () => pids().flatMap((pid) => openFiles(pid).map((file) => ({ ...file, pid }))),
      cpu: () => pids().reduce((sum, pid) => sum + cpuOf(pid), 0),
      isBusy: () => pids().some((pid) => threads(pid).some((tid) => readStat(pid, tid)?.state === 'R')),
      memory,
      where: () => pids().slice(0, 4).flatMap(blockedAt),
      kill,
      printed: () => [stdout, stderr].flatMap((text) => lastLines(text())),
    })
  })
}

/** Short lines: a report is for people. */
function lastLines(text: string): string[] {
  const lines = text.trimEnd().split('\n').slice(-10)
  return lines
    .filter((line) => line !== '')
    .map((line) => (line.length > 200 ? `${line.slice(0, 200)}...` : line))
}

/** Zombies whose parent is a process of the program. Orphans belong to pid 1. */
function zombiesOf(child: ChildProcess, pids: number[]): Stat[] {
  const alive = new Set(pids)
  return pids.flatMap((pid) => {
    const stat = readStat(pid)
    return stat?.state === 'Z' && pid !== child.pid && alive.has(stat.ppid) ? [stat] : []
  })
}

function cpuOf(pid: number): number {
  const { user, kernel } = readCpuTimes(pid) ?? { user: 0, kernel: 0 }
  return user + kernel
}

/** The first threads of a process, and the calls that they are blocked in. */
function blockedAt(pid: number): Evidence[] {
  const stat = readStat(pid)
  if (!stat) return []
  return waitingThreads(pid)
    .slice(0, 3)
    .map(({ tid, wchan, syscall }) => ({
      source: `/proc/${pid}/task/${tid}`,
      value:
        syscall === undefined
          ? `${stat.comm}: state ${readStat(pid, tid)?.state ?? stat.state}`
          : `${stat.comm}: blocked in ${syscall}(2)${wchan ? `, ${wchan}` : ''}`,
    }))
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has exited.
  }
}

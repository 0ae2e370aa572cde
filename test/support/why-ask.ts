/** For tests of `why`: programs that are no part of osdemo, and the answers about them. */
import { spawn, spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, type TestContext } from 'vitest'
import { why } from '../../src/demos/why/index.js'
import type { Fact } from '../../src/events.js'
import { isAlive, readStat } from '../../src/proc/stat.js'
import { waitingThreads } from '../../src/proc/task.js'
import type { Stage } from '../../src/run/stage.js'
import { start, temporaryFolder } from './children.js'
import { childrenOf } from './osdemo.js'
import { until } from './until.js'

const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' })

/** Starts a Python program; skips the test without Python. */
export function startPython({ skip }: TestContext, code: string): number {
  skip(python.status !== 0, 'needs python3')
  return start(python.stdout.trim(), ['-c', code]).pid
}

/** Starts a C program; skips the test without a compiler. */
export function startC({ skip }: TestContext, name: string, source: string): number {
  skip(spawnSync('cc', ['--version']).status !== 0, 'needs a C compiler')
  const program = join(temporaryFolder(), name)
  const { status } = spawnSync('cc', ['-w', '-pthread', '-x', 'c', '-o', program, '-'], { input: source })
  expect(status).toBe(0)
  return start(program, []).pid
}

/** Starts a line of sh. All its processes are killed after the test. */
export function startShell(line: string, cwd?: string): { pid: number; printed(): string } {
  const child = spawn('sh', ['-c', line], { stdio: ['ignore', 'pipe', 'ignore'], detached: true, cwd })
  const closed = new Promise((resolve) => child.once('close', resolve))
  onTestFinished(async () => {
    spawnSync('kill', ['-KILL', '--', `-${child.pid}`], { stdio: 'ignore' })
    // A process that waits for a removed FIFO could be waiting for any FIFO. So it must exit before another test
    // looks.
    await closed
  })
  let printed = ''
  child.stdout.on('data', (chunk) => {
    printed += chunk
  })
  return { pid: child.pid!, printed: () => printed }
}

/** The child of this name, as soon as there is one. */
export function childNamed(parent: number, name: string): Promise<number> {
  return until(() => childrenOf(parent).find((pid) => readStat(pid)?.comm === name))
}

/** Waits until the main thread of a process sleeps in this system call. */
export async function inCall(pid: number, call: RegExp): Promise<void> {
  await until(() => {
    const main = waitingThreads(pid).find(({ tid }) => tid === pid)
    return readStat(pid)?.state !== 'R' && main?.wchan !== undefined && call.test(main.syscall ?? '')
  })
}

/** Waits until a process has this many threads, all of them asleep in this system call. */
export async function allInCall(pid: number, threads: number, call: RegExp): Promise<void> {
  await until(() => {
    const all = waitingThreads(pid)
    return all.length === threads && all.every(({ syscall, wchan }) => call.test(syscall ?? '') && wchan)
  })
}

export interface Answer {
  events: Fact[]
  /** All its sentences, one per line. */
  text: string
  /** The first command to type in another terminal. */
  command: string
  /** What each step to try does, in order: `wait`, `write`, `end-others`, ... */
  steps: unknown[]
  /** Its headings, the headline first. */
  headings: string[]
  /** The ids of its claims. */
  claims: (string | undefined)[]
}

type RecordData = { [name: string]: unknown }

function recordsOf({ events }: Answer): RecordData[] {
  return events.flatMap((event) => {
    const data = event.event === 'evidence' ? event.data : undefined
    return isRecord(data) && 'kind' in data ? [data] : []
  })
}

function isRecord(data: unknown): data is RecordData {
  return typeof data === 'object' && data !== null && !Array.isArray(data)
}

/** What blocks a thread, as data: each report of it. */
export function waitsOf(answer: Answer, pid: number, tid = pid): RecordData[] {
  return recordsOf(answer).filter((data) => data.pid === pid && data.tid === tid)
}

export function waitOf(answer: Answer, pid: number, tid?: number): RecordData | undefined {
  return waitsOf(answer, pid, tid)[0]
}

/** The deadlock that it found. */
export function deadlockOf(answer: Answer): RecordData | undefined {
  return recordsOf(answer).find(({ kind }) => kind === 'deadlock')
}

/** The kinds of objects that a thread watches with poll(2) and the like, one per descriptor. */
export function watchedOf({ events }: Answer): unknown[] {
  return events.flatMap((event) => {
    const data: unknown[] = event.event === 'evidence' && Array.isArray(event.data) ? event.data : []
    return data.filter((row) => typeof row === 'object' && row !== null && 'kind' in row)
  })
}

interface Narrow extends Pick<Stage, 'say' | 'note' | 'evidence' | 'claim' | 'poll'> {
  signal: Pick<AbortSignal, 'throwIfAborted'>
}

/**
 * Asks within this process, because starting osdemo takes time.
 *
 * @param betweenLooks runs between two looks at the process
 */
export async function ask(
  pid: number,
  betweenLooks = () => {},
  options: Parameters<typeof why>[1] = {},
): Promise<Answer> {
  const events: Fact[] = []
  const say = (fact: Fact) => void events.push(fact)
  const stage: Narrow = {
    say,
    poll: (look) => until(look),
    signal: { throwIfAborted: betweenLooks },
    note: (text, role = 'step') => say({ event: 'note', text, role }),
    evidence: (source, value, about, more) => say({ event: 'evidence', source, value, about, ...more }),
    claim(id, text, holds) {
      say({ event: 'claim', id, text, holds })
      return holds
    },
  }
  await why(pid, options)(stage as unknown as Stage)
  const claims = events.filter((event) => event.event === 'claim')
  expect(claims.filter(({ holds }) => !holds)).toEqual([])
  expect(claims.length).toBeGreaterThan(0)
  return answerOf(events)
}

export function answerOf(events: Fact[]): Answer {
  const notes = events.filter((event) => event.event === 'note')
  const claims = events.flatMap((event) => (event.event === 'claim' ? [event.id] : []))
  const next = notes.flatMap(({ role, data }) => (role === 'next' && isRecord(data) ? [data] : []))
  return {
    events,
    text: notes.map(({ text }) => text).join('\n'),
    command: next.map(({ command }) => command).find((command) => typeof command === 'string') ?? '',
    steps: next.map((data) => data.do),
    headings: notes.flatMap(({ role, text }) => (role === 'opening' ? [text] : [])),
    claims,
  }
}

/** Types the first command in another terminal. */
export function type({ command }: Answer): void {
  startShell(command.replace(/^osdemo /, `'${process.execPath}' '${resolve('bin/osdemo.js')}' `))
}

export const gone = (pid: number) => until(() => !isAlive(pid))

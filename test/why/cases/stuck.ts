/** Starts all programs of stuck.c side by side, and asks about each. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { readStat } from '../../../src/proc/stat.js'
import { waitingThreads } from '../../../src/proc/task.js'
import { until } from '../../support/until.js'
import { type Answer, ask } from '../../support/why-ask.js'

export interface Stuck {
  pid: number
  /** What the program itself knows to be true. */
  facts: Record<string, number>
  answer: Answer
}

const source = join(import.meta.dirname, 'stuck.c')
export const hasCompiler = spawnSync('cc', ['--version']).status === 0

/** Waits until none of the threads of a process runs, and the main thread sleeps in this call. */
async function blockedIn(pid: number, call: RegExp): Promise<void> {
  await until(() => {
    const all = waitingThreads(pid)
    return (
      /[SD]/.test(readStat(pid)?.state ?? '') &&
      all.every(({ wchan }) => wchan) &&
      call.test(all[0]?.syscall ?? '')
    )
  })
}

/**
 * @param cases the call that each blocks in, by the name of the case
 * @returns what each found; a case that failed rejects in its own test
 */
export function stuckPrograms(
  cases: Record<string, { call: RegExp; prefix?: string[] }>,
): (name: string) => Promise<Stuck> {
  const children: ChildProcess[] = []
  const folder = mkdtempSync(join(tmpdir(), 'osdemo-test-'))
  const found = new Map<string, Promise<Stuck>>()
  beforeAll(async () => {
    if (!hasCompiler) return
    const program = join(folder, 'stuck')
    const built = spawnSync('cc', ['-w', '-pthread', '-o', program, source], { encoding: 'utf8' })
    if (built.status !== 0) throw new Error(built.stderr)
    for (const [name, { call, prefix = [] }] of Object.entries(cases))
      found.set(name, start([...prefix, program, name, join(folder, name)], call))
    await Promise.allSettled(found.values())
  }, 60_000)
  afterAll(() => {
    for (const { pid } of children) if (pid !== undefined) spawnSync('kill', ['-KILL', '--', `-${pid}`])
    rmSync(folder, { recursive: true })
  })
  return (name) => found.get(name) ?? Promise.reject(new Error(`no case ${name}`))

  async function start([command = '', ...words]: string[], call: RegExp): Promise<Stuck> {
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
    children.push(child)
    let printed = ''
    child.stdout.on('data', (chunk) => {
      printed += chunk
    })
    const facts = await until(() => printed.endsWith('\n') && JSON.parse(printed))
    // It was spawned: it printed.
    const pid = child.pid!
    await blockedIn(pid, call)
    return { pid, facts, answer: await ask(pid) }
  }
}

/** Runs the real program, as a user would, with a runtime folder of the test's own. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Event } from '../src/events.js'
import { openFiles } from '../src/proc/fds.js'
import { readNumbers, readText } from '../src/proc/read.js'

export const program = fileURLToPath(new URL('../bin/osdemo.js', import.meta.url))

/** A folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'osdemo-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A running or ended `osdemo`. */
export interface Run {
  pid: number
  child: ChildProcess
  /** What it has written so far, as text. */
  stdout(): string
  stderr(): string
  /** What it has written to stdout so far, as bytes. */
  bytes(): Buffer
  /** Its end: the exit code (128 + n when signal n killed it, as a shell says it). */
  exit: Promise<number>
}

export interface RunOptions {
  /** fd 0 to 2; By default stdin is /dev/null, the others are collected. */
  stdio?: [StdioPart, StdioPart, StdioPart]
  env?: Record<string, string>
  cwd?: string
}
type StdioPart = 'pipe' | 'ignore' | number

/** A place where terminals find each other: the two ends of a test share one. */
export interface Place {
  /** XDG_RUNTIME_DIR of its commands. */
  folder: string
  /** Starts `osdemo WORDS`. It is killed when the test ends, whatever became of it. */
  osdemo(words: string[], options?: RunOptions): Run
  /** What lies in the runtime folder now, the ledger included. */
  leftovers(): string[]
}

export function newPlace(): Place {
  const folder = temporaryFolder()
  return {
    folder,
    osdemo(words, { stdio = ['ignore', 'pipe', 'pipe'], env = {}, cwd } = {}) {
      const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env
      const child: ChildProcess = spawn(process.execPath, [program, ...words], {
        stdio: stdio as StdioOptions,
        env: { ...inherited, XDG_RUNTIME_DIR: folder, ...env },
        ...(cwd !== undefined && { cwd }),
      })
      const [out, err] = [child.stdout, child.stderr].map((stream) => {
        const chunks: Buffer[] = []
        stream?.on('data', (chunk) => chunks.push(chunk))
        return chunks
      }) as [Buffer[], Buffer[]]
      const exit = new Promise<number>((resolve) => {
        child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]))
      })
      onTestFinished(async () => {
        child.kill('SIGKILL')
        await exit
      })
      return {
        pid: child.pid!,
        child,
        stdout: () => Buffer.concat(out).toString(),
        stderr: () => Buffer.concat(err).toString(),
        bytes: () => Buffer.concat(out),
        exit,
      }
    },
    leftovers() {
      const runtime = join(folder, 'osdemo')
      if (!existsSync(runtime)) return []
      const names = readdirSync(runtime, { recursive: true }).map(String)
      return names.filter((name) => name !== 'ledger')
    },
  }
}

/** The events of a run's stdout under `--json`. */
export function parseEvents(stdout: string): Event[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

/** The pids of a run's actors: the processes whose parent it is. */
export function childrenOf(pid: number): number[] {
  return readNumbers('/proc').filter((child) =>
    readText(`/proc/${child}/status`)?.includes(`\nPPid:\t${pid}\n`),
  )
}

/** Whether a process has this file open. */
export function hasOpen(pid: number, path: string): boolean {
  return openFiles(pid).some((file) => file.target === path)
}

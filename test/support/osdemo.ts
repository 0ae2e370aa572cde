/** Runs the real program, as a user would, with a runtime folder made for the test. */
import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv, type ValidateFunction } from 'ajv'
import { expect, onTestFinished } from 'vitest'
import { claimIds } from '../../scripts/claims.js'
import { commands, defaultOf } from '../../src/commands/index.js'
import { errnoOf } from '../../src/errors.js'
import type { Event } from '../../src/events.js'
import { openFiles } from '../../src/proc/fds.js'
import { readNumbers, readText } from '../../src/proc/read.js'
import { waitingThreads } from '../../src/proc/task.js'
import { faultsOf } from '../plain-words/runs.js'
import { disorders } from './causes.js'
import { temporaryFolder } from './folders.js'
import { until } from './until.js'

export { temporaryFolder } from './folders.js'

/** The program of the checkout. Started by this path, it is `node .../bin/osdemo.js` in its hints. */
export const programFile = fileURLToPath(new URL('../../bin/osdemo.js', import.meta.url))

/** A link to it in a folder of PATH, as npm makes one. Started by this path, it is `osdemo` in its hints. */
export const program = linkTo(programFile)

function linkTo(file: string): string {
  // A copy of the checkout may share its node_modules.
  const copy = createHash('sha256').update(file).digest('hex').slice(0, 16)
  const folder = join(file, '../../node_modules/.cache/osdemo-tests', copy)
  const link = join(folder, 'osdemo')
  try {
    mkdirSync(folder, { recursive: true })
    symlinkSync(file, link)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
  return link
}

/** A run of `osdemo`, which may have exited. */
export interface Run {
  pid: number
  child: ChildProcess
  /** What it has written so far, as text. */
  stdout(): string
  stderr(): string
  /** What it has written to stdout so far, as bytes. */
  bytes(): Buffer
  /** Its exit code; 128 + n when signal n killed it, as in a shell. */
  exit: Promise<number>
}

export interface RunOptions {
  /** Descriptors 0 to 2. By default stdin is /dev/null, and the others are collected. */
  stdio?: [StdioPart, StdioPart, StdioPart]
  env?: Record<string, string>
  cwd?: string
  /** Starts it in its own process group, which a test can signal as a terminal does. */
  detached?: boolean
  /** Words before the program, of a command that executes it and so keeps the pid: `taskset -c 0`. */
  prefix?: string[]
  /** The path of an `osdemo` other than that of the checkout. */
  program?: string
}
type StdioPart = 'pipe' | 'ignore' | number

/** A place where terminals find each other. Both ends of a test share one. */
export interface Place {
  /** The XDG_RUNTIME_DIR of its commands. */
  folder: string
  /** Starts `osdemo WORDS`. It is killed when the test ends, whatever happens to the test. */
  osdemo(words: string[], options?: RunOptions): Run
  /**
   * Starts a line of sh in which `osdemo` is the program of the checkout. Its whole process group is killed when the
   * test ends.
   */
  sh(line: string, options?: RunOptions): Run
  /** The files now in the runtime folder, records included, without the default FIFO, which stays between runs. */
  leftovers(): string[]
}

export function newPlace(): Place {
  const folder = temporaryFolder()
  function launch(
    command: string,
    words: string[],
    { stdio = ['ignore', 'pipe', 'pipe'], env = {}, cwd, detached = false }: RunOptions,
  ): Run {
    // As in a shell of a user: without colours or npx of the one who runs the tests.
    const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, npm_lifecycle_event: ____, ...inherited } = process.env
    const child: ChildProcess = spawn(command, words, {
      stdio: stdio as StdioOptions,
      env: { ...inherited, PATH: `${dirname(program)}:${inherited.PATH}`, XDG_RUNTIME_DIR: folder, ...env },
      detached,
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
      if (detached) killQuietly(-child.pid!)
      // An actor of a killed run would hold its stderr open, and the run would not close.
      for (const pid of processesOf({ folder })) killQuietly(pid)
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
  }
  return {
    folder,
    osdemo(words, options = {}) {
      const [command, ...rest] = [
        ...(options.prefix ?? []),
        process.execPath,
        options.program ?? program,
        ...words,
      ]
      return launch(command!, rest, options)
    },
    sh(line, options = {}) {
      const words = ['-c', `osdemo() { '${process.execPath}' '${program}' "$@"; }; ${line}`]
      return launch('sh', words, { ...options, detached: true })
    },
    leftovers() {
      const runtime = join(folder, 'osdemo')
      if (!existsSync(runtime)) return []
      const names = readdirSync(runtime, { recursive: true }).map(String)
      return names.filter((name) => name !== 'pipe')
    },
  }
}

/** The FIFO of `pipe read` and `pipe write` without --path. */
export function defaultFifo({ folder }: Pick<Place, 'folder'>): string {
  return join(folder, 'osdemo', 'pipe')
}

/** Waits for the end of a run. Returns its exit code and all its output. */
export async function outcome(run: Run): Promise<{ exit: number; stdout: string; stderr: string }> {
  return { exit: await run.exit, stdout: run.stdout(), stderr: run.stderr() }
}

/** Kills a process, or a process group as kill(2) names it, even if it has exited. */
function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has exited.
  }
}

/** The events on the stdout of a run with `--json`. */
export function parseEvents(stdout: string): Event[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}

/** The events that a run with `--json` has written so far, without an unfinished line. */
export function eventsSoFar(run: Run): Event[] {
  const text = run.stdout()
  return parseEvents(text.slice(0, text.lastIndexOf('\n') + 1))
}

let validate: ValidateFunction | undefined

/** The events that the published schema refuses, and why. */
export function invalidEvents(events: Event[]): string[] {
  validate ??= compileSchema()
  const check = validate
  return events.flatMap((event) =>
    check(event) ? [] : [`${JSON.stringify(event)}: ${JSON.stringify(check.errors)}`],
  )
}

function compileSchema(): ValidateFunction {
  const schema = JSON.parse(readFileSync(new URL('../../dist/events.schema.json', import.meta.url), 'utf8'))
  return new Ajv({ strict: true, allowUnionTypes: true }).compile(schema)
}

/**
 * Runs a demo with `--json` to its end, and expects what every demo must do: exit 0, valid events in plain words,
 * causes before effects, claims that hold, evidence, and nothing left behind.
 */
export async function playDemo(
  words: string[],
  options: RunOptions = {},
  place = newPlace(),
): Promise<Event[]> {
  const end = words.includes('--') ? words.indexOf('--') : words.length
  const line = words.toSpliced(end, 0, '--json')
  const run = place.osdemo(line, options)
  const exit = await run.exit
  const events = parseEvents(run.stdout())
  const claims = events.filter((event) => event.event === 'claim')
  const broken = claims.filter(({ holds }) => !holds).map(({ text }) => text)
  expect({ exit, stderr: run.stderr(), broken }).toEqual({ exit: 0, stderr: '', broken: [] })
  expect(unlistedClaims(events)).toEqual([])
  expect(invalidEvents(events)).toEqual([])
  expect(disorders(events)).toEqual([])
  expect(faultsOf(events)).toEqual([])
  expect(events[0]).toMatchObject({
    event: 'run',
    command: line,
    pid: run.pid,
    boot: expect.stringMatching(/./),
  })
  expect(claims.length).toBeGreaterThan(0)
  expect(events.map(({ event }) => event)).toContain('evidence')
  expectNothingLeft(place)
  return events
}

/** The claims of a run, or of the chapters of a tour, that docs/reference/events.md does not list for this command. */
export function unlistedClaims(events: Event[]): string[] {
  const listed = claimIds()
  let command = ''
  return events.flatMap((event) => {
    if (event.event === 'run') command = pathOf(event.command)
    if (event.event !== 'claim') return []
    return listed.get(event.id ?? '')?.includes(command) ? [] : [`${command}: ${event.id} (${event.text})`]
  })
}

/** The path of the command that these words call: `queue demo` for `queue --messages 3`. */
function pathOf([first = '', second = '']: string[]): string {
  if (commands.has(`${first} ${second}`)) return `${first} ${second}`
  return commands.has(first) ? first : `${first} ${defaultOf(first)}`
}

/** A place of user 65534, whose commands run as that user. Skips the test where this is not possible. */
export function placeOfNobody(context: Skippable) {
  const options = asUser(65534, context)
  const place = newPlace()
  chownSync(place.folder, 65534, 65534)
  return { place, options }
}

interface Skippable {
  skip(condition: boolean, note: string): void
}

/** How to run a command as another user. Skips the test where this is not possible. */
export function asUser(uid: number, { skip }: Skippable) {
  const prefix = ['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups']
  // Node starts Node, because the user must be able to do that too.
  const again = ['sh', '-c', '"$0" "$1" --version', process.execPath, program]
  const probe = spawnSync('env', [...prefix, ...again])
  skip(probe.status !== 0, 'needs root, setpriv, and a Node and a checkout that any user may read')
  return { prefix }
}

/** The pids of a run's actors: the children of its process. */
export function childrenOf(pid: number): number[] {
  return readNumbers('/proc').filter((child) =>
    readText(`/proc/${child}/status`)?.includes(`\nPPid:\t${pid}\n`),
  )
}

/** The pids of all running processes that belong to a place: everything that its runs started. */
export function processesOf({ folder }: Pick<Place, 'folder'>): number[] {
  const variable = `XDG_RUNTIME_DIR=${folder}`
  return readNumbers('/proc').filter((pid) =>
    readText(`/proc/${pid}/environ`)?.split('\0').includes(variable),
  )
}

/** Whether a process has this file open. */
export function hasOpen(pid: number, path: string): boolean {
  return openFiles(pid).some((file) => file.target === path)
}

/** The pid of a run's actor, as soon as it blocks in open(2) of a FIFO whose other end is not open. */
export function waitingActor({ pid }: Run): Promise<number> {
  return until(() => childrenOf(pid).find(waitsForPartner))
}

/** Whether a process is blocked in open(2) of a FIFO whose other end is not open. */
export function waitsForPartner(pid: number): boolean {
  return waitingThreads(pid).some(({ wchan }) => wchan === 'wait_for_partner')
}

/** Throws when the runs of a place have left a file in the runtime folder, or a process. */
export function expectNothingLeft(place: Place): void {
  const left = [...place.leftovers(), ...processesOf(place).map((pid) => `process ${pid}`)]
  expect(left).toEqual([])
}

/**
 * Kills every command, or an actor of it, with SIGKILL at a random moment, again and again, and checks what is left behind: `npm run
 * test:kills`. It takes minutes, so it is no part of `npm test`. Arguments: the number of runs (200), the seed of the
 * moments, and a prefix of the commands to test (all).
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { commands } from '../../src/commands/index.js'
import { readNumbers, readText } from '../../src/proc/read.js'

const program = fileURLToPath(new URL('../../bin/osdemo.js', import.meta.url))
const [runs = 200, seed = Date.now() % 1_000_000] = process.argv.slice(2, 4).map(Number)
const only = process.argv[4] ?? ''

/** How many commands run at the same time, and the latest moment of the kill, in milliseconds. */
const sideBySide = 4
const longest = 2500

/** What may remain: the runtime folder and the default FIFO, which stay between runs, and the files of --save. */
const expected = ['osdemo', 'osdemo/pipe', 'run.ndjson', 'run.svg', 'run.html']

/** How long a process may outlive its killed supervisor, in milliseconds. */
const patience = 2000

/** How long a run may continue when one of its actors was killed: a demo waits 10 seconds for something that does not happen. */
const patienceWithActor = 20_000

/** Every so many runs an actor is killed, and not the supervisor. */
const actorEvery = 3

/** A small generator of pseudo-random numbers in [0, 1): xorshift32. The same seed gives the same moments. */
function random(start: number): () => number {
  let state = start || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** The kernel objects of all users: System V objects, POSIX queues and shared memory. */
function kernelObjects(): string {
  const tables = ['shm', 'msg', 'sem'].map((kind) => readText(`/proc/sysvipc/${kind}`) ?? '')
  // Other processes may attach a segment, so only its existence is compared.
  const ids = tables.flatMap((table) =>
    table.split('\n').map((line) => line.trim().split(/\s+/).slice(0, 2).join(' ')),
  )
  return [...ids, ...listing('/dev/mqueue'), ...listing('/dev/shm')].join('\n')
}

function listing(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true }).map(String)
  } catch {
    return []
  }
}

function livingIn(folder: string): number[] {
  const variable = `XDG_RUNTIME_DIR=${folder}`
  return readNumbers('/proc').filter((pid) =>
    readText(`/proc/${pid}/environ`)?.split('\0').includes(variable),
  )
}

function start(folder: string, line: string[]): ChildProcess {
  const child = spawn(process.execPath, [program, ...line], {
    cwd: folder,
    env: { ...process.env, XDG_RUNTIME_DIR: folder, TMPDIR: folder },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.stdin!.on('error', () => {})
  return child
}

/** @returns whether the process existed */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL')
  } catch {
    return false
  }
}

interface Outcome {
  line: string
  victim: 'supervisor' | 'actor'
  killedAfter: number
  /** Milliseconds until the last process had exited; undefined when one still runs. */
  gone: number | undefined
  before: string[]
  left: string[]
}

/**
 * Kills a run at this moment, or one of its actors where it has any by then. If the run has exited, another one is killed
 * earlier.
 */
async function killOne(line: string[], moment: number, wanted: Outcome['victim']): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'osdemo-kill-'))
  const child = start(folder, line)
  await Promise.race([sleep(moment), new Promise((resolve) => child.once('exit', resolve))])
  const actor = wanted === 'actor' ? livingIn(folder).find((pid) => pid !== child.pid) : undefined
  const victim = actor === undefined ? 'supervisor' : 'actor'
  if (!(actor === undefined ? child.kill('SIGKILL') : kill(actor))) {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
    return killOne(line, moment / 2, wanted)
  }
  const limit = victim === 'actor' ? patienceWithActor : patience
  const killed = performance.now()
  const elapsed = () => performance.now() - killed
  while (livingIn(folder).length > 0 && elapsed() < limit) await sleep(10)
  const gone = livingIn(folder).length === 0 ? Math.round(elapsed()) : undefined
  const files = () => listing(folder).filter((name) => !expected.includes(name))
  const before = files()
  const cleaning = start(folder, ['clean'])
  await new Promise((resolve) => cleaning.once('exit', resolve))
  const left = files()
  rmSync(folder, { recursive: true })
  return { line: line.join(' '), victim, killedAfter: Math.round(moment), gone, before, left }
}

const next = random(seed)
const kernelBefore = kernelObjects()
const serving = mkdtempSync(join(tmpdir(), 'osdemo-kill-'))
const server = start(serving, ['tcp-echo', '--port', '7107', '--quiet'])
const variants = [...commands]
  .filter(([path]) => path.startsWith(only))
  .flatMap(([path, { killLines }]) => killLines.map((line) => `${path} ${line}`.trim().split(' ')))
const plans = Array.from({ length: runs }, (_, index) => ({
  line: variants[index % variants.length]!.map(
    (word) =>
      ({ PORT: '7107', KEY: `${8_000_000 + index}`, NAME: `/osdemo-kill-${index}`, PID: `${process.pid}` })[
        word
      ] ?? word,
  ),
  moment: next() * longest,
  victim: index % actorEvery === 0 ? ('actor' as const) : ('supervisor' as const),
}))
const outcomes: Outcome[] = []
await Promise.all(
  Array.from({ length: sideBySide }, async () => {
    for (let plan = plans.shift(); plan; plan = plans.shift())
      outcomes.push(await killOne(plan.line, plan.moment, plan.victim))
  }),
)
server.kill('SIGTERM')
await new Promise((resolve) => server.once('exit', resolve))
rmSync(serving, { recursive: true })

const stayed = outcomes.filter(({ gone }) => gone === undefined)
const leaked = outcomes.filter(({ left }) => left.length > 0)
const ofActors = outcomes.filter(({ victim }) => victim === 'actor')
const slowest = outcomes
  .filter(({ victim }) => victim === 'supervisor')
  .reduce((a, b) => ((b.gone ?? patience) > (a.gone ?? patience) ? b : a))
const kernelSame = kernelObjects() === kernelBefore
const report = [
  `${outcomes.length} runs, of ${variants.length} command lines, killed with SIGKILL after 0 to ${longest} ms; seed ${seed}`,
  `in ${ofActors.length} of them an actor was killed, and the run ended within ${Math.max(0, ...ofActors.map(({ gone }) => gone ?? patienceWithActor))} ms`,
  `${stayed.length} left a process after ${patience} ms; the slowest process was gone after ${slowest.gone} ms, of ${slowest.line}, killed after ${slowest.killedAfter} ms`,
  `${outcomes.filter(({ before }) => before.length > 0).length} left a FIFO or a record for osdemo clean to remove`,
  `${leaked.length} left something after that`,
  `System V objects, /dev/mqueue and /dev/shm ${kernelSame ? 'are as before' : 'HAVE CHANGED'}`,
  ...[...stayed, ...leaked].map((outcome) => JSON.stringify(outcome)),
]
process.stdout.write(`${report.join('\n')}\n`)
process.exitCode = stayed.length + leaked.length === 0 && kernelSame ? 0 : 1

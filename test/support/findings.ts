/** Runs programs under strace, with the calls that `osdemo trace` asks for, and looks for mistakes in the log. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { FindingFact } from '../../src/events.js'
import { callsOfFindings, createFinder } from '../../src/findings/index.js'
import { readPids } from '../../src/proc/pids.js'
import { readStatus } from '../../src/proc/status.js'
import { straceFlags } from '../../src/run/start-traced.js'
import { createModel, type Model, type Trace, tracedCalls } from '../../src/trace/model.js'
import { createParser } from '../../src/trace/parse.js'
import { cc } from './compiler.js'
import { leftovers } from './leftovers.js'
import { until } from './until.js'

const calls = [...new Set([...tracedCalls, ...callsOfFindings])].map((name) => `?${name}`).join()

/** In the folder of the program. */
export const logName = 'strace.log'

/**
 * @param words the program and its arguments
 * @param wanted the id of a finding. The program is killed when there is one. Without it, the program has to end by itself
 * @returns the findings of the whole run, or until then
 */
export async function findingsOf(
  words: string[],
  { wanted, cwd }: { wanted?: string; cwd: string },
): Promise<FindingFact[]> {
  const log = join(cwd, logName)
  const flags = [...straceFlags, '--seccomp-bpf', '-e', `trace=${calls}`, '-o', log]
  const removeLeft = leftovers()
  const child = spawn('strace', [...flags, ...words], { cwd, stdio: 'ignore', detached: true })
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => resolve())
  })
  let isOver = false
  void ended.then(() => {
    isOver = true
  })
  let found: FindingFact[] = []
  try {
    await until(() => {
      // The program may end during this look, and the log may be longer then.
      const wasOver = isOver
      if (wanted !== undefined || wasOver) found = findingsIn(log)
      return wasOver || found.some(({ id }) => id === wanted)
    })
  } finally {
    // A process of the program may be in a process group of its own. Its tracer is strace, which has been started.
    for (const pid of isOver ? [] : readPids()) if (readStatus(pid)?.tracer === child.pid) killIfThere(pid)
    if (!isOver) killIfThere(-child.pid!)
    await ended
    removeLeft(traceIn(log, createModel()).things)
  }
  return found
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has exited meanwhile.
  }
}

/**
 * The findings in a log of strace.
 *
 * @param part how much of it is read, as if the trace ended there
 */
export function findingsIn(log: string, part = 1): FindingFact[] {
  const finder = createFinder()
  return finder.finish(traceIn(log, createModel(finder.hooks), part))
}

function traceIn(log: string, model: Model, part = 1): Trace {
  let last = 0
  const parser = createParser((fact) => {
    last = fact.t
    model.take(fact)
  })
  const text = existsSync(log) ? readFileSync(log) : Buffer.alloc(0)
  parser.push(text.subarray(0, text.length * part))
  parser.end()
  return model.finish(part === 1 ? Date.now() * 1000 : last)
}

/** The programs of a page, `wrong.c` and `fixed.c`, and those in its folder of test/fixtures/mistakes. */
export function programsOf(
  id: string,
): { isWrong: boolean; name: string; words(folder: string): string[] }[] {
  const page = readFileSync(`docs/mistakes/${id}.md`, 'utf8')
  const ofPage = (['Wrong', 'Fixed'] as const).map((title) => {
    const [, text = ''] = new RegExp(`^## ${title}$.*?^\`\`\`c$(.*?)^\`\`\`$`, 'ms').exec(page) ?? []
    return { name: `${title.toLowerCase()}.c`, text }
  })
  const folder = `test/fixtures/mistakes/${id}`
  const ofTests = existsSync(folder)
    ? readdirSync(folder).map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))
    : []
  return [...ofPage, ...ofTests].map(({ name, text }, at) => ({
    isWrong: name.startsWith('wrong'),
    name: at < 2 ? `${name} of the page` : name,
    words: (folder) => wordsFor(name, text, folder),
  }))
}

function wordsFor(name: string, text: string, folder: string): string[] {
  const path = join(folder, name)
  writeFileSync(path, text)
  if (extname(name) === '.py') return ['python3', path]
  const program = path.slice(0, -extname(name).length)
  const { status, stderr } = spawnSync(cc, ['-pthread', '-w', '-o', program, path], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name}: ${stderr}`)
  return [program]
}

/**
 * Plants small bugs, one at a time, and runs the test that must notice each of them: `npm run test:mutants`. It takes minutes,
 * so it is no part of `npm test`. Arguments: a prefix of the files to plant bugs in (all).
 *
 * Each bug is planted in a copy of the checkout, so that the checkout stays as it is. Each test first runs without a bug: one that
 * fails then notices nothing.
 */
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { resolve as absolute, join } from 'node:path'
import { mutants } from './mutants/list.js'
import { type Mutant, plant } from './mutants/mutant.js'

/** How long a test may take with a bug planted, in milliseconds. A bug that makes it hang is noticed as well. */
const patience = 120_000

/** How a copy differs from the checkout: what a test needs beside the files that git knows. */
const linked = ['node_modules']

const prefix = process.argv[2] ?? ''
const chosen = mutants.filter(({ file }) => file.startsWith(prefix))
const copies = Array.from({ length: Math.min(availableParallelism(), chosen.length) }, makeCopy)
process.on('exit', () => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true })
})

const queue = [...chosen]
const survivors: Mutant[] = []
/** Whether each test passes without a bug. */
const checked = new Map<string, Promise<boolean>>()
await Promise.all(copies.map(work))

const layers = new Map<string, { planted: number; noticed: number }>()
for (const mutant of chosen) {
  const [, layer = ''] = mutant.file.split('/')
  const { planted, noticed } = layers.get(layer) ?? { planted: 0, noticed: 0 }
  layers.set(layer, { planted: planted + 1, noticed: noticed + (survivors.includes(mutant) ? 0 : 1) })
}
for (const [layer, { planted, noticed }] of [...layers].sort()) {
  process.stdout.write(`src/${layer}: ${noticed} of ${planted} noticed\n`)
}
process.stdout.write(`${chosen.length - survivors.length} of ${chosen.length} bugs were noticed\n`)
process.exitCode = survivors.length === 0 ? 0 : 1

function makeCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), 'osdemo-mutants-'))
  // Some tests run as another user, who has to read it.
  chmodSync(copy, 0o755)
  const files = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' }).split('\0').filter(Boolean)
  for (const file of files) cpSync(file, join(copy, file))
  for (const name of linked) symlinkSync(absolute(name), join(copy, name))
  return copy
}

async function work(copy: string): Promise<void> {
  for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
    const verdict = await verdictOn(copy, mutant)
    if (verdict !== 'noticed') survivors.push(mutant)
    process.stdout.write(`${verdict.padEnd(8)} ${mutant.file}: ${mutant.to.trim().split('\n')[0]}\n`)
  }
}

async function verdictOn(
  copy: string,
  mutant: Mutant,
): Promise<'noticed' | 'SURVIVED' | 'TEST FAILS WITHOUT THE BUG'> {
  const { file, test, title = '' } = mutant
  const key = `${test}\n${title}`
  const passes = checked.get(key) ?? passesIn(copy, mutant)
  checked.set(key, passes)
  if (!(await passes)) return 'TEST FAILS WITHOUT THE BUG'
  const path = join(copy, file)
  const before = readFileSync(path, 'utf8')
  writeFileSync(path, plant(mutant, before))
  try {
    return (await passesIn(copy, mutant)) ? 'SURVIVED' : 'noticed'
  } finally {
    writeFileSync(path, before)
  }
}

/** Whether a test passes in a copy as it is now. @throws Error where the copy does not build: the test would fail for that reason */
async function passesIn(copy: string, { file, test, title }: Mutant): Promise<boolean> {
  if ((await run(copy, ['scripts/build.mjs'])) !== 0) throw new Error(`a bug in ${file} does not build`)
  const words = [
    'node_modules/vitest/vitest.mjs',
    'run',
    test,
    ...(title ? [`--testNamePattern=${title}`] : []),
  ]
  return (await run(copy, words)) === 0
}

/** The exit code of a Node program in a copy, or null where it took too long. */
function run(cwd: string, words: string[]): Promise<number | null> {
  const env = { ...process.env, NO_COLOR: '1' }
  const child = spawn(process.execPath, words, {
    cwd,
    stdio: 'ignore',
    timeout: patience,
    killSignal: 'SIGKILL',
    env,
  })
  return new Promise((resolve) => child.once('exit', resolve))
}

/**
 * The table of the labs: each right program passes in full, and each wrong one fails in exactly the check that names its bug. All checks
 * are run, which takes minutes: `npm run test:labs`.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { VerdictFact } from '../../src/events.js'
import { wrong } from '../lab/echo-server.js'

const lab = 'echo-server'

/** So many programs are checked at the same time. */
const together = 2

const folder = mkdtempSync(join(tmpdir(), 'osdemo-labs-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const right = ['right.c', 'right-fork.c', 'right-poll.c'].map((of) => ({
  name: of,
  of,
  edits: [],
  fails: undefined,
}))
const todo = [...right, ...wrong].entries()
let bad = 0

async function check(command: string[]): Promise<VerdictFact[]> {
  const words = ['bin/osdemo.js', 'lab', 'check', lab, '--json', '--', ...command, '{port}']
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk) => chunks.push(chunk))
  await new Promise((resolve) => child.once('close', resolve))
  const lines = Buffer.concat(chunks).toString().trim().split('\n')
  return lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'verdict')
}

async function work(): Promise<void> {
  for (const [index, { name, of, edits, fails }] of todo) {
    let text = readFileSync(join('test/lab/programs', lab, of), 'utf8')
    for (const [from, to] of edits) text = text.replace(from, () => to)
    const program = join(folder, `${index}`)
    writeFileSync(`${program}.c`, text)
    const { status, stderr } = spawnSync('cc', ['-O1', '-w', '-o', program, `${program}.c`, '-lpthread'])
    if (status !== 0) throw new Error(`${name}: ${stderr}`)
    const begun = performance.now()
    const verdicts = await check([program])
    const failed = verdicts.filter(({ outcome }) => outcome !== 'passed' && outcome !== 'skipped')
    const isRight = verdicts.length > 0 && failed.map(({ id }) => id).join() === (fails ?? '')
    if (!isRight) bad++
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    const what = failed.map(({ id, got, reason }) => `${id}: ${got ?? reason}`).join('; ') || 'passed'
    process.stdout.write(`${isRight ? 'ok ' : 'BAD'} ${seconds.padStart(5)} s  ${name} | ${what}\n`)
  }
}

await Promise.all(Array.from({ length: together }, work))
process.exitCode = bad > 0 ? 1 : 0

/**
 * `osdemo trace` beside strace alone with the same options, for two processes that make 200,000 calls, and how many lines of such a
 * log it follows in a second of CPU time.
 */
import { strictEqual } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { callsOfFindings } from '../src/findings/index.js'
import { straceFlags } from '../src/run/start-traced.js'
import { tracedCalls } from '../src/trace/model.js'
import { compare, timed, timedCpu } from './sides.js'

const exchanges = 50_000
const folder = mkdtempSync(join(tmpdir(), 'osdemo-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** Two processes that send a message to and fro: four calls each time. */
const program = join(folder, 'exchange')
writeFileSync(
  `${program}.c`,
  `#include <unistd.h>
#include <sys/wait.h>
int main(void) {
  int p[2], q[2];
  char b[64] = {0};
  pipe(p);
  pipe(q);
  int child = fork() == 0;
  for (int i = 0; i < ${exchanges}; i++)
    if (child ? read(p[0], b, 64) < 1 || write(q[1], b, 64) < 1 : write(p[1], b, 64) < 1 || read(q[0], b, 64) < 1)
      return 1;
  return child ? 0 : wait(0) < 0;
}`,
)
strictEqual(spawnSync('gcc', ['-O2', '-w', '-o', program, `${program}.c`]).status, 0)

const calls = [...new Set([...tracedCalls, ...callsOfFindings])].map((name) => `?${name}`).join()
const words = ['--seccomp-bpf', '-e', `trace=${calls}`, '-q', ...straceFlags]
const run = (command: string, args: string[]) => () =>
  timed(() => strictEqual(spawnSync(command, args, { stdio: 'ignore' }).status, 0))
const osdemo = join(import.meta.dirname, '../bin/osdemo.js')
await compare(
  '`trace` of 200,000 calls / strace -f with the same options',
  run(process.execPath, [osdemo, 'trace', '--', program]),
  run('strace', [...words, '-o', '/dev/null', program]),
  { timesAsLong: 1.15 },
)

// As in the build: tsx gives each function its name again, which takes longer than to read a line.
const bundle = join(folder, 'trace.mjs')
const parts = ['trace/parse', 'trace/model', 'trace/recorder', 'findings/index']
buildSync({
  stdin: {
    contents: parts.map((part) => `export * from './src/${part}.ts'`).join('\n'),
    resolveDir: join(import.meta.dirname, '..'),
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  outfile: bundle,
})
const {
  createParser,
  createModel,
  createRecorder,
  createFinder,
}: typeof import('../src/trace/parse.js') &
  typeof import('../src/trace/model.js') &
  typeof import('../src/trace/recorder.js') &
  typeof import('../src/findings/index.js') = await import(bundle)

const path = join(folder, 'strace.log')
strictEqual(spawnSync('strace', [...words, '-o', path, program]).status, 0)
const log = readFileSync(path)
const lines = log.toString('latin1').split('\n').length - 1

/** Lines in a second of CPU time. */
async function rate(hooks: () => Parameters<typeof createModel>[0]): Promise<number> {
  const model = createModel(hooks())
  const parser = createParser(model.take)
  const milliseconds = await timedCpu(() => {
    for (let at = 0; at < log.length; at += 65_536) parser.push(log.subarray(at, at + 65_536))
    parser.end()
  })
  const messages = model.finish().talks.reduce((sum, talk) => sum + talk.messages, 0)
  strictEqual(messages, 2 * exchanges)
  return lines / (milliseconds / 1000)
}

for (const [what, hooks] of [
  ['processes, objects and messages', () => ({})],
  ['events and findings too', () => ({ ...createRecorder().hooks, ...createFinder().hooks })],
] as const) {
  await rate(hooks)
  const rates: number[] = []
  for (let round = 0; round < 7; round++) rates.push(await rate(hooks))
  rates.sort((one, other) => one - other)
  const [least = 0, middle = 0, most = 0] = [rates[0], rates[3], rates.at(-1)]
  const shown = (one: number) => `${Math.round(one / 1000)} k`
  const cells = [
    `lines of a log in a second of CPU time: ${what}`,
    '300 k',
    shown(middle),
    `${shown(least)} to ${shown(most)}`,
    middle >= 300_000 ? 'yes' : 'no',
  ]
  process.stdout.write(`| ${cells.join(' | ')} |\n`)
}

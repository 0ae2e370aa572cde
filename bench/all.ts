/** Runs every benchmark, one after the other, and prints a table to paste into docs/inside/performance.md. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { tableHead } from './sides.js'

/** The first line of what a program prints about its version. */
function version(program: string, ...args: string[]): string {
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' })
  return stdout ? stdout.split('\n')[0]! : `no ${program}`
}

const machine = `${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}, ${process.platform} ${release()}`
const versions = [`Node ${process.version}`, version('gcc', '--version'), version('go', 'version')]
process.stdout.write(`${[machine, ...versions].join('; ')}; ${new Date().toISOString().slice(0, 10)}\n\n`)
process.stdout.write(tableHead)
for (const script of ['framing', 'fifo', 'ring', 'segment', 'echo', 'trace', 'startup']) {
  const path = fileURLToPath(new URL(`./${script}.ts`, import.meta.url))
  if (!existsSync(path)) continue
  const { status } = spawnSync(process.execPath, [...process.execArgv, path], { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}

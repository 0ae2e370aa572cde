/**
 * The start-up time of the program, compared with a Node that does nothing (`node -e 0`). Whole processes, one at a time.
 * The package is installed by npm, and has a compile cache of its own, which the first round fills.
 */
import { strictEqual } from 'node:assert'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPackage, packPackage } from '../test/support/install-package.js'
import { compare, type Side, timed } from './sides.js'

// Node would read these certificates at each start of both sides, which takes 60 ms and hides the difference.
delete process.env.NODE_EXTRA_CA_CERTS

const rounds = 21
const folder = mkdtempSync(join(tmpdir(), 'osdemo-startup-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const osdemo = await installPackage(await packPackage(folder), folder)
process.env.XDG_CACHE_HOME = folder
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

/** The goal; higher for Node 20, which has no compile cache. */
const longest = Number.parseInt(process.versions.node, 10) >= 22 ? 1.4 : 1.9

/** A process from its start to its exit. Its stdout must contain `words`. */
function whole(args: string[], words = ''): Side {
  return () =>
    timed(() => {
      const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
      strictEqual(status, 0)
      strictEqual(stdout.includes(words), true, stdout)
    })
}

/** A run of osdemo from its start to the first line on stdout. The rest of the run is not measured. */
function firstLine(words: string[]): Side {
  return async () => {
    const begin = process.hrtime.bigint()
    const child = spawn(process.execPath, [osdemo, ...words], { stdio: ['ignore', 'pipe', 'ignore'] })
    const closed = new Promise((resolve) => child.once('close', resolve))
    const line = await new Promise<string>((resolve) =>
      child.stdout.setEncoding('utf8').once('data', resolve),
    )
    const milliseconds = Number(process.hrtime.bigint() - begin) / 1e6
    strictEqual(JSON.parse(line.split('\n')[0]!).event, 'run')
    child.stdout.resume()
    child.kill('SIGINT')
    await closed
    return milliseconds
  }
}

const nothing = whole(['-e', '0'])
for (const [words, expected, timesAsLong] of [
  [['--version'], version, 1.3],
  [['--help'], 'Usage: osdemo', 1.3],
] as const) {
  const ours = whole([osdemo, ...words], expected)
  await compare(`\`${words.join(' ')}\` / node -e 0`, ours, nothing, { timesAsLong }, rounds)
}
for (const words of [
  ['pipe', 'demo'],
  ['pipe', 'read'],
  ['tcp-echo', 'demo'],
  ['shm', 'threads'],
  ['tour'],
]) {
  const ours = firstLine([...words, '--json'])
  await compare(
    `\`${words.join(' ')} --json\` to its first line / node -e 0`,
    ours,
    nothing,
    { timesAsLong: longest },
    rounds,
  )
}

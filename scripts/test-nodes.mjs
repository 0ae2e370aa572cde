/**
 * Runs the whole test suite on every supported version of Node, one after the other: `npm run test:nodes`, or `npm
 * run test:nodes -- 22 24` for some of them. Each version comes from the npm package `node`. It is installed in a
 * temporary folder that every user may read, because some tests run as another user.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const supported = ['20', '22', '24', '26']
const versions = process.argv.length > 2 ? process.argv.slice(2) : supported

const folder = mkdtempSync(join(tmpdir(), 'osdemo-nodes-'))
chmodSync(folder, 0o755)
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const results = versions.map((version) => {
  const script = 'node --version && exec node node_modules/vitest/vitest.mjs run --reporter=dot'
  const words = ['exec', '--yes', `--cache=${folder}`, `--package=node@${version}`, '--', 'sh', '-c', script]
  const { status, stdout } = spawnSync('npm', words, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) process.stdout.write(stdout)
  const tests = /^.*Tests .*$/m.exec(stdout)?.[0].trim() ?? 'did not run'
  return { status, line: `${/^v[\d.]+$/m.exec(stdout)?.[0] ?? `Node ${version}`}: ${tests}\n` }
})
for (const { line } of results) process.stdout.write(line)
process.exitCode = results.every(({ status }) => status === 0) ? 0 : 1

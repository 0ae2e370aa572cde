// `npm run pictures`: draws the pictures of the README, each from a real run. Use an idle machine: other load shows up in them.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
mkdirSync('docs/pictures', { recursive: true })
for (const demo of ['pipe demo', 'queue', 'process states', 'process layout']) {
  const file = `docs/pictures/${demo.replace(' ', '-')}.svg`
  execFileSync(process.execPath, ['bin/osdemo.js', ...demo.split(' '), '--save', file], { stdio: 'ignore' })
  process.stdout.write(`${file}\n`)
}

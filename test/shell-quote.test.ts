import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { quoted } from '../src/shell-quote.js'
import { eventsSoFar, newPlace } from './support/osdemo.js'
import { until } from './support/until.js'

test.each(['/tmp/p', 'a b', "it's", '$HOME `x`', 'new\nline', "tab\t'quote' \\ \u001b[31m", '\u0085'])(
  'a shell takes the quoted word for %j, and it is one line',
  (word) => {
    expect(quoted(word)).not.toMatch(/\p{Cc}/u)
    const { stdout } = spawnSync('bash', ['-c', `printf %s ${quoted(word)}`], { encoding: 'utf8' })
    expect(stdout).toBe(word)
  },
)

test('the hint for the other terminal can be pasted', async () => {
  const place = newPlace()
  const run = place.osdemo(['pipe', 'read', '--path', 'new\nline', '--json'], { cwd: place.folder })
  const command = "osdemo pipe write --path $'new\\nline'"
  await until(() => eventsSoFar(run).some((event) => event.event === 'note' && event.text.endsWith(command)))
})

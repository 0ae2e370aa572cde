/** JUnit XML: valid for Jenkins, and complete for GitLab, which shows the content of a failure and not its message. */
import { countOf, linesOf, printable, type Results, shortOf } from './words.js'

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escaped = (text: string) => printable(text).replaceAll(/[&<>"]/g, (sign) => entities[sign] ?? '')

export function junit({ lab, verdicts }: Results): string {
  const cases = verdicts.map((verdict) => {
    const { id, title, outcome, milliseconds } = verdict
    const head = `  <testcase classname="osdemo.${lab}" name="${escaped(`${id}: ${title}`)}" time="${(milliseconds / 1000).toFixed(3)}"`
    if (outcome === 'passed') return `${head}/>`
    const kind = { failed: 'failure', 'timed-out': 'failure', skipped: 'skipped', error: 'error' }[outcome]
    const content = escaped(linesOf(verdict).join('\n'))
    return `${head}>\n   <${kind} type="${outcome}" message="${escaped(shortOf(verdict))}">${content}</${kind}>\n  </testcase>`
  })
  const count = {
    tests: verdicts.length,
    failures: countOf(verdicts, 'failed', 'timed-out'),
    errors: countOf(verdicts, 'error'),
    skipped: countOf(verdicts, 'skipped'),
  }
  const counts = Object.entries(count).map(([name, number]) => ` ${name}="${number}"`)
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
 <testsuite name="osdemo ${lab}"${counts.join('')}>
${cases.join('\n')}
 </testsuite>
</testsuites>
`
}

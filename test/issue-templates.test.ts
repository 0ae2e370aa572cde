/** The forms for issues, and where a vulnerability is reported. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const github = '.github/ISSUE_TEMPLATE'
const gitlab = '.gitlab/issue_templates'
const { homepage } = JSON.parse(readFileSync('package.json', 'utf8'))

test('GitHub and GitLab have the same forms', () => {
  const forms = readdirSync(github).filter((name) => name !== 'config.yml')
  const names = forms.map((name) => name.replace('.yml', '').toLowerCase())
  expect(names.sort()).toEqual(
    readdirSync(gitlab)
      .map((name) => name.replace('.md', '').toLowerCase())
      .sort(),
  )
})

test('a report asks for the output of osdemo doctor --json, and for the command', () => {
  const form = readFileSync(`${github}/bug.yml`, 'utf8')
  // Each field that must be filled in, by the label above its validation.
  const required = [...form.matchAll(/label: (.*)\n(?:(?! {2}- )[^\n]*\n)*? {6}required: true/g)].map(
    ([, label]) => label,
  )
  expect(required).toContain('osdemo doctor --json')
  expect(required.length).toBe(3)
  expect(readFileSync(`${gitlab}/Bug.md`, 'utf8')).toContain('`osdemo doctor --json`')
})

test('SECURITY.md and GitHub name the same address for vulnerabilities, in the repository of package.json', () => {
  const address = `${homepage}/security/advisories/new`
  expect(readFileSync('SECURITY.md', 'utf8')).toContain(`<${address}>`)
  expect(readFileSync(`${github}/config.yml`, 'utf8')).toContain(`url: ${address}\n`)
})

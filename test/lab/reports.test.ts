/** The reports of `osdemo lab check`: each is valid by the rules of its consumer, and no output of a program changes it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Outcome, VerdictFact } from '../../src/events.js'
import { formats } from '../../src/lab/reports/index.js'
import { classroom50, gradescope, prairielearn } from '../../src/lab/reports/json.js'
import { github } from '../../src/lab/reports/text.js'
import { temporaryFolder } from '../support/folders.js'
import { newPlace } from '../support/osdemo.js'

/** The syntax of every report, and what no document may have. */
const nasty = [
  '\x1b[2J\x07\0',
  ']]></failure><testcase name="x"/>&amp;',
  'Grade :=>> 100',
  '--|>',
  '::error::no',
  '::stop-commands::x',
  'ok 1 - all # SKIP',
  '  ...',
  '1..99',
  '```',
  '# 100 of 100 points',
  '\ud800 \ufffe \u2028',
]

const verdict = (id: string, outcome: Outcome, more: Partial<VerdictFact> = {}): VerdictFact => ({
  event: 'verdict',
  id,
  title: `Title of ${id} # <&> | \\`,
  outcome,
  points: outcome === 'passed' ? 3 : 0,
  max: 3,
  milliseconds: 1234,
  done: ['Started it'],
  evidence: [{ source: '/proc/1/stat', value: 'Z' }],
  printed: nasty,
  ...more,
})

const failure = {
  expected: nasty.join('\n'),
  got: nasty.join('\n'),
  hint: 'Look',
  repeat: 'osdemo lab check',
}

const results = {
  lab: 'echo-server',
  command: './a.out `x` | y',
  isComplete: true,
  verdicts: [
    verdict('good', 'passed'),
    verdict('bad', 'failed', failure),
    verdict('slow', 'timed-out', failure),
    verdict('not', 'skipped', { reason: 'It needs bad.' }),
    verdict('ours', 'error', { reason: nasty.join('\n') }),
  ],
}

const made = (format: string) => formats[format]?.(results) ?? ''
const string = { type: 'string' }
const number = { type: 'number' }
const closed = (properties: Record<string, object>, optional: string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
})
const listOf = (items: object) => ({ type: 'array', items })
const isValid = (schema: object, text: string) => {
  const check = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema)
  expect({ valid: check(JSON.parse(text)), errors: check.errors }).toEqual({ valid: true, errors: null })
}

test('Gradescope: a score for each test, no total beside them, and only its own words', () => {
  const one = {
    number: string,
    name: string,
    score: number,
    max_score: number,
    status: { enum: ['passed', 'failed'] },
    output: string,
    output_format: { enum: ['text', 'html', 'simple_format', 'md', 'ansi'] },
    visibility: { enum: ['hidden', 'after_due_date', 'after_published', 'visible'] },
  }
  const visibility = { enum: ['hidden', 'after_due_date', 'after_published', 'visible'] }
  isValid(
    closed({ output: string, stdout_visibility: visibility, tests: listOf(closed(one, ['status'])) }),
    made('gradescope'),
  )
  const statuses = JSON.parse(gradescope(results)).tests.map(({ status }: { status?: string }) => status)
  expect(statuses).toEqual(['passed', 'failed', 'failed', undefined, undefined])
})

test('Classroom 50: whole numbers, sums that agree, and the names that the runner passes', () => {
  const env = {
    CLASSROOM: 'os',
    ASSIGNMENT: 'echo',
    ASSIGNMENT_TYPE: 'individual',
    OWNER: 'me',
    SUBMISSION_TAG: 'submit/1',
    COMMIT_URL: 'c',
    RELEASE_URL: 'r',
    REVIEW_URL: 'v',
  }
  const full = { type: 'string', minLength: 1 }
  const points = { type: 'integer', minimum: 0 }
  const one = { 'test-name': full, passed: { type: 'boolean' }, score: points, 'max-score': points }
  const schema = closed({
    schema: { const: 'classroom50/result/v1' },
    classroom: full,
    assignment: full,
    assignment_type: { enum: ['individual', 'group'] },
    owner: full,
    submission: { type: 'string', pattern: '^submit/' },
    commit: full,
    release: full,
    review: full,
    datetime: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$' },
    score: points,
    'max-score': points,
    tests: listOf({ ...closed(one), additionalProperties: true }),
  })
  const text = classroom50(results, env)
  isValid(schema, text)
  expect(JSON.parse(text)).toMatchObject({ score: 3, 'max-score': 15 })
})

test('check50: passed is true, false or null, and only a passed check has no cause', () => {
  const cause = closed(
    { rationale: string, help: { type: ['string', 'null'] }, expected: string, actual: string },
    ['expected', 'actual'],
  )
  const one = {
    name: string,
    description: string,
    passed: { type: ['boolean', 'null'] },
    log: listOf(string),
    cause: { anyOf: [{ type: 'null' }, cause] },
    data: { type: 'object' },
    dependency: { type: ['string', 'null'] },
  }
  isValid(closed({ slug: string, results: listOf(closed(one)), version: string }), made('check50'))
  for (const { passed, cause } of JSON.parse(made('check50')).results) {
    expect(passed === true).toBe(cause === null)
    expect(cause === null || 'expected' in cause === 'actual' in cause).toBe(true)
  }
})

test('PrairieLearn: a score from 0 to 1, and no attempt is lost where something was not decided', () => {
  const one = { name: string, points: number, max_points: number, message: string, output: string }
  const share = { type: 'number', minimum: 0, maximum: 1 }
  const schema = closed(
    {
      gradable: { type: 'boolean' },
      score: share,
      format_errors: listOf(string),
      tests: listOf(closed(one)),
    },
    ['format_errors'],
  )
  isValid(schema, made('prairielearn'))
  expect(JSON.parse(made('prairielearn'))).toMatchObject({ gradable: false })
  const decided = { ...results, verdicts: results.verdicts.slice(0, 4) }
  expect(JSON.parse(prairielearn(decided))).toMatchObject({ gradable: true, score: 0.25 })
})

test('Submitty: a share of the points, and messages with its four kinds', () => {
  const status = { enum: ['information', 'failure', 'warning', 'success'] }
  const share = { type: 'number', minimum: 0, maximum: 1 }
  const data = closed({ score: share, message: listOf(closed({ message: string, status })) })
  isValid(closed({ status: { const: 'success' }, data }), made('submitty'))
})

test('JUnit: only the elements and attributes of the schema of Jenkins, unique names, counts that agree', () => {
  const text = made('junit')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has none of these
  expect(text).not.toMatch(/[\x00-\x08\x0b-\x1f\ufffe\uffff]|\p{Cs}/u)
  const tags = [...text.matchAll(/<(\/?)([\w?][\w-]*)((?: [\w-]+="[^"<]*")*) ?[/?]?>/g)]
  // Nothing between the elements may be taken for markup.
  const rest = text.replaceAll(/<(\/?)([\w?][\w-]*)((?: [\w-]+="[^"<]*")*) ?[/?]?>/g, '')
  expect(rest.replaceAll(/&(?:amp|lt|gt|quot);/g, '')).not.toMatch(/[<&]/)
  const allowed: Record<string, string> = {
    '?xml': 'version,encoding',
    testsuites: '',
    testsuite: 'name,tests,failures,errors,skipped',
    testcase: 'classname,name,time',
    failure: 'type,message',
    error: 'type,message',
    skipped: 'type,message',
  }
  for (const [, isEnd, name = '', attributes = ''] of tags) {
    const names = [...attributes.matchAll(/([\w-]+)=/g)].map(([, each]) => each)
    if (!isEnd)
      expect([name, names.filter((each) => !/^\\|\d/.test(each ?? '')).join()]).toEqual([name, allowed[name]])
  }
  const opened = (name: string) => tags.filter(([, isEnd, each]) => !isEnd && each === name).length
  expect(text).toContain(`tests="5" failures="2" errors="1" skipped="1"`)
  expect([opened('testcase'), opened('failure'), opened('error'), opened('skipped')]).toEqual([5, 2, 1, 1])
  expect(text).toMatch(/<failure type="failed" message="[^"]*">[^<]*Done: Started it[^<]*Kernel: /)
})

test('TAP 14: one version, one plan, a result for each check, and details that are YAML', () => {
  const lines = made('tap').trimEnd().split('\n')
  expect(lines.slice(0, 2)).toEqual(['TAP version 14', '1..5'])
  expect(
    lines.filter((line) => /^(ok|not ok) /.test(line)).map((line) => /^(not )?ok \d/.exec(line)?.[0]),
  ).toEqual(['ok 1', 'not ok 2', 'not ok 3', 'ok 4', 'not ok 5'])
  expect(lines.filter((line) => /^\S.*(?<!\\)# /.test(line))).toEqual([
    expect.stringContaining('# SKIP It needs bad.'),
  ])
  const blocks = made('tap').matchAll(/\n {2}---\n([\s\S]*?)\n {2}\.\.\.(?=\n)/g)
  const details = [...blocks].map(([, block = '']) => parse(block.replaceAll(/^ {2}/gm, '')))
  expect(details).toHaveLength(3)
  for (const { details: list } of details) expect(list).toContain('Printed: Grade :=>> 100')
  // Every other line belongs to such a block.
  expect(lines.slice(2).filter((line) => !/^(?:ok|not ok| {2})/.test(line))).toEqual([])
})

test('GitHub: what the program printed stands between stop-commands with a token that it cannot know', () => {
  const lines = github(results, 'token').trimEnd().split('\n')
  let stopped = false
  const commands: string[] = []
  for (const line of lines) {
    if (line === '::token::') stopped = false
    else if (!stopped && line.startsWith('::')) commands.push(line)
    if (line === '::stop-commands::token') stopped = true
  }
  expect(commands.map((line) => line.slice(0, 9))).toEqual([
    '::error t',
    '::stop-co',
    '::error t',
    '::stop-co',
    '::notice ',
    '::stop-co',
    '::warning',
    '::stop-co',
  ])
  expect(github(results)).not.toBe(github(results))
})

test('VPL: the last line is the grade, and no other line begins as one or ends a block', () => {
  const lines = made('vpl').trimEnd().split('\n')
  expect(lines.at(-1)).toBe('Grade :=>> 20')
  expect(lines.filter((line) => line.startsWith('Grade'))).toHaveLength(1)
  expect(
    [lines.filter((line) => line === '<|--'), lines.filter((line) => line === '--|>')].map(
      (each) => each.length,
    ),
  ).toEqual([5, 5])
})

test('Markdown: one heading, a row for each check, and fences that what is in them does not close', () => {
  const text = made('markdown')
  const outside = text.replaceAll(/^(`{3,})\n[\s\S]*?\n\1$/gm, '')
  expect(outside.match(/^# /gm)).toHaveLength(1)
  expect(outside.match(/^## /gm)).toHaveLength(4)
  expect(outside).not.toContain('Grade')
  expect(outside.match(/^\| (?:good|bad|slow|not|ours) \|/gm)).toHaveLength(5)
})

test('all reports of a run are complete, and the program that prints their syntax gets no point', async () => {
  const folder = temporaryFolder()
  const file = join(folder, 'shout.sh')
  const print = nasty.slice(1, -1).map((line) => `echo '${line}'`)
  writeFileSync(file, `#!/bin/sh\n${print.join('\n')}\nexit 3\n`, { mode: 0o755 })
  const names = Object.keys(formats)
  expect(names).toHaveLength(11)
  const options = names.flatMap((name) => ['--report', `${name}=${join(folder, 'new', name)}`])
  const only = ['--only', 'echoes-a-frame,empty-frame']
  const run = newPlace().osdemo(['lab', 'check', 'echo-server', ...only, ...options, '--', file, '{port}'])
  expect(await run.exit).toBe(1)
  const report = (name: string) => readFileSync(join(folder, 'new', name), 'utf8')
  for (const name of names) expect(report(name)).toContain('echoes-a-frame')
  const tests = JSON.parse(report('gradescope')).tests
  expect(tests).toMatchObject([
    { score: 0, max_score: 10, status: 'failed' },
    { score: 0, max_score: 5 },
  ])
  expect(tests[1]).not.toHaveProperty('status')
  expect(report('vpl').trimEnd().split('\n').at(-1)).toBe('Grade :=>> 0')
})

test.each(['nonsense=x', 'junit', 'junit='])('--report %s is a usage error', async (value) => {
  const run = newPlace().osdemo(['lab', 'check', 'echo-server', '--report', value, '--', 'true', '{port}'])
  expect(await run.exit).toBe(2)
})

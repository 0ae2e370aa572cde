/** examples/lab-image/Dockerfile, as far as it can be checked without an engine for containers. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { newPlace } from './support/osdemo.js'

const text = readFileSync('examples/lab-image/Dockerfile', 'utf8')

/** The instructions, each as one line: a comment may stand between the lines of one. */
const instructions = text
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? []
    return { name, rest }
  })
const runs = instructions.flatMap(({ name, rest }) => (name === 'RUN' ? [rest] : []))
const manifest = JSON.parse(readFileSync('package.json', 'utf8'))

test('the image has a Node that osdemo accepts, and its user is not root', () => {
  expect(instructions[0]).toEqual({ name: 'FROM', rest: expect.stringMatching(/^node:\d+-trixie-slim$/) })
  const [major, oldest] = [instructions[0]!.rest, manifest.engines.node].map((each) =>
    Number(/\d+/.exec(each)),
  )
  expect(major).toBeGreaterThanOrEqual(oldest!)
  const users = instructions.filter(({ name }) => name === 'USER')
  expect(users.map(({ rest }) => rest)).toEqual(['node'])
})

test('a shell accepts each command', () => {
  expect(runs.length).toBeGreaterThan(2)
  for (const run of runs) expect(spawnSync('sh', ['-n', '-c', run]).status, run).toBe(0)
})

test('every package exists in Debian', ({ skip }) => {
  const packages = runs.flatMap(
    (run) => /apt-get install((?: +[\w.+-]+)+)/.exec(run)?.[1]?.trim().split(/ +/) ?? [],
  )
  const names = packages.filter((word) => !word.startsWith('--'))
  expect(names.length).toBeGreaterThan(5)
  const { stdout } = spawnSync('apt-cache', ['policy', ...names], { encoding: 'utf8' })
  // gcc is in every Debian.
  skip(!/^gcc:\n.*\n {2}Candidate: \d/m.test(stdout ?? ''), 'needs apt-cache and the lists of apt-get update')
  const found = [...stdout.matchAll(/^(\S+):\n.*\n {2}Candidate: (?!\(none\))/gm)].map(([, name]) => name)
  expect(found).toEqual(names)
})

test('the file that is copied is the one that npm pack writes', () => {
  const copies = instructions.flatMap(({ name, rest }) => (name === 'COPY' ? [rest.split(' ')[0]!] : []))
  // As npm names it.
  const filename = `${manifest.name}-${manifest.version}.tgz`
  const isMatched = (pattern: string) =>
    spawnSync('sh', ['-c', `case $1 in ${pattern}) exit 0; esac; exit 1`, 'sh', filename])
  expect(copies.map((pattern) => isMatched(pattern).status)).toEqual([0])
})

test('every command of osdemo works, and every document that is named exists', async () => {
  const calls = runs.flatMap((run) =>
    [...run.matchAll(/\bosdemo ((?:[a-z]+ ?)+)/g)].map(([, words]) => words!.trim()),
  )
  expect(calls).toContain('completion bash')
  for (const call of calls) expect(await newPlace().osdemo(call.split(' ')).exit, call).toBe(0)
  const paths = text.match(/docs\/[\w/-]+\.md/g) ?? []
  expect(paths.filter((path) => !existsSync(path))).toEqual([])
})

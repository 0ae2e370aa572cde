/** Programs that are right show no finding, neither after the whole run nor where the trace ends earlier, as it does after Ctrl-C. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cc, noCompiler } from './support/compiler.js'
import { findingsIn, findingsOf, logName } from './support/findings.js'
import { foldersOfFile } from './support/folders.js'
import { has, noStrace, whyNoStrace } from './support/strace.js'

const folder = 'test/fixtures/ordinary'
const newFolder = foldersOfFile()

/** The program itself: `python3` may be a script that looks for it with dozens of processes. */
const python = has('python3')
  ? spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout.trim()
  : ''

const interpreters: Record<string, string[]> = {
  '.sh': ['bash', '-e'],
  '.py': [python],
  '.pl': ['perl'],
  '.rb': ['ruby'],
  '.mjs': [process.execPath],
  '.java': ['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'],
}

function wordsFor(name: string, cwd: string): string[] {
  const path = join(cwd, name)
  if (extname(name) !== '.c') {
    copyFileSync(join(folder, name), path)
    return [...(interpreters[extname(name)] ?? []), path]
  }
  const program = path.slice(0, -2)
  const { status, stderr } = spawnSync(cc, ['-w', '-o', program, join(folder, name)], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name}: ${stderr}`)
  return [program]
}

/** What is missing for it here. */
function missing(name: string): string[] {
  if (name.endsWith('.c')) return noCompiler ? ['a C compiler'] : []
  const [, needs = ''] = /needs: (.*)/.exec(readFileSync(join(folder, name), 'utf8')) ?? []
  const [interpreter = ''] = interpreters[extname(name)] ?? []
  return [...needs.split(' ').filter(Boolean), interpreter].filter((program) => !has(program))
}

describe.skipIf(noStrace).concurrent(`ordinary programs${whyNoStrace}`, () => {
  for (const name of readdirSync(folder)) {
    const lacking = missing(name)
    const why = lacking.length > 0 ? ` (skipped: no ${lacking.join(', ')})` : ''
    test.skipIf(lacking.length > 0)(`${name}${why}`, async () => {
      const cwd = newFolder()
      const program = ['env', `PYTHON=${python}`, ...wordsFor(name, cwd)]
      const words = ['sh', '-c', '"$@" 2> stderr; echo $? > code', 'sh', ...program]
      const found = await findingsOf(words, { cwd })
      expect(found).toEqual([])
      expect(readFileSync(join(cwd, 'code'), 'utf8'), readFileSync(join(cwd, 'stderr'), 'utf8')).toBe('0\n')
      for (const part of [0.3, 0.6, 0.9]) expect(findingsIn(join(cwd, logName), part)).toEqual([])
    })
  }
})

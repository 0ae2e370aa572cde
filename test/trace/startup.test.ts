/** The start of a program is left out, as far as the calls show its end: held against an independent reading of real logs. */
import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createModel, type Process } from '../../src/trace/model.js'
import { createParser } from '../../src/trace/parse.js'
import { cc, noCompiler } from '../support/compiler.js'
import { temporaryFolder } from '../support/folders.js'
import { has, noStrace, traced, whyNoStrace } from '../support/strace.js'

function processesOf(log: string): Process[] {
  const model = createModel()
  const parser = createParser(model.take)
  parser.push(readFileSync(log))
  parser.end()
  return model.finish().processes
}

/** How many calls returned behind execve(2), up to the first successful one that matches, which may be in two lines. */
function callsUpTo(log: string, wanted: RegExp): number {
  const lines = readFileSync(log, 'latin1').split('\n')
  const begin = lines.findIndex((line) => wanted.test(line) && !/ = -1 /.test(line))
  const [tid] = lines[begin]?.split(' ') ?? []
  const isCut = lines[begin]?.endsWith('<unfinished ...>')
  const end = isCut
    ? lines.findIndex((line, at) => at > begin && line.startsWith(`${tid} `) && line.includes('resumed>'))
    : begin
  const isReturn = (line: string) => /\) += [^?]|\) += \? E/.test(line)
  return lines.slice(1, end + 1).filter(isReturn).length
}

const starts = (process: Process | undefined) =>
  (process?.startups ?? []).map(({ program, isLanguage, calls }) => ({ program, isLanguage, calls }))

describe.skipIf(noStrace)(`start-up${whyNoStrace}`, () => {
  test('that of a language ends where the script is opened', async () => {
    const languages = [
      ['/usr/bin/python3', 'a.py', 'print(1)'],
      ['perl', 'a.pl', 'print 1'],
      ['bash', 'a.sh', 'echo 1'],
      ['sh', 'b.sh', 'echo 1'],
      ['node', 'a.cjs', 'console.log(1)'],
    ] as const
    const here = languages.filter(([program]) => has(program))
    expect(here.length).toBeGreaterThan(0)
    const folder = temporaryFolder()
    for (const [program, name, text] of here) {
      writeFileSync(join(folder, name), text)
      const log = await traced([program, name], folder)
      const calls = callsUpTo(log, new RegExp(` open(?:at)?\\(.*${name.replace('.', '\\.')}`))
      const [first] = processesOf(log)
      const language = program.split('/').at(-1)
      expect(starts(first)).toEqual([{ program: language, isLanguage: true, calls }])
      expect(first!.calls).toBeGreaterThan(calls)
    }
  })

  test('a script names its language in its first line', async () => {
    const folder = temporaryFolder()
    const script = join(folder, 'script')
    writeFileSync(script, '#!/usr/bin/env -S sh -e\necho 1\n')
    chmodSync(script, 0o755)
    // env(1) executes the shell, with the path of the script.
    expect(starts(processesOf(await traced([script], folder))[0]).map(({ program }) => program)).toContain(
      'sh',
    )
    writeFileSync(script, '#!/bin/sh\necho 1\n')
    const log = await traced([script], folder)
    const calls = callsUpTo(log, / open(?:at)?\(.*script/)
    expect(starts(processesOf(log)[0])).toEqual([{ program: 'sh', isLanguage: true, calls }])
  })

  test.skipIf(noCompiler)('of another program only the loading of libraries is left out', async () => {
    const folder = temporaryFolder()
    const program = join(folder, 'own')
    // It opens and reads its own file, as a script would be.
    const code = `#include <fcntl.h>
#include <unistd.h>
int main(int count, char **word) { char b[64]; int f = open(word[0], O_RDONLY); return read(f, b, 64) != 64; }`
    writeFileSync(`${program}.c`, code)
    expect(spawnSync(cc, ['-w', '-o', program, `${program}.c`]).status).toBe(0)
    const log = await traced([program], folder)
    const list = / mmap\(.*ld\.so\.cache>.* = (0x[0-9a-f]+)/.exec(readFileSync(log, 'latin1'))?.[1]
    // A loader without such a list shows no end.
    const expected =
      list === undefined
        ? []
        : [{ program: 'own', isLanguage: false, calls: callsUpTo(log, new RegExp(` munmap\\(${list},`)) }]
    expect(starts(processesOf(log)[0])).toEqual(expected)
  })

  test('where the calls do not show the script, a language has loaded libraries only', async () => {
    const processes = processesOf(await traced(['sh', '-c', 'echo 1 | cat']))
    expect(processes.flatMap(starts).some(({ isLanguage }) => isLanguage)).toBe(false)
  })
})

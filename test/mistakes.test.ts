/** Each wrong program of a page, and of its folder in test/fixtures/mistakes, shows the finding; no fixed one shows any. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createFinder, findingIds } from '../src/findings/index.js'
import { readCommandLine } from '../src/proc/cmdline.js'
import { readPids } from '../src/proc/pids.js'
import { createModel } from '../src/trace/model.js'
import { createParser } from '../src/trace/parse.js'
import { noCompiler, whyNoCompiler } from './support/compiler.js'
import { findingsIn, findingsOf, logName, programsOf } from './support/findings.js'
import { foldersOfFile } from './support/folders.js'
import { has, noStrace, whyNoStrace } from './support/strace.js'
import { until } from './support/until.js'

const newFolder = foldersOfFile()

const pages = readdirSync('docs/mistakes', { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.md'))
  .map((name) => name.slice(0, -3))

/** Of a log. */
const parts = Array.from({ length: 8 }, (_, n) => (n + 1) / 9)

test('each finding has a page, and each page a finding', () => {
  expect(pages.sort()).toEqual([...findingIds].sort())
})

describe.skipIf(noStrace || noCompiler)(`mistakes${whyNoStrace}${whyNoCompiler}`, () => {
  const hasPython = has('python3')
  describe.concurrent.each(findingIds)('%s', (id) => {
    for (const { isWrong, name, words } of programsOf(id))
      test.skipIf(name.endsWith('.py') && !hasPython)(name, async () => {
        const [cwd, folder] = [newFolder(), newFolder()]
        const found = await findingsOf(words(folder), { cwd, ...(isWrong && { wanted: id }) })
        const isOfProgram = (pid: number) => readCommandLine(pid)?.some((word) => word.startsWith(folder))
        await until(() => !readPids().some(isOfProgram))
        const ids = [...new Set(found.map((finding) => finding.id))]
        expect(ids).toEqual(isWrong ? [id] : [])
        // A right program shows none either where the trace ends earlier, as after Ctrl-C.
        for (const part of isWrong ? [] : parts)
          expect({ part, found: findingsIn(join(cwd, logName), part) }).toEqual({ part, found: [] })
      })
  })

  test('a circle that stood until signals killed its processes counts too, as after Ctrl-C', async () => {
    const circle = programsOf('lock/deadlock').find(({ name }) => name === 'wrong-circle-of-three.c')
    const found = await findingsOf(circle!.words(newFolder()), { cwd: newFolder() })
    expect(found.map(({ id }) => id)).toEqual(['lock/deadlock'])
  })
})

test('evidence quotes a call as strace writes it', () => {
  const finder = createFinder()
  const model = createModel(finder.hooks)
  const calls = [
    'openat(AT_FDCWD</>, "/no", O_RDONLY) = -1 ENOENT (No such file or directory)',
    'write(-1, "x", 1) = -1 EBADF (Bad file descriptor)',
  ]
  const parser = createParser(model.take)
  parser.push(Buffer.from(calls.map((call, at) => `7 5.00000${at} ${call} <0.000001>\n`).join('')))
  const [finding] = finder.finish(model.finish())
  expect(finding?.evidence.map(({ value }) => value)).toEqual(calls)
})

test('a child whose lines stand before the return of fork(2) is seen as any other', () => {
  const finder = createFinder()
  const model = createModel(finder.hooks)
  const parser = createParser(model.take)
  const lines = [
    '7 5.000001 execve("./a.out", ["./a.out"], 0x7ffd /* 9 vars */) = 0 <0.000001>',
    '7 5.000002 newfstatat(1</dev/null<char 1:3>>, "", {st_mode=S_IFCHR|0666}, AT_EMPTY_PATH) = 0 <0.000001>',
    '7 5.000003 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>',
    '8 5.000004 write(1</dev/null<char 1:3>>, "one\\ntwo\\n", 8) = 8 <0.000001>',
    '8 5.000005 +++ exited with 0 +++',
    '7 5.000006 <... clone resumed>) = 8 <0.000003>',
    '7 5.000007 write(1</dev/null<char 1:3>>, "one\\n", 4) = 4 <0.000001>',
    '7 5.000008 +++ exited with 0 +++',
  ]
  parser.push(Buffer.from(lines.map((line) => `${line}\n`).join('')))
  parser.end()
  const found = finder.finish(model.finish())
  expect(found.map(({ id }) => id)).toEqual(['io/stdio-buffer-duplicated-by-fork'])
})

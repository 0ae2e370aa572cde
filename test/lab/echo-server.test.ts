/** `osdemo lab check echo-server`: right servers pass, each wrong one fails in the check that names its bug, and hostile ones harm no other process. */
import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readCommandLine } from '../../src/proc/cmdline.js'
import { readPids } from '../../src/proc/pids.js'
import { isAlive } from '../../src/proc/stat.js'
import { findIsolation } from '../../src/run/isolation.js'
import { noCompiler, whyNoCompiler } from '../support/compiler.js'
import { pathWith, temporaryFolder } from '../support/folders.js'
import { checked, programOf } from '../support/lab.js'
import { newPlace, parseEvents, placeOfNobody } from '../support/osdemo.js'
import { wrong } from './echo-server.js'

const lab = 'echo-server'

/** The checks that have to pass before this one is run. */
const needs: Record<string, string[]> = {
  'short-writes': ['short-reads'],
  'slow-reader': ['many-clients'],
  zombies: ['many-clients'],
  'truncated-frame': ['short-reads'],
  'idle-at-end': ['short-reads', 'truncated-frame'],
  descriptors: ['short-reads', 'truncated-frame', 'idle-at-end'],
  reset: ['short-reads', 'truncated-frame'],
  restart: ['terminates'],
}

describe.skipIf(noCompiler)(`servers in C${whyNoCompiler}`, () => {
  test('a right one passes in full', async () => {
    const { exit, verdicts, idsOf } = await checked(lab, ['--', programOf(lab, 'right.c'), '{port}'])
    expect(idsOf('failed', 'timed-out', 'error', 'skipped')).toEqual([])
    expect({ exit, points: verdicts.reduce((sum, { points }) => sum + points, 0) }).toEqual({
      exit: 0,
      points: 100,
    })
  })

  // Each with the checks that the bug could reach. `npm run test:labs` runs all checks of all of them.
  test('wrong ones fail in exactly the check that names the bug', async () => {
    const todo = wrong.values()
    const work = async () => {
      for (const { name, of, edits, fails } of todo) {
        const only = ['echoes-a-frame', ...(needs[fails] ?? []), fails]
        const program = programOf(lab, of, edits)
        const { exit, verdicts, idsOf } = await checked(lab, ['--only', only.join(), '--', program, '{port}'])
        expect({ name, exit, failed: idsOf('failed', 'timed-out', 'error') }).toEqual({
          name,
          exit: 1,
          failed: [fails],
        })
        const failure = verdicts.find(({ id }) => id === fails)
        expect(failure).toMatchObject({
          points: 0,
          expected: expect.stringMatching(/./),
          got: expect.stringMatching(/./),
          hint: expect.stringMatching(/./),
          repeat: expect.stringContaining(`--only ${fails} -- ${program}`),
        })
        expect(failure?.done.length).toBeGreaterThan(0)
      }
    }
    // They wait most of the time.
    await Promise.all(Array.from({ length: 8 }, work))
  })
})

const isolated = (await findIsolation()).namespaces.length > 0
const why = isolated ? '' : ' (skipped: this system allows no user namespaces)'

/** What each hostile program does, in Python. It must fail, and harm no other process. */
const hostile: [name: string, code: string][] = [
  ['forks without end', 'while True: os.fork()'],
  ['fills stdout', 'while True: os.write(1, b"x" * 65536)'],
  ['closes its descriptors', 'os.closerange(0, 3); time.sleep(100)'],
  [
    'kills its parent and all others',
    'os.kill(1, 9); os.kill(os.getppid(), 9); os.kill(os.getppid(), 19); time.sleep(100)',
  ],
  ['takes memory without end', 'a = []\nwhile True: a.append(bytearray(50 << 20))'],
]

describe.skipIf(!isolated)(`hostile programs${why}`, () => {
  test('neither hang nor harm, and each gets its verdict', async () => {
    await Promise.all(
      hostile.map(async ([name, code]) => {
        const file = join(temporaryFolder(), 'hostile.py')
        writeFileSync(
          file,
          `import os, time\nif os.getpid() < 1000 and os.getppid() == 1:\n ${code.replaceAll('\n', '\n ')}\n`,
        )
        const words = [
          '--only',
          'echoes-a-frame,empty-frame',
          '--timeout-scale',
          '1',
          '--',
          '/usr/bin/python3',
          file,
          '{port}',
        ]
        const { exit, verdicts } = await checked(lab, words)
        const outcomes = verdicts.map(({ outcome }) => outcome)
        expect({ name, exit, outcomes }).toEqual({ name, exit: 1, outcomes: ['failed', 'skipped'] })
        const left = readPids().filter((pid) => readCommandLine(pid)?.includes(file) && isAlive(pid))
        expect({ name, left }).toEqual({ name, left: [] })
      }),
    )
  })

  test('a program of an ordinary user is isolated too', async (context) => {
    const { place, options } = placeOfNobody(context)
    const file = join(place.folder, 'look.sh')
    writeFileSync(file, '#!/bin/sh\necho "pid $$ parent $PPID"\n', { mode: 0o755 })
    chownSync(file, 65534, 65534)
    const run = place.osdemo(
      ['lab', 'check', lab, '--only', 'echoes-a-frame', '--json', '--', file, '{port}'],
      options,
    )
    expect(await run.exit).toBe(1)
    const verdict = parseEvents(run.stdout()).find((event) => event.event === 'verdict')
    expect(verdict).toMatchObject({
      outcome: 'failed',
      printed: [expect.stringMatching(/^pid \d{1,3} parent 1$/)],
    })
  })
})

test('control characters and the syntax of reports do not reach the terminal', async () => {
  const file = join(temporaryFolder(), 'shout.sh')
  writeFileSync(file, `#!/bin/sh\nprintf '\\033[2J\\007::error::no\\n'; exit 3\n`, { mode: 0o755 })
  const run = newPlace().osdemo(['lab', 'check', lab, '--only', 'echoes-a-frame', '--', file, '{port}'])
  expect(await run.exit).toBe(1)
  expect(run.stdout()).toContain('x1b[2J')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
  expect(run.stdout()).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
})

test.skipIf(noCompiler)(`without namespaces, the checks run and say so${whyNoCompiler}`, async () => {
  const PATH = pathWith('sh', 'setpriv', 'env')
  const only = ['--only', 'echoes-a-frame,zombies,terminates']
  const words = [...only, '--', programOf(lab, 'right-fork.c'), '{port}']
  const { exit, events, idsOf } = await checked(lab, words, { env: { PATH } })
  expect({ exit, passed: idsOf('passed') }).toEqual({
    exit: 0,
    passed: ['echoes-a-frame', 'zombies', 'terminates'],
  })
  expect(events.filter((event) => event.event === 'note' && event.role === 'aside')).toHaveLength(1)
})

test.each([
  [['echo-servr', '--', 'true', '{port}'], 2],
  [['echo-server', '--', 'true'], 2],
  [['echo-server'], 2],
  [['echo-server', '--only', 'nonsense', '--', 'true', '{port}'], 2],
  [['echo-server', '--', './no-such-program', '{port}'], 127],
])('lab check %j exits with %i and says what is right', async (words, exit) => {
  const run = newPlace().osdemo(['lab', 'check', ...words])
  expect(await run.exit).toBe(exit)
  expect(run.stderr()).toMatch(/^osdemo: .+\n.+/)
})

test('lab list has the lab, and lab show prints its sheet', async () => {
  const [list, show] = [
    ['lab', 'list', '--json'],
    ['lab', 'show', lab],
  ].map((words) => newPlace().osdemo(words))
  expect(await Promise.all([list?.exit, show?.exit])).toEqual([0, 0])
  const rows = parseEvents(list?.stdout() ?? '').filter((event) => event.event === 'note' && event.row)
  expect(rows).toMatchObject([{ data: { name: lab, checks: 15, points: 100 } }])
  expect(show?.stdout()).toMatch(/^# .+\n[\s\S]*16,777,216/)
})

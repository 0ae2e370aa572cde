/** The command line as a whole, with the real program. */
import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commands, isGroup, topics } from '../src/commands/index.js'
import { glossary } from '../src/terms.js'
import { withoutFfi } from './support/no-ffi.js'
import { newPlace, parseEvents, temporaryFolder } from './support/osdemo.js'

async function osdemo(words: string[], env: Record<string, string> = {}) {
  const run = newPlace().osdemo(words, { env })
  return { exit: await run.exit, stdout: run.stdout(), stderr: run.stderr() }
}

describe('help', () => {
  test.each([...commands.keys()])(
    '`osdemo help %s` and `--help` show the options and two examples or more',
    async (name) => {
      const words = name.split(' ')
      const [help, flag] = await Promise.all([osdemo(['help', ...words]), osdemo([...words, '--help'])])
      expect(flag).toEqual(help)
      const { exit, stdout } = help
      expect(exit).toBe(0)
      expect(stdout).toContain(`Usage: osdemo ${name}`)
      expect(stdout).toContain('--json')
      expect(stdout.split('Examples:\n')[1]?.trim().split('\n').length).toBeGreaterThanOrEqual(2)
    },
  )

  const groups = Object.keys(topics).filter((name) => isGroup(topics[name]!))
  test.each(groups)('`osdemo %s --help` lists the members with exit 0', async (group) => {
    const { exit, stdout } = await osdemo([group, '--help'])
    expect(exit).toBe(0)
    for (const name of [...commands.keys()].filter((path) => path.startsWith(`${group} `))) {
      expect(stdout).toContain(name.split(' ')[1])
    }
    expect(stdout.split('Examples:\n')[1]?.trim().split('\n').length).toBeGreaterThanOrEqual(2)
  })

  test('no page of help is wider than 80 columns', async () => {
    const pages = [...groups, ...commands.keys(), 'help'].map((name) =>
      osdemo([...name.split(' '), '--help']),
    )
    const lines = (await Promise.all(pages)).flatMap(({ stdout }) => stdout.split('\n'))
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })

  test.each([
    [['shm', '--help'], 'Usage: osdemo shm [options] [command]', '--workers', 'ring'],
    [['help', 'tcp-echo'], 'Usage: osdemo tcp-echo [options] [command]', '--max-frame', 'client'],
    [['queue', '-h'], 'Usage: osdemo queue [options] [command]', '--capacity', 'matrix'],
  ])(
    '%j shows the options of the default subcommand, and the others',
    async (words, usage, option, member) => {
      const { exit, stdout } = await osdemo(words)
      expect(exit).toBe(0)
      expect(stdout).toContain(usage)
      expect(stdout).toContain(`\n  ${option} `)
      expect(stdout).toContain(`\n  ${member} `)
    },
  )

  test.each([...commands.keys()].filter((path) => path.includes(' ')).map((path) => path.split(' ')))(
    '`osdemo %s --quiet %s --help` shows the help of the command: a common option may stand before it',
    async (group, member) => {
      const { exit, stdout } = await osdemo([group!, '--quiet', member!, '--help'])
      expect(exit).toBe(0)
      expect(stdout).toContain(`Usage: osdemo ${group} ${member}`)
    },
  )

  test.each([
    [['shm', '--json', 'remove', '--key', '5', '--id', '3'], /--id/],
    [['queue', '--json', 'bogus'], /unknown command 'bogus'/],
    [['shm', '--json', '--messages', '5', 'list'], /unknown option '--messages'/],
  ])('%j is a usage error about what was typed', async (words, message) => {
    const { exit, stdout } = await osdemo(words)
    expect(exit).toBe(2)
    expect(parseEvents(stdout)).toMatchObject([{ event: 'error', message: expect.stringMatching(message) }])
  })

  test('a group without a subcommand or default prints its help on stderr and exits 2', async () => {
    const { exit, stdout, stderr } = await osdemo(['pipe'])
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
    expect(stderr).toContain('Usage: osdemo pipe')
  })

  test('with --json a missing command is an error event as well', async () => {
    const { exit, stdout, stderr } = await osdemo(['pipe', '--json'])
    expect(exit).toBe(2)
    expect(stderr).toContain('Usage: osdemo pipe')
    expect(parseEvents(stdout)).toMatchObject([
      {
        event: 'error',
        exit: 2,
        message: 'osdemo pipe needs a command',
        hint: 'Name one of read, write, demo, anonymous, pipeline, atomic, capacity, half-duplex, one-machine.',
      },
    ])
  })

  test.each([
    // The shell opens the FIFO for both directions, then closes the read end.
    ['without a reader', 'mkfifo p; exec 3<>p 4>p 3<&-; osdemo --help >&4', 141, /^$/],
    [
      'that is full',
      'osdemo --help > /dev/full',
      1,
      /^osdemo: cannot write to stdout: .*ENOSPC[^\n]*\n[^\n]*\n$/,
    ],
  ])('a page of help to a stdout %s ends without a stack', async (_, line, exit, stderr) => {
    const place = newPlace()
    const run = place.sh(line, { cwd: place.folder })
    expect(await run.exit).toBe(exit)
    expect(run.stderr()).toMatch(stderr)
  })

  test('without arguments the program prints its help on stderr and exits 2', async () => {
    const { exit, stderr } = await osdemo([])
    expect(exit).toBe(2)
    for (const name of ['tour', 'pipe', 'tcp-echo', 'short-reads', 'shm'])
      expect(stderr).toContain(`  ${name}`)
  })

  test('--help shows the page stored by the build, which is the one that commander makes', async () => {
    const stored = await osdemo(['--help'])
    expect(stored).toEqual({ exit: 0, stdout: readFileSync('dist/help.txt', 'utf8'), stderr: '' })
    expect(await osdemo(['--help', '--no-color'])).toEqual(stored)
  })

  test('`help terms` prints the glossary, 80 columns wide, and names no command', async () => {
    const { exit, stdout, stderr } = await osdemo(['help', 'terms'])
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    const names = Object.values(glossary).flatMap((terms) => terms.map(({ names }) => names.join(', ')))
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(names.map((name) => `  ${name}`)))
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(Object.keys(topics)).not.toContain('terms')
  })

  test('`help terms` with a term prints only that, and exits 2 when there is none', async () => {
    const found = await osdemo(['help', 'terms', 'lost', 'update'])
    expect(found.stdout).toMatch(/^Shared memory\n\n {2}race, lost update\n( {4}.*\n)+$/)
    const { exit, stdout } = await osdemo(['help', 'terms', 'lost'])
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
  })

  test('a demo with --quiet prints nothing', async () => {
    expect(await osdemo(['short-reads', '--quiet'])).toEqual({ exit: 0, stdout: '', stderr: '' })
  })

  test('--version --verbose adds what a report of a bug needs, also without koffi', async () => {
    const words = ['--version', '--verbose']
    const [full, bare] = await Promise.all([osdemo(words), osdemo(words, withoutFfi())])
    const { version, optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
    const facts = (stdout: string) =>
      Object.fromEntries(stdout.split('\n').map((line) => [line.split(/\s/)[0], line.slice(8).trim()]))
    expect(full).toMatchObject({ exit: 0, stderr: '' })
    expect(full.stdout.split('\n')[0]).toBe(version)
    expect(facts(full.stdout)).toMatchObject({
      node: `${process.version} ${process.arch}`,
      system: expect.stringContaining(` ${release()}, `),
      koffi: optionalDependencies.koffi,
      user: `uid ${process.getuid!()}`,
    })
    expect(bare).toMatchObject({ exit: 0, stderr: '' })
    expect(facts(bare.stdout).koffi).toContain('not installed')
  })

  test('--version is that of package.json', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
    for (const words of [['--version'], ['-V'], ['--json', '--version']])
      expect(await osdemo(words)).toEqual({ exit: 0, stdout: `${version}\n`, stderr: '' })
  })
})

test('help stands before a command or after its topic, and has a page itself', async () => {
  const pages = await Promise.all(
    [
      ['help', 'process', 'states'],
      ['process', 'help', 'states'],
      ['help', 'help'],
    ].map((words) => osdemo(words)),
  )
  expect(pages.map(({ exit, stderr }) => [exit, stderr])).toEqual(pages.map(() => [0, '']))
  expect(pages[0]!.stdout).toContain('osdemo process states')
  expect(pages[1]!.stdout).toBe(pages[0]!.stdout)
  expect(pages[2]!.stdout).toContain('osdemo help terms')
})

test('without a build, every command exits 69 and prints the command that builds', () => {
  const folder = temporaryFolder()
  cpSync('bin', join(folder, 'bin'), { recursive: true })
  cpSync('package.json', join(folder, 'package.json'))
  for (const words of [['tour'], ['--help']]) {
    const run = spawnSync(process.execPath, [join(folder, 'bin/osdemo.js'), ...words], { encoding: 'utf8' })
    expect(run).toMatchObject({ status: 69, stdout: '' })
    const [, command] = /Build it: (.*)\n$/.exec(run.stderr) ?? []
    // Here npm finds the folder, but the folder has no sources.
    expect(spawnSync('sh', ['-c', command!], { encoding: 'utf8' }).stdout).toContain('scripts/build.mjs')
  }
})

describe('a wrong argument', () => {
  test.each([
    [['pip'], "unknown command 'pip'", 'pipe'],
    [['pipe', 'raed'], "unknown command 'raed'", 'read'],
    [['tcp-echo', 'clinet'], "unknown command 'clinet'", 'client'],
    [['shm', 'thread'], "unknown command 'thread'", 'threads'],
    [['help', 'pipe', 'wirte'], "unknown command 'wirte'", 'write'],
    [['zombie'], "unknown command 'zombie'", 'osdemo process zombie'],
    [['half'], "unknown command 'half'", 'osdemo pipe half-duplex'],
    [['help', 'fork'], "unknown command 'fork'", 'osdemo process fork'],
    [['pipe', 'half'], "unknown command 'half'", 'osdemo pipe half-duplex'],
    [['shm', 'orphan'], "unknown command 'orphan'", 'osdemo process orphan'],
    [
      ['list'],
      "unknown command 'list'",
      'osdemo shm list or osdemo semaphore list or osdemo queue list or osdemo lab list',
    ],
    [['pipe', 'read', '--folow'], "unknown option '--folow'", '--follow'],
    [['tour', '--jsn'], "unknown option '--jsn'", '--json'],
    [['--jsn', 'tour'], "unknown option '--jsn'", '--json'],
    [['pip', '--help'], "unknown command 'pip'", 'pipe'],
    [['shm', 'red', '--help'], "unknown command 'red'", 'read'],
    [['queue', 'sned', '--name', 'x'], "unknown command 'sned'", 'send'],
  ])('%j exits 2 and suggests what was meant', async (words, message, meant) => {
    const { exit, stdout, stderr } = await osdemo(words)
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
    expect(stderr).toContain(`osdemo: ${message}`)
    expect(stderr).toContain(`Did you mean ${meant}?`)
  })

  test.each([
    [['pipe', 'demo', 'extra']],
    [['help', 'process', 'states', 'extra']],
    [['help', 'why', '12']],
    [['shm', '--workers', '2', 'extra']],
    [['completion', 'bash', '--save', 'x.svg']],
    [['--save', 'x.svg', 'completion', 'bash']],
    [['--follow', 'pipe', 'read']],
    [['tour', '--view', 'painting']],
    [['tour', '--timeout', '5']],
    [['tour', '--timeout', 'soon']],
    [['tour', '--log-level', 'loud']],
    [['pipe', 'read', '--max']],
    [['__proto__']],
    [['pipe', 'constructor']],
  ])('%j exits 2 with a message and no stack', async (words) => {
    const { exit, stdout, stderr } = await osdemo(words)
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
    expect(stderr).toMatch(/^osdemo: /)
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  test('with --json it is an error event on stdout as well', async () => {
    const { exit, stdout } = await osdemo(['pipe', 'read', '--max', 'abc', '--json'])
    expect(exit).toBe(2)
    expect(parseEvents(stdout)).toMatchObject([
      { event: 'error', exit: 2, message: expect.stringContaining('abc') },
    ])
  })
})

describe('a word that is not UTF-8', () => {
  test('is refused with exit code 2 by every command, and nothing is made', async () => {
    const place = newPlace()
    const lines = [
      'pipe write WORD',
      'pipe read --path WORD',
      'queue send --name /WORD hello',
      'queue send WORD',
      'shm write WORD',
      'tcp-echo client WORD',
      'process layout -- echo WORD',
      'view WORD',
      'help terms WORD',
    ]
    const runs = lines.map((line) => place.sh(`osdemo ${line.replace('WORD', `"$(printf 'a\\377b')"`)}`))
    expect(await Promise.all(runs.map((run) => run.exit))).toEqual(lines.map(() => 2))
    for (const run of runs) {
      expect(run.stdout()).toBe('')
      expect(run.stderr()).toMatch(/^osdemo: .*UTF-8/)
    }
    expect(readdirSync(place.folder)).toEqual([])
  })

  test('is refused too where Node has overwritten the command line in /proc', async () => {
    const words = 'bin/osdemo.js pipe write "$(printf \'a\\377b\')" --timeout 1ms'
    expect(await newPlace().sh(`'${process.execPath}' --title=x ${words}`).exit).toBe(2)
  })

  test('is an error event with --json', async () => {
    const run = newPlace().sh(`osdemo pipe read --json --path "$(printf '\\303')"`)
    expect(await run.exit).toBe(2)
    expect(parseEvents(run.stdout())).toMatchObject([{ event: 'error', exit: 2 }])
  })

  test('is not one in which the user has typed U+FFFD', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read'])
    const writer = place.osdemo(['pipe', 'write', 'a\uFFFDb', 'ü'])
    expect([await reader.exit, await writer.exit]).toEqual([0, 0])
    expect(reader.stdout()).toBe('a\uFFFDb\nü\n')
  })
})

describe('the words after --', () => {
  test.each([
    [['--', '--version']],
    [['--', 'pipe', 'demo']],
    [['pipe', '--', 'demo']],
    [['shm', '--', 'list']],
    [['--', 'help']],
  ])('%j names no command and no option', async (words) => {
    const { exit, stdout, stderr } = await osdemo(words)
    expect({ exit, stdout }).toEqual({ exit: 2, stdout: '' })
    expect(stderr).toMatch(/^osdemo: /)
  })

  test('are operands, even if they look like options', async () => {
    const { exit, stdout } = await osdemo(['completion', 'words', '--', 'pipe', 'write', '--f'])
    expect(exit).toBe(0)
    expect(stdout).toContain('--path\t')
  })
})

describe('common options', () => {
  test('may stand in both places: the last one counts, but every --save does', async () => {
    const place = newPlace()
    const words =
      '--timeout 1ms --save a.ndjson pipe --save b.ndjson half-duplex --timeout 20s --save c.ndjson'
    const run = place.osdemo(words.split(' '), { cwd: place.folder })
    expect(await run.exit).toBe(0)
    for (const name of ['a', 'b', 'c']) {
      expect(parseEvents(readFileSync(join(place.folder, `${name}.ndjson`), 'utf8')).length).toBeGreaterThan(
        10,
      )
    }
  })

  test('stand before or after the command', async () => {
    const before = await osdemo(['--json', '--timeout', '20s', 'short-reads'])
    const after = await osdemo(['short-reads', '--timeout=20s', '--json'])
    for (const { exit, stdout } of [before, after]) {
      expect(exit).toBe(0)
      expect(parseEvents(stdout).at(0)?.event).toBe('run')
    }
  })

  test('--view ndjson is --json', async () => {
    const { exit, stdout } = await osdemo(['short-reads', '--view', 'ndjson'])
    expect(exit).toBe(0)
    expect(parseEvents(stdout).length).toBeGreaterThan(10)
  })

  test('--log-level debug logs NDJSON on stderr; without it there is no log', async () => {
    const loud = await osdemo(['short-reads', '--log-level', 'debug', '--quiet'])
    const lines = loud.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ msg }) => msg)).toContain('starting sender')
    expect((await osdemo(['short-reads', '--quiet'])).stderr).toBe('')
  })

  test('--timeout ends the run with 124 and reports it, as text and as event', async () => {
    const { exit, stdout, stderr } = await osdemo(['pipe', 'read', '--timeout', '300ms', '--json'])
    expect(exit).toBe(124)
    expect(stderr).toContain('not finished after 300ms')
    expect(parseEvents(stdout).at(-1)).toMatchObject({ event: 'error', exit: 124 })
  })
})

describe('colour', () => {
  const escapeCode = '\u001b['

  test.each([
    ['none when stdout is no terminal', [], {}, false],
    ['--color forces it', ['--color'], {}, true],
    ['--no-color wins over FORCE_COLOR', ['--no-color'], { FORCE_COLOR: '1' }, false],
    ['FORCE_COLOR forces it', [], { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0 forces none', [], { FORCE_COLOR: '0' }, false],
    ['FORCE_COLOR wins over NO_COLOR', [], { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    ['--color wins over NO_COLOR', ['--color'], { NO_COLOR: '1' }, true],
  ])('%s', async (_, words, env, colored) => {
    const { exit, stdout } = await osdemo(['short-reads', ...words], env as Record<string, string>)
    expect(exit).toBe(0)
    expect(stdout.includes(escapeCode)).toBe(colored)
  })
})

test.each([
  ['an unknown command', (bad: string) => [bad]],
  ['a wrong value', (bad: string) => ['pipe', 'read', '--max', bad]],
  ['a path', (bad: string) => ['view', `/none/${bad}`]],
  ['a file to save to', (bad: string) => ['short-reads', '--save', `/none/${bad}.svg`]],
])('%s cannot control the terminal', async (_, words) => {
  const run = newPlace().osdemo(words('\u001b[2J\u061c'))
  expect(await run.exit).toBeGreaterThan(0)
  expect(run.stderr()).toContain('\\x1b[2J\\u{61c}')
  const printed = run.stdout() + run.stderr()
  expect(['\u001b', '\u061c'].filter((char) => printed.includes(char))).toEqual([])
})

test('--json and --save escape what could control a terminal, and a parser reads it unchanged', async () => {
  // Control characters of both ranges, directions, a tag outside the first plane, and the separator of lines.
  const text = 'a\u001b\u007f\u009b\u061c\u200f\u202e\u2028\u2069\ufeff\u{e0041}é👋'
  const place = newPlace()
  const file = join(place.folder, 'a.ndjson')
  const saved = place.osdemo(['short-reads', '--json', '--save', file, '--save', `/none/${text}.svg`])
  expect(await saved.exit).toBe(1)
  const player = place.osdemo(['view', '--json', '--save', file], { stdio: ['pipe', 'pipe', 'pipe'] })
  const note = { v: 1, t: 1, pid: 2, tid: 2, actor: 'osdemo', event: 'note', role: 'step', text }
  player.child.stdin!.end(`${JSON.stringify(note)}\n`)
  expect(await player.exit).toBe(0)
  expect(parseEvents(player.stdout())).toMatchObject([{ text }])
  expect(readFileSync(file, 'utf8')).toBe(player.stdout())
  const [error] = parseEvents(saved.stdout())
  expect(error).toMatchObject({ event: 'error', message: expect.stringContaining(text) })
  for (const printed of [player.stdout(), saved.stdout()])
    expect(printed.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u)
})

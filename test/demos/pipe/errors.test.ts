/** How the named-pipe commands fail: bad input, bad paths, and a process at the other end that is killed. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  childrenOf,
  defaultFifo,
  expectNothingLeft,
  invalidEvents,
  newPlace,
  type Place,
  parseEvents,
  placeOfNobody,
  type Run,
  type RunOptions,
  temporaryFolder,
  waitingActor,
} from '../../support/osdemo.js'
import { until } from '../../support/until.js'

describe('a command line that is wrong', () => {
  test.each([
    ['a negative --count', ['pipe', 'write', '--count', '-1', 'x'], /--count.*whole number of at least 1/s],
    ['--count 0', ['pipe', 'write', '--count', '0', 'x'], /--count.*whole number of at least 1/s],
    ['--max without a number', ['pipe', 'read', '--max', 'abc'], /--max.*whole number of at least 1/s],
    ['--max 0', ['pipe', 'read', '--max', '0'], /--max.*whole number of at least 1/s],
    ['--max 1.5', ['pipe', 'read', '--max', '1.5'], /--max.*whole number of at least 1/s],
    ['--interval without a unit', ['pipe', 'write', '--interval', '5', 'x'], /--interval.*250ms, 2s or 1m/s],
    ['a negative --interval', ['pipe', 'write', '--interval=-1s', 'x'], /--interval.*250ms, 2s or 1m/s],
    ['--timeout without a unit', ['pipe', 'read', '--timeout', '300'], /--timeout.*250ms, 2s or 1m/s],
    ['a message of two lines', ['pipe', 'write', 'a\nb'], /newline.*Give each line as a message/s],
    ['--path without a path', ['pipe', 'read', '--path'], /--path/],
    ['an empty --path of pipe read', ['pipe', 'read', '--path', ''], /--path.*takes a path/s],
    ['an empty --path of pipe write', ['pipe', 'write', '--path', '', 'x'], /--path.*takes a path/s],
    ['a mistyped option of pipe read', ['pipe', 'read', '--folow'], /'--folow'.*did you mean --follow\?/is],
    [
      'a mistyped option of pipe write',
      ['pipe', 'write', '--cout', '3'],
      /'--cout'.*did you mean --count\?/is,
    ],
    ['a mistyped subcommand', ['pipe', 'raed'], /'raed'.*did you mean read\?/is],
    ['a word for pipe read', ['pipe', 'read', 'x'], /unexpected word 'x'/],
    ['an unknown view', ['pipe', 'read', '--view', 'x'], /--view.*timeline/s],
  ])('%s is a usage error, and nothing is made', async (_, words, message) => {
    const place = newPlace()
    const [plain, json] = [
      place.osdemo(words),
      place.osdemo([...words.slice(0, 2), '--json', ...words.slice(2)]),
    ]
    expect([await plain!.exit, await json!.exit]).toEqual([2, 2])
    expect(plain!.stdout()).toBe('')
    expect(plain!.stderr()).toMatch(/^osdemo: /)
    expect(plain!.stderr()).toMatch(message)
    expect(plain!.stderr()).not.toMatch(/\n\s+at /)

    const events = parseEvents(json!.stdout())
    expect(events).toMatchObject([{ v: 1, event: 'error', exit: 2, actor: 'osdemo', pid: json!.pid }])
    expect(invalidEvents(events)).toEqual([])
    const error = events[0] as { message: string; hint?: string }
    expect(`${error.message}\n${error.hint}`).toMatch(message)
    expect(readdirSync(place.folder)).toEqual([])
  })

  test('--interval without messages is a usage error where stdin is copied', async () => {
    const place = newPlace()
    const run = place.sh('echo x | osdemo pipe write --interval 1s')
    expect(await run.exit).toBe(2)
    expect(run.stderr()).toContain('--interval paces messages')
    expect(readdirSync(place.folder)).toEqual([])
  })
})

describe.each(['read', 'write'])('pipe %s with a bad path', (end) => {
  /** Expects exit code 1 and one error: on stderr, and with --json as an event on stdout too. */
  async function fail(place: Place, path: string, options: RunOptions = {}) {
    const words = ['pipe', end, '--path', path]
    const [plain, json] = [words, [...words, '--json']].map((line) => place.osdemo(line, options)) as [
      Run,
      Run,
    ]
    expect([await plain.exit, await json.exit]).toEqual([1, 1])
    expect(plain.stdout()).toBe('')
    const events = parseEvents(json.stdout())
    expect(invalidEvents(events)).toEqual([])
    const errors = events.flatMap((event) => (event.event === 'error' ? [event] : []))
    expect(errors).toHaveLength(1)
    expect(events.at(-1)).toBe(errors[0])
    const { message, hint, call, errno } = errors[0]!
    expect(plain.stderr()).toContain(`osdemo: ${message}\n${hint ? `        ${hint}\n` : ''}`)
    expect(plain.stderr()).not.toMatch(/\n\s+at /)
    return { message, hint, call, errno }
  }

  test('does not change a regular file', async () => {
    const place = newPlace()
    const path = join(temporaryFolder(), 'file')
    writeFileSync(path, 'precious\n')
    const before = statSync(path)
    const { message } = await fail(place, path)
    expect(message).toContain(`${path} is a regular file, not a FIFO`)
    const { ino, mtimeMs, ctimeMs, mode } = statSync(path)
    expect({ ino, mtimeMs, ctimeMs, mode }).toEqual({
      ino: before.ino,
      mtimeMs: before.mtimeMs,
      ctimeMs: before.ctimeMs,
      mode: before.mode,
    })
    expect(readFileSync(path, 'utf8')).toBe('precious\n')
    expect(place.leftovers()).toEqual([])
  })

  test('refuses a folder', async () => {
    const place = newPlace()
    const path = temporaryFolder()
    expect((await fail(place, path)).message).toContain(`${path} is a folder, not a FIFO`)
    expect(readdirSync(path)).toEqual([])
    expect(place.leftovers()).toEqual([])
  })

  test('does not make a missing folder, and names it', async () => {
    const place = newPlace()
    const folder = join(temporaryFolder(), 'missing')
    const { message, hint, call, errno } = await fail(place, join(folder, 'p'))
    expect(message).toContain(join(folder, 'p'))
    expect(hint).toContain(`There is no folder ${folder}`)
    expect({ call, errno }).toEqual({ call: 'mkfifo', errno: 'ENOENT' })
    expect(existsSync(folder)).toBe(false)
    expect(place.leftovers()).toEqual([])
  })

  test('names the folder on the way that is missing, also before ..', async () => {
    const place = newPlace()
    const cwd = temporaryFolder()
    const missing = ['./sub/../x', `${cwd}/deep/er/x`, 'sub/x'].map((path) => fail(place, path, { cwd }))
    const hints = (await Promise.all(missing)).map(({ hint }) => hint)
    expect(hints[0]).toContain('no folder ./sub.')
    expect(hints[1]).toContain(`no folder ${cwd}/deep.`)
    expect(hints[2]).toContain('no folder sub.')
    expect(readdirSync(cwd)).toEqual([])
  })

  test('names the kind of a device', async () => {
    const place = newPlace()
    expect((await fail(place, '/dev/null')).message).toContain('/dev/null is a character device, not a FIFO')
  })

  test('in a folder whose name is not UTF-8 does not blame mkfifo', async () => {
    const place = newPlace()
    const run = place.sh(
      `d=$(printf 'd\\377'); mkdir "$d"; cd "$d"; osdemo pipe ${end} --path p; code=$?; ls; exit $code`,
      { cwd: place.folder },
    )
    expect(await run.exit).toBe(1)
    expect(run.stderr()).toContain('UTF-8')
    expect(run.stdout()).toBe('')
    expect(place.leftovers()).toEqual([])
  })

  test('refuses a path with a file in place of a folder', async () => {
    const place = newPlace()
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, 'precious\n')
    expect((await fail(place, join(file, 'p'))).errno).toBe('ENOTDIR')
    expect(readFileSync(file, 'utf8')).toBe('precious\n')
    expect(place.leftovers()).toEqual([])
  })

  test('refuses a default FIFO that others could open too', async () => {
    const place = newPlace()
    const path = defaultFifo(place)
    mkdirSync(join(place.folder, 'osdemo'), { mode: 0o700 })
    execFileSync('mkfifo', [path])
    chmodSync(path, 0o622)
    const run = place.osdemo(['pipe', end])
    expect(await run.exit).toBe(1)
    expect(run.stderr()).toContain(
      `osdemo: the FIFO ${path} is not private: it has owner ${process.getuid!()} and mode 0622`,
    )
    expect(statSync(path).mode & 0o777).toBe(0o622)
  })

  test('refuses a folder that this user may not write to', async (context) => {
    const { place, options } = placeOfNobody(context)
    const folder = temporaryFolder()
    chmodSync(folder, 0o755)
    const { message, call, errno, hint } = await fail(place, join(folder, 'p'), options)
    expect(message).toContain('EACCES (permission denied)')
    expect({ call, errno }).toEqual({ call: 'mkfifo', errno: 'EACCES' })
    expect(hint).toContain('--path')
    expect(readdirSync(folder)).toEqual([])
    expect(place.leftovers()).toEqual([])
  })

  test('refuses a FIFO without permission to open it', async (context) => {
    const { place, options } = placeOfNobody(context)
    const folder = temporaryFolder()
    chmodSync(folder, 0o755)
    const path = join(folder, 'p')
    execFileSync('mkfifo', ['-m', '600', path])
    const { message, call, errno, hint } = await fail(place, path, options)
    expect(message).toMatch(/cannot open the FIFO .*: open: EACCES/)
    expect({ call, errno }).toEqual({ call: 'open', errno: 'EACCES' })
    expect(hint).toContain(`ask its owner for ${end} permission`)
    expect(statSync(path).isFIFO()).toBe(true)
  })

  test('refuses a folder that this user may not search', async (context) => {
    const { place, options } = placeOfNobody(context)
    const folder = temporaryFolder()
    expect((await fail(place, join(folder, 'p'), options)).errno).toBe('EACCES')
    expect(readdirSync(folder)).toEqual([])
    expect(place.leftovers()).toEqual([])
  })
})

describe('an end that is killed', () => {
  test('fails pipe read when it is the reader, and the writer gets EPIPE', async () => {
    const { place, reader, readerActor, writer } = await connected()
    process.kill(readerActor, 'SIGKILL')
    expect(await reader.exit).toBe(1)
    expect(reader.stderr()).toContain(`osdemo: the reader (pid ${readerActor}) was killed by SIGKILL`)
    writer.child.stdin!.write('into the void\n')
    expect(await writer.exit).toBe(1)
    expect(writer.stderr()).toMatch(/^osdemo: cannot write to FIFO .*: write: EPIPE \(broken pipe\)$/m)
    expect(writer.stderr()).toContain('Start a reader again')
    expectNothingLeft(place)
  })

  test('gives the reader end of file when it is the writer', async () => {
    const { place, reader, writer, writerActor } = await connected()
    process.kill(writerActor, 'SIGKILL')
    expect(await reader.exit).toBe(0)
    expect(reader.stdout()).toBe('first\n')
    expect(await writer.exit).toBe(1)
    expect(writer.stderr()).toContain(`osdemo: the writer (pid ${writerActor}) was killed by SIGKILL`)
    expectNothingLeft(place)
  })

  test('gives EPIPE as an event under --json', async () => {
    const place = newPlace()
    const path = join(temporaryFolder(), 'p')
    execFileSync('mkfifo', [path])
    const writer = place.osdemo([
      'pipe',
      'write',
      '--path',
      path,
      '--count',
      '1000000',
      '--json',
      '--interval',
      '1ms',
      'x',
    ])
    const head = place.sh(`head -n 1 '${path}'`)
    expect(await head.exit).toBe(0)
    expect(await writer.exit).toBe(1)
    const errors = parseEvents(writer.stdout()).filter(({ event }) => event === 'error')
    expect(errors).toMatchObject([{ exit: 1, call: 'write', errno: 'EPIPE' }])
  })

  /** Both ends are open, one message has passed, and the writer waits for its stdin. */
  async function connected() {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read'])
    const readerActor = await waitingActor(reader)
    const writer = place.osdemo(['pipe', 'write'], { stdio: ['pipe', 'pipe', 'pipe'] })
    // Without a listener, an EPIPE of this stream would fail the test.
    writer.child.stdin!.on('error', () => {})
    writer.child.stdin!.write('first\n')
    await until(() => reader.stdout() === 'first\n')
    const writerActors = childrenOf(writer.pid)
    expect(writerActors).toHaveLength(1)
    return { place, reader, readerActor, writer, writerActor: writerActors[0]! }
  }
})

describe('a stdout that cannot be written to', () => {
  test('makes the reader exit with 141, and print nothing, when no process reads it', async () => {
    const place = newPlace()
    const code = join(place.folder, 'code')
    const reader = place.sh(`{ osdemo pipe read --quiet; echo $? > '${code}'; } | head -n 1`)
    const writer = place.sh('yes hello | osdemo pipe write --quiet')
    expect(await reader.exit).toBe(0)
    expect(reader.stdout()).toBe('hello\n')
    expect(readFileSync(code, 'utf8')).toBe('141\n')
    expect(reader.stderr()).toBe('')
    expect(await writer.exit).toBe(1)
    expect(writer.stderr()).toContain('EPIPE')
    expectNothingLeft(place)
  })

  test.each(['read', 'write'])(
    'makes pipe %s --json exit with 141, and print nothing, while it waits for the other end',
    async (end) => {
      const place = newPlace()
      const code = join(place.folder, 'code')
      const run = place.sh(`{ osdemo pipe ${end} --json; echo $? > '${code}'; } | head -n 1`)
      expect(await run.exit).toBe(0)
      expect(parseEvents(run.stdout())).toMatchObject([{ event: 'run' }])
      expect(readFileSync(code, 'utf8')).toBe('141\n')
      expect(run.stderr()).toBe('')
      expectNothingLeft(place)
    },
  )

  test('does not add an error to the output of --verbose', async () => {
    const place = newPlace()
    const reader = place.sh(`osdemo pipe read --verbose | head -n 1`)
    const writer = place.sh('yes hello | osdemo pipe write --quiet')
    expect(await reader.exit).toBe(0)
    expect(reader.stdout()).toBe('hello\n')
    await writer.exit
    expect(reader.stderr()).toContain('osdemo pipe read')
    expect(reader.stderr()).not.toMatch(/^osdemo:|EPIPE|\n\s+at /m)
  })

  test.each([
    ['payload', []],
    ['events', ['--json']],
  ])('fails a reader that prints %s with ENOSPC when the disk is full', async (_, words) => {
    const place = newPlace()
    const full = openSync('/dev/full', 'w')
    onTestFinished(() => closeSync(full))
    const reader = place.osdemo(['pipe', 'read', ...words], { stdio: ['ignore', full, 'pipe'] })
    const writer = place.osdemo(['pipe', 'write', 'hello'])
    expect(await reader.exit).toBe(1)
    expect(reader.stderr()).toMatch(/^osdemo: .*write: ENOSPC/m)
    writer.child.kill('SIGINT')
    await writer.exit
    expectNothingLeft(place)
  })

  test('does not fail the reader when it is closed', async () => {
    const place = newPlace()
    const reader = place.sh('osdemo pipe read --quiet >&-')
    const writer = place.osdemo(['pipe', 'write', 'hello'])
    expect([await reader.exit, await writer.exit]).toEqual([0, 0])
    expect(reader.stderr()).toBe('')
    expectNothingLeft(place)
  })
})

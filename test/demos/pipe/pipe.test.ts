/** The named-pipe commands as users run them: two terminals, any bytes, every way to stop, and the demo of both ends. */
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  createReadStream,
  existsSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import stringWidth from 'string-width'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Event, now } from '../../../src/events.js'
import { openFiles } from '../../../src/proc/fds.js'
import { readText } from '../../../src/proc/read.js'
import { isAlive } from '../../../src/proc/stat.js'
import { tellStory } from '../../../src/views/story/index.js'
import { drawChannel } from '../../../src/views/svg/figures/channel.js'
import { claimIdsOf, dataFrom } from '../../support/facts.js'
import {
  childrenOf,
  defaultFifo,
  expectNothingLeft,
  invalidEvents,
  newPlace,
  type Place,
  parseEvents,
  playDemo,
  processesOf,
  program,
  type Run,
  temporaryFolder,
  waitingActor,
} from '../../support/osdemo.js'
import { until } from '../../support/until.js'

const MiB = 2 ** 20

/** Where the pause is not what is tested. */
const fast = ['--interval', '1ms']

describe('two terminals', () => {
  test('the reader may start first: it blocks in open(2), and then prints what is sent', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read'])
    const readerActor = await waitingActor(reader)
    const writer = place.osdemo(['pipe', 'write', 'hello', 'world'])
    await expectSuccess(reader, writer)
    expect(reader.stdout()).toBe('hello\nworld\n')
    expect(writer.stdout()).toBe('')
    expect(isAlive(readerActor)).toBe(false)
    expectNothingLeft(place)
  })

  test('the writer may start first: it blocks in open(2) until a reader opens the FIFO', async () => {
    const place = newPlace()
    const writer = place.osdemo(['pipe', 'write', 'hello', 'world'])
    const writerActor = await waitingActor(writer)
    const reader = place.osdemo(['pipe', 'read'])
    await expectSuccess(reader, writer)
    expect(reader.stdout()).toBe('hello\nworld\n')
    expect(isAlive(writerActor)).toBe(false)
    expectNothingLeft(place)
  })

  test('only its user may open the default FIFO', async () => {
    const place = newPlace()
    await waitingActor(place.osdemo(['pipe', 'read']))
    const stats = statSync(defaultFifo(place))
    expect(stats.isFIFO()).toBe(true)
    expect(stats.mode & 0o777).toBe(0o600)
    expect(statSync(join(place.folder, 'osdemo')).mode & 0o777).toBe(0o700)
  })

  test.each([
    ['by default', []],
    ['with --path', ['--path']],
  ])('the default FIFO stays when the end that made it named it %s', async (_, option) => {
    const place = newPlace()
    const path = defaultFifo(place)
    const reader = place.osdemo(['pipe', 'read', ...option, ...option.map(() => path)])
    await waitingActor(reader)
    await expectSuccess(place.osdemo(['pipe', 'write', 'hello']), reader)
    expect(reader.stdout()).toBe('hello\n')
    expect(statSync(path).isFIFO()).toBe(true)
    expectNothingLeft(place)
  })

  test('with --verbose the timeline is on stderr, and stdout has only the payload', async () => {
    const { reader, writer } = await exchange(newPlace(), ['hello', '--verbose'], ['--verbose'])
    expect(reader.stdout()).toBe('hello\n')
    expect(writer.stdout()).toBe('')
    expect(storyOf(reader)).toMatch(/open FIFO \S+ for reading/)
    expect(storyOf(reader)).toMatch(/reader \d+ \S open/)
    expect(storyOf(reader)).toContain('end of file')
    expect(storyOf(reader)).toContain('Received 1 message, 6 bytes')
    expect(storyOf(reader)).not.toContain('hello')
    expect(storyOf(writer)).toMatch(/open FIFO \S+ for writing/)
    expect(storyOf(writer)).toContain('Sent 1 message, 6 bytes')
  })

  test('by default an end reports only what it waits for and what the payload does not show', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read'])
    await waitingActor(reader)
    await until(() => reader.stderr().endsWith('\n'))
    const writer = place.osdemo(['pipe', 'write', 'hello'])
    await expectSuccess(reader, writer)
    expect(reader.stderr()).toBe('Waiting for a writer. In another terminal: osdemo pipe write\n')
    // On a loaded machine, even this open(2) may take long enough to be reported.
    expect(writer.stderr().replace(/^Waiting for a reader\. .*\n/, '')).toBe(
      'Sent 1 message, 6 bytes, and closed the FIFO.\n',
    )
  })

  test.each([
    ['without --path', []],
    ['with --path', ['--path', 'p']],
    ['with a path that must be quoted for a shell', ['--path', "it's a $HOME"]],
  ])(
    'an end that waits prints the command for the other terminal, %s, and it works there',
    async (_, words) => {
      const place = newPlace()
      const cwd = temporaryFolder()
      const reader = place.osdemo(['pipe', 'read', ...words], { cwd })
      const forWriter = await otherTerminal(reader)
      expect(forWriter).toMatch(words.length > 0 ? /^osdemo pipe write --path / : /^osdemo pipe write$/)
      await expectSuccess(place.sh(`printf 'over there' | ${forWriter}`, { cwd }), reader)
      expect(reader.stdout()).toBe('over there')

      const writer = place.sh(`printf 'and back' | ${forWriter}`, { cwd })
      const forReader = await otherTerminal(writer)
      expect(forReader).toBe(forWriter.replace('write', 'read'))
      const second = place.sh(forReader, { cwd })
      await expectSuccess(second, writer)
      expect(second.stdout()).toBe('and back')
    },
  )

  test('two that use different runtime folders do not meet', async () => {
    const [here, there] = [newPlace(), newPlace()]
    const reader = here.osdemo(['pipe', 'read'])
    await waitingActor(reader)
    const stranger = there.osdemo(['pipe', 'write', 'there'])
    const strangerActor = await waitingActor(stranger)
    await expectSuccess(here.osdemo(['pipe', 'write', 'here']), reader)
    expect(reader.stdout()).toBe('here\n')
    expect(isAlive(strangerActor)).toBe(true)
    expect(stranger.child.exitCode).toBeNull()
  })

  test('two that use different paths do not meet', async () => {
    const place = newPlace()
    const folder = temporaryFolder()
    const paths = ['a', 'b'].map((name) => ['--path', join(folder, name)])
    const readers = paths.map((path) => place.osdemo(['pipe', 'read', ...path]))
    for (const reader of readers) await waitingActor(reader)
    const writers = paths.map((path, index) => place.osdemo(['pipe', 'write', ...path, `to ${index}`]))
    await expectSuccess(...readers, ...writers)
    expect(readers.map((reader) => reader.stdout())).toEqual(['to 0\n', 'to 1\n'])
    expectNothingLeft(place)
    expect(paths.filter(([, path]) => existsSync(path!))).toEqual([])
  })

  test('--quiet prints nothing on stderr', async () => {
    const { reader, writer } = await exchange(newPlace(), ['--quiet', 'hello'], ['--quiet'])
    expect(reader.stdout()).toBe('hello\n')
    expect(writer.stdout()).toBe('')
    expect(reader.stderr()).toBe('')
    expect(writer.stderr()).toBe('')
  })

  test('with --json both print valid events on stdout, and nothing on stderr', async () => {
    const place = newPlace()
    const sent = ['hello', 'ünïcode 🦜', '', 'a\ttab']
    const { reader, writer } = await exchange(place, ['--json', ...sent], ['--json'])
    for (const [run, kind, end] of [
      [reader, 'received', 'read'],
      [writer, 'sent', 'write'],
    ] as const) {
      const events = validEvents(run)
      expect(events[0]).toMatchObject({ event: 'run', actor: 'osdemo' })
      expect(events[0]).toHaveProperty('command', ['pipe', end, '--json', ...(end === 'write' ? sent : [])])
      const messages = events.flatMap((event) => (event.event === kind ? [event] : []))
      expect(messages.map(({ seq }) => seq)).toEqual([0, 1, 2, 3])
      expect(messages.map(({ text }) => text)).toEqual(sent)
      expect(messages.map(({ bytes }) => bytes)).toEqual(sent.map((text) => Buffer.byteLength(text) + 1))
      expect(new Set(messages.map(({ channel }) => channel))).toEqual(new Set([defaultFifo(place)]))
      expect(run.stderr()).toBe('')
    }
  })
})

describe('what is sent', () => {
  const numbered = (count: number) => Array.from({ length: count }, (_, i) => `Message ${i}\n`).join('')

  test.each([
    ['ten messages when stdin is /dev/null', fast, numbered(10)],
    ['as many messages as --count asks for', ['--count', '3', ...fast], numbered(3)],
    ['the messages repeated with --count', ['--count', '2', 'a', 'b'], 'a\nb\na\nb\n'],
    ['the words after -- as they are', ['--', '--count', '-2'], '--count\n-2\n'],
    ['an empty message as an empty line', ['', 'x', ''], '\nx\n\n'],
  ])('is %s', async (_, words, expected) => {
    const { reader } = await exchange(newPlace(), words)
    expect(reader.stdout()).toBe(expected)
  })

  test('is ten messages when stdin is closed', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read'])
    const writer = place.sh('osdemo pipe write --interval 1ms <&-')
    await expectSuccess(reader, writer)
    expect(reader.stdout()).toBe(numbered(10))
  })

  test.skipIf(!existsSync('/usr/bin/script'))('is ten messages when stdin is a terminal', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read'])
    const writer = place.sh(onTerminal(`pipe write ${fast.join(' ')}`))
    await expectSuccess(reader, writer)
    expect(reader.stdout()).toBe(numbered(10))
  })

  test('is the messages, and nothing from stdin, when both are given', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read'])
    await expectSuccess(reader, place.sh('echo no | osdemo pipe write yes'))
    // Not before the first has exited: until it closes, it is still a reader that a writer could write to.
    const second = place.osdemo(['pipe', 'read'])
    await expectSuccess(second, place.sh('echo no | osdemo pipe write --count 1'))
    expect(second.stdout()).toBe(numbered(1))
    expect(reader.stdout()).toBe('yes\n')
  })

  const odd = Buffer.from('first\0\xff\n\n\r\nno newline at the end', 'latin1')

  test.each([
    ['a file', odd],
    ['a pipe', odd],
    ['a socket', odd],
    ['an empty file', Buffer.alloc(0)],
  ])('is a copy of stdin when that is %s', async (kind, content) => {
    const place = newPlace()
    const file = join(place.folder, 'content')
    writeFileSync(file, content)
    const reader = place.osdemo(['pipe', 'read'])
    await expectSuccess(startWriter(), reader)
    expect(reader.bytes().toString('latin1')).toBe(content.toString('latin1'))
    expectNothingLeft(place)

    function startWriter(): Run {
      if (kind === 'a pipe') return place.sh(`cat '${file}' | osdemo pipe write`)
      if (kind !== 'a socket') return place.sh(`osdemo pipe write < '${file}'`)
      // A pipe of Node's child_process is a pair of sockets.
      const writer = place.osdemo(['pipe', 'write'], { stdio: ['pipe', 'pipe', 'pipe'] })
      writer.child.stdin!.end(content)
      return writer
    }
  })

  test('is reported as events with --json, also a last line without a newline', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read', '--json'])
    const writer = place.sh(`printf 'one\\n\\377\\nlast' | osdemo pipe write --quiet`)
    await expectSuccess(reader, writer)
    const messages = validEvents(reader).flatMap((event) => (event.event === 'received' ? [event] : []))
    expect(messages.map(({ seq, bytes, text }) => [seq, bytes, text])).toEqual([
      [0, 4, 'one'],
      [1, 2, undefined],
      [2, 4, 'last'],
    ])
  })
})

describe('many bytes', () => {
  test('48 MiB of random bytes pass unchanged from a file to a file', async () => {
    const place = newPlace()
    const [from, to] = [join(place.folder, 'from'), join(place.folder, 'to')]
    writeFileSync(from, randomBytes(48 * MiB))
    const [input, output] = [openSync(from, 'r'), openSync(to, 'w')]
    onTestFinished(() => [input, output].forEach(closeSync))
    const reader = place.osdemo(['pipe', 'read'], { stdio: ['ignore', output, 'pipe'] })
    await waitingActor(reader)
    const writer = place.osdemo(['pipe', 'write'], { stdio: [input, 'pipe', 'pipe'] })
    await expectSuccess(reader, writer)
    expect(statSync(to).size).toBe(48 * MiB)
    expect(sha256(to)).toBe(sha256(from))
    expectNothingLeft(place)
  })

  test('4 MiB pass unchanged through pipes of a shell at both ends, one of them read slowly', async () => {
    const place = newPlace()
    const from = join(place.folder, 'from')
    writeFileSync(from, randomBytes(4 * MiB))
    // dd reads 512 bytes at a time, so the reader finds its stdout full repeatedly.
    const reader = place.sh('osdemo pipe read | dd bs=512 status=none | sha256sum')
    const writer = place.sh(`cat '${from}' | osdemo pipe write`)
    await expectSuccess(reader, writer)
    expect(reader.stdout().split(' ')[0]).toBe(sha256(from))
  })

  test.each([
    ['as payload', []],
    ['as events', ['--json']],
  ])('the memory of both actors stays constant while 256 MiB pass (%s)', async (_, words) => {
    const place = newPlace()
    const sink = openSync('/dev/null', 'w')
    onTestFinished(() => closeSync(sink))
    const reader = place.osdemo(['pipe', 'read', ...words], { stdio: ['ignore', sink, 'pipe'] })
    await waitingActor(reader)
    const writer = place.osdemo(['pipe', 'write'], { stdio: ['pipe', 'pipe', 'pipe'] })
    // The writer's stdin is not closed at the end, so both are still running when all bytes have passed.
    createReadStream('/dev/zero', { end: 256 * MiB - 1 }).pipe(writer.child.stdin!, { end: false })
    await until(() => childrenOf(writer.pid).some((actor) => bytesWritten(actor) >= 256 * MiB), 40_000)
    const actors = [...childrenOf(reader.pid), ...childrenOf(writer.pid)]
    expect(actors).toHaveLength(2)
    for (const actor of actors) expect(peakMemory(actor)).toBeLessThan(150 * MiB)
    writer.child.stdin!.end()
    await expectSuccess(reader, writer)
  })
})

describe('--max and --follow', () => {
  test('--max stops after that many messages, and reports what was dropped', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read', '--max', '2'])
    const writer = place.sh(`printf '1\\n2\\n3\\n4' | osdemo pipe write`)
    await expectSuccess(reader, writer)
    expect(reader.stdout()).toBe('1\n2\n')
    expect(storyOf(reader)).toContain('Received 2 messages, 4 bytes. Dropped 3 bytes')
  })

  test('--max counts a last line without a newline', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read', '--max', '2', '--verbose'])
    await expectSuccess(reader, place.sh(`printf '1\\n2' | osdemo pipe write`))
    expect(reader.stdout()).toBe('1\n2')
    expect(storyOf(reader)).toContain('Received 2 messages, 3 bytes')
  })

  test('--max with --json stops after that many events', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read', '--max', '2', '--json'])
    await expectSuccess(reader, place.sh(`printf 'a\\nb\\nc\\n' | osdemo pipe write`))
    const texts = validEvents(reader).flatMap((event) => (event.event === 'received' ? [event.text] : []))
    expect(texts).toEqual(['a', 'b'])
  })

  test('a writer fails with EPIPE when the reader stops', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read', '--max', '2'])
    await waitingActor(reader)
    const writer = place.osdemo(['pipe', 'write', '--count', '1000000', ...fast, 'more'])
    expect(await reader.exit).toBe(0)
    expect(await writer.exit).toBe(1)
    expect(reader.stdout()).toBe('more\nmore\n')
    expect(writer.stderr()).toMatch(/^osdemo: cannot write to FIFO .*: write: EPIPE \(broken pipe\)$/m)
    expectNothingLeft(place)
  })

  test('--follow continues with the next writer, until Ctrl-C', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read', '--follow'])
    const actor = await waitingActor(reader)
    await expectSuccess(place.osdemo(['pipe', 'write', 'first']))
    await until(() => reader.stdout() === 'first\n')
    await expectSuccess(place.sh(`printf second | osdemo pipe write`))
    await until(() => reader.stdout() === 'first\nsecond')
    await expectSuccess(place.sh(`echo third > '${defaultFifo(place)}'`))
    await until(() => reader.stdout() === 'first\nsecondthird\n')
    expect(isAlive(actor)).toBe(true)
    reader.child.kill('SIGINT')
    expect(await reader.exit).toBe(130)
    expect(isAlive(actor)).toBe(false)
    expectNothingLeft(place)
  })

  test('each read that blocks for long is an event, from its begin to its end', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read', '--json'])
    await waitingActor(reader)
    const writer = place.sh(`exec cat > '${defaultFifo(place)}'`, { stdio: ['pipe', 'pipe', 'pipe'] })
    for (const count of [1, 2, 3]) {
      const since = now()
      await until(() => now() - since > 300_000)
      writer.child.stdin!.write(`message ${count}\n`)
      await until(() => reader.stdout().includes(`message ${count}`))
    }
    writer.child.stdin!.end()
    expect(await reader.exit).toBe(0)
    const reads = validEvents(reader).flatMap((event) =>
      event.event === 'call' && event.call === 'read' ? [[event.phase, event.result]] : [],
    )
    const told = [1, 2, 3].flatMap(() => [
      ['begin', undefined],
      ['end', 10],
    ])
    expect(reads.slice(0, 6)).toEqual(told)
    expect(reads.at(-1)).toEqual(['end', 0])
  })

  test('--follow numbers the messages of all writers in one sequence', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read', '--follow', '--json'])
    for (const text of ['first', 'second']) {
      await expectSuccess(place.osdemo(['pipe', 'write', text]))
      await until(() => reader.stdout().includes(text))
    }
    reader.child.kill('SIGINT')
    expect(await reader.exit).toBe(130)
    const messages = validEvents(reader).flatMap((event) => (event.event === 'received' ? [event] : []))
    expect(messages.map(({ seq, text }) => [seq, text])).toEqual([
      [0, 'first'],
      [1, 'second'],
    ])
  })

  test('--follow loses nothing when writers open and close quickly', async () => {
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read', '--follow'])
    await waitingActor(reader)
    const lines = Array.from({ length: 1000 }, (_, i) => `line ${i + 1}\n`)
    const writer = place.sh(
      `i=0; while [ $i -lt ${lines.length} ]; do i=$((i+1)); echo "line $i" > '${defaultFifo(place)}'; done`,
    )
    expect(await writer.exit).toBe(0)
    expect(writer.stderr()).toBe('')
    await until(() => reader.stdout().endsWith(lines.at(-1)!), 5000).catch(() => {})
    expect(reader.stdout().split('\n').length - 1).toBe(lines.length)
    expect(reader.stdout()).toBe(lines.join(''))
  })
})

describe('other programs', () => {
  test('cat reads what pipe write sends into a FIFO that mkfifo made, which stays', async () => {
    const place = newPlace()
    const { path, ino } = mkfifo()
    const cat = place.sh(`cat '${path}'`)
    const writer = place.osdemo(['pipe', 'write', '--path', path, 'to', 'cat'])
    await expectSuccess(cat, writer)
    expect(cat.stdout()).toBe('to\ncat\n')
    expect(statSync(path).ino).toBe(ino)
    expect(place.leftovers()).toEqual([])
  })

  test('pipe read prints what echo sends into a FIFO that mkfifo made, which stays', async () => {
    const place = newPlace()
    const { path, ino } = mkfifo()
    const reader = place.osdemo(['pipe', 'read', '--path', path])
    await waitingActor(reader)
    await expectSuccess(place.sh(`echo hello > '${path}'`), reader)
    expect(reader.stdout()).toBe('hello\n')
    expect(statSync(path).ino).toBe(ino)
    expect(place.leftovers()).toEqual([])
  })

  test.each(['read', 'write'])('a FIFO that mkfifo made outlives a Ctrl-C of pipe %s', async (end) => {
    const place = newPlace()
    const { path, ino } = mkfifo()
    const run = place.osdemo(['pipe', end, '--path', path])
    await waitingActor(run)
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(130)
    expect(statSync(path).ino).toBe(ino)
  })

  test.skipIf(process.getuid!() !== 0)(
    'a FIFO of another user works where its mode allows it, and stays',
    async () => {
      const place = newPlace()
      const { path, ino } = mkfifo()
      chmodSync(path, 0o666)
      chownSync(path, 65534, 65534)
      const reader = place.osdemo(['pipe', 'read', '--path', path])
      await waitingActor(reader)
      await expectSuccess(reader, place.osdemo(['pipe', 'write', '--path', path, 'hello']))
      expect(reader.stdout()).toBe('hello\n')
      expect(statSync(path)).toMatchObject({ ino, uid: 65534 })
    },
  )

  test('echo works with a FIFO that osdemo made, which osdemo removes at the end', async () => {
    const place = newPlace()
    const path = join(place.folder, 'p')
    const reader = place.osdemo(['pipe', 'read', '--path', path])
    await waitingActor(reader)
    await expectSuccess(place.sh(`echo hello > '${path}'`), reader)
    expect(reader.stdout()).toBe('hello\n')
    expectNothingLeft(place)
    expect(existsSync(path)).toBe(false)
  })
})

describe('a FIFO that osdemo made at a path of the user’s is removed by the end that exits last', () => {
  test('the reader made it, and the writer exits last', async () => {
    const { place, reader, writer } = await hold('reader')
    const readerEnd = reader.exit
    // The reader stops. The writer does not notice while it has nothing to write.
    writer.child.stdin!.write('2\n')
    expect(await readerEnd).toBe(0)
    expect(existsSync(pathIn(place))).toBe(true)
    writer.child.stdin!.end()
    await expectSuccess(writer)
    expectNoFifo(place)
  })

  test('the writer made it, and the reader exits last', async () => {
    const { place, reader, writer } = await hold('writer', ['--follow'])
    writer.child.stdin!.end()
    await expectSuccess(writer)
    expect(existsSync(pathIn(place))).toBe(true)
    reader.child.kill('SIGINT')
    expect(await reader.exit).toBe(130)
    expectNoFifo(place)
  })

  test('the reader made it and exits last', async () => {
    const { place, reader, writer } = await hold('reader', ['--follow'])
    writer.child.stdin!.end()
    await expectSuccess(writer)
    reader.child.kill('SIGINT')
    expect(await reader.exit).toBe(130)
    expectNoFifo(place)
  })

  test('the writer made it and exits last', async () => {
    const { place, reader, writer } = await hold('writer')
    writer.child.stdin!.write('2\n')
    await expectSuccess(reader)
    writer.child.stdin!.end()
    await expectSuccess(writer)
    expectNoFifo(place)
  })

  test('an end that starts while the maker exits still finds the FIFO', async () => {
    const place = newPlace()
    const maker = place.osdemo(['pipe', 'read', '--path', pathIn(place)])
    await waitingActor(maker)
    // The writer has found the FIFO, but its actor starts only when the file `go` is made.
    const [bin, go] = [temporaryFolder(), join(place.folder, 'go')]
    const stub = `#!/bin/sh\nwhile [ ! -e '${go}' ]; do sleep 0.02; done\nPATH='${process.env.PATH}' exec setpriv "$@"\n`
    writeFileSync(join(bin, 'setpriv'), stub, { mode: 0o755 })
    const writer = place.osdemo(['pipe', 'write', 'hello', '--path', pathIn(place)], {
      env: { PATH: `${bin}:${process.env.PATH}` },
    })
    await until(() => openFiles(writer.pid).some(({ target }) => target === pathIn(place)))
    maker.child.kill('SIGINT')
    expect(await maker.exit).toBe(130)
    expect(existsSync(pathIn(place))).toBe(true)
    const reader = place.osdemo(['pipe', 'read', '--path', pathIn(place)])
    writeFileSync(go, '')
    await expectSuccess(writer, reader)
    expect(reader.stdout()).toBe('hello\n')
    expectNoFifo(place)
  })

  /** Both ends are open and one message has passed. The writer waits for its stdin, the reader for a second message. */
  async function hold(maker: 'reader' | 'writer', words = ['--max', '2']) {
    const place = newPlace()
    const start = {
      reader: () => place.osdemo(['pipe', 'read', '--path', pathIn(place), ...words]),
      writer: () =>
        place.osdemo(['pipe', 'write', '--path', pathIn(place)], { stdio: ['pipe', 'pipe', 'pipe'] }),
    }
    const first = start[maker]()
    await waitingActor(first)
    const second = start[maker === 'reader' ? 'writer' : 'reader']()
    const [reader, writer] = maker === 'reader' ? [first, second] : [second, first]
    writer.child.stdin!.write('1\n')
    await until(() => reader.stdout() === '1\n')
    return { place, reader, writer }
  }
})

describe.each(['read', 'write'])('pipe %s without the other end', (end) => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('exits on %s with %d and leaves nothing', async (signal, code) => {
    const place = newPlace()
    const run = place.osdemo(['pipe', end, '--path', pathIn(place)])
    const actor = await waitingActor(run)
    expect(existsSync(pathIn(place))).toBe(true)
    run.child.kill(signal)
    expect(await run.exit).toBe(code)
    expect(isAlive(actor)).toBe(false)
    expectNoFifo(place)
  })

  const moments: [string, (run: Run, place: Place) => unknown][] = [
    ['begins to make the FIFO', (_, place) => place.leftovers().length > 0],
    ['has just made the FIFO', (_, place) => existsSync(pathIn(place))],
    ['starts its actor', ({ pid }) => childrenOf(pid).some((child) => commandLine(child).includes('fifo-'))],
    ['blocks in open(2)', (run) => waitingActor(run)],
  ]
  test.each(moments)(
    'leaves nothing when Ctrl-C reaches it and its children while it %s',
    async (_, reached) => {
      const place = newPlace()
      const run = place.osdemo(['pipe', end, '--path', pathIn(place)], { detached: true })
      await until(() => reached(run, place))
      process.kill(-run.pid, 'SIGINT')
      await expectQuietCtrlC(run, place)
    },
  )

  test.each(['is about to make it', 'has made it'])(
    'leaves nothing when Ctrl-C reaches it and mkfifo, which %s',
    async (when) => {
      const place = newPlace()
      const { env, waits, open } = gatedMkfifo(when === 'has made it')
      const run = place.osdemo(['pipe', end, '--path', pathIn(place)], { detached: true, env })
      await until(waits)
      process.kill(-run.pid, 'SIGINT')
      open()
      await expectQuietCtrlC(run, place)
    },
  )

  async function expectQuietCtrlC(run: Run, place: Place): Promise<void> {
    expect(await run.exit, run.stderr()).toBe(130)
    expect(run.stderr()).not.toMatch(/^osdemo:/m)
    await until(() => processesOf(place).length === 0)
    expectNoFifo(place)
  }

  test('exits after --timeout with 124 and leaves nothing', async () => {
    const place = newPlace()
    const run = place.osdemo(['pipe', end, '--path', pathIn(place), '--timeout', '300ms'])
    expect(await run.exit).toBe(124)
    expect(run.stdout()).toBe('')
    expect(run.stderr()).toContain('not finished after 300ms')
    expectNoFifo(place)
  })

  test('reports the signal as an error event with --json', async () => {
    const run = newPlace().osdemo(['pipe', end, '--json'])
    await waitingActor(run)
    run.child.kill('SIGTERM')
    expect(await run.exit).toBe(143)
    const errors = validEvents(run).filter((event) => event.event === 'error')
    expect(errors).toMatchObject([{ exit: 143, message: 'terminated by SIGTERM' }])
  })
})

function pathIn({ folder }: Place): string {
  return join(folder, 'p')
}

function expectNoFifo(place: Place): void {
  expectNothingLeft(place)
  expect(existsSync(pathIn(place))).toBe(false)
}

describe('the demo of both ends', () => {
  test('shows claims with evidence from the kernel, and leaves nothing', async () => {
    const events = await playDemo(['pipe', 'demo'])
    expect(events[0]).toMatchObject({ event: 'run', command: ['pipe', 'demo', '--json'] })
    expect(claimIdsOf(events)).toEqual([
      'fifo/reader-blocks-in-open',
      'fifo/both-ends-open-one-inode',
      'pipe/messages-arrive-in-order',
      'pipe/end-of-file-after-last-writer',
      'process/none-is-left',
    ])
    const [{ ino }] = dataFrom(events, /^stat /) as [{ ino: number }]
    expect(dataFrom(events, /^\/proc\/\d+\/fdinfo\/\d+$/)).toEqual([
      { ino, access: 'O_RDONLY' },
      { ino, access: 'O_WRONLY' },
    ])

    const [sent, received] = (['sent', 'received'] as const).map((kind) =>
      events.flatMap((event) => (event.event === kind ? [event] : [])),
    )
    expect(sent!.length).toBeGreaterThan(0)
    expect(received!.map(({ seq, text }) => [seq, text])).toEqual(sent!.map(({ seq, text }) => [seq, text]))
    expect(sent!.map(({ seq }) => seq)).toEqual(sent!.map((_, index) => index))
    for (const [index, { t }] of received!.entries()) expect(t).toBeGreaterThanOrEqual(sent![index]!.t)

    const children = events.flatMap((event) => (event.event === 'started' ? [event.child] : []))
    expect(children).toHaveLength(2)
    const [reader] = children
    const sources = events.flatMap((event) => (event.event === 'evidence' ? [event.source] : []))
    const threads = new RegExp(`^/proc/${reader}/task/\\d+/(syscall|wchan)$`)
    expect(
      sources.filter((source) => source.includes('/task/')).every((source) => threads.test(source)),
    ).toBe(true)
    expect(new Set([...sent!, ...received!].map(({ pid }) => pid))).toEqual(new Set(children))
    expect(children.filter((pid) => isAlive(pid))).toEqual([])
    expect(drawChannel(tellStory(events, false))!.claims).toHaveLength(5)
  })

  test('fits 80 columns, and has no escape codes without a terminal unless --color is given', async () => {
    const place = newPlace()
    const [plain, colored, refused] = [
      place.osdemo(['pipe', 'demo']),
      place.osdemo(['pipe', 'demo', '--color']),
      place.osdemo(['pipe', 'demo'], { env: { NO_COLOR: '1' } }),
    ]
    await expectSuccess(plain!, colored!, refused!)
    for (const run of [plain!, colored!]) {
      const lines = run.stdout().split('\n')
      expect(lines.length).toBeGreaterThan(20)
      expect(lines.filter((line) => stringWidth(line) > 80)).toEqual([])
    }
    expect(escapes(plain!)).toBe(0)
    expect(escapes(refused!)).toBe(0)
    expect(escapes(colored!)).toBeGreaterThan(20)
    expect(plain!.stdout()).toMatch(/\n(\d+) of \1 claims hold\.\n$/)
    expect(plain!.stderr()).toBe('')
  })

  test.skipIf(!existsSync('/usr/bin/script'))(
    'is coloured on a terminal, unless NO_COLOR or --no-color is given',
    async () => {
      const place = newPlace()
      const env = { TERM: 'xterm-256color' }
      const [plain, noColor, flag] = [
        place.sh(onTerminal('pipe demo'), { env }),
        place.sh(onTerminal('pipe demo'), { env: { ...env, NO_COLOR: '1' } }),
        place.sh(onTerminal('pipe demo --no-color'), { env }),
      ]
      await expectSuccess(plain!, noColor!, flag!)
      expect(escapes(plain!)).toBeGreaterThan(20)
      expect(escapes(noColor!)).toBe(0)
      expect(escapes(flag!)).toBe(0)
    },
  )

  test('leaves no process and no FIFO after Ctrl-C in the middle', async () => {
    const place = newPlace()
    const demo = place.osdemo(['pipe', 'demo'])
    await until(() => demo.stdout().includes('Message 1'))
    const actors = childrenOf(demo.pid)
    expect(actors).toHaveLength(2)
    demo.child.kill('SIGINT')
    expect(await demo.exit).toBe(130)
    expect(actors.filter((pid) => isAlive(pid))).toEqual([])
    expectNothingLeft(place)
  })
})

/** A FIFO of the test's own. */
function mkfifo(): { path: string; ino: number } {
  const path = join(temporaryFolder(), 'fifo')
  execFileSync('mkfifo', [path])
  return { path, ino: statSync(path).ino }
}

/** A mkfifo that waits for the test, before or after its work. */
function gatedMkfifo(after: boolean) {
  const folder = temporaryFolder()
  const [called, gate] = [join(folder, 'called'), join(folder, 'gate')]
  const work = `PATH="\${PATH#*:}" mkfifo "$@"`
  const wait = `: > '${called}'; while [ ! -e '${gate}' ]; do :; done`
  const script = after ? `${work} || exit\n${wait}` : `${wait}\n${work}`
  writeFileSync(join(folder, 'mkfifo'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return {
    env: { PATH: `${folder}:${process.env.PATH}` },
    waits: () => existsSync(called),
    open: () => writeFileSync(gate, ''),
  }
}

/** Starts a reader and a writer at the same time, and expects both to succeed. */
async function exchange(place: Place, words: string[], read: string[] = []) {
  const reader = place.osdemo(['pipe', 'read', ...read])
  const writer = place.osdemo(['pipe', 'write', ...words])
  await expectSuccess(reader, writer)
  expectNothingLeft(place)
  return { reader, writer }
}

/** Expects runs to exit with 0. Fails as soon as one does not, and shows its stderr. */
async function expectSuccess(...runs: Run[]): Promise<void> {
  await Promise.all(
    runs.map(async (run) => {
      const code = await run.exit
      expect(code, run.stderr()).toBe(0)
    }),
  )
}

/** A line of sh that runs osdemo on a pseudo-terminal and copies its output. */
function onTerminal(words: string): string {
  return `script -qec '"${process.execPath}" "${program}" ${words}' /dev/null`
}

/** The lines on stderr as one line. */
function storyOf(run: Run): string {
  return run.stderr().replaceAll(/\s+/g, ' ')
}

/** The command that an end which waits prints for the other terminal. */
function otherTerminal(run: Run): Promise<string> {
  return until(() => /In another terminal: (osdemo .*)\n/.exec(run.stderr())?.[1])
}

/** The events of a run with --json. Every line must be a valid one. */
function validEvents(run: Run): Event[] {
  expect(run.stdout()).toMatch(/\n$/)
  const events = parseEvents(run.stdout())
  expect(invalidEvents(events)).toEqual([])
  return events
}

function escapes(run: Run): number {
  return run.stdout().split('\u001b[').length - 1
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

function commandLine(pid: number): string {
  return readText(`/proc/${pid}/cmdline`) ?? ''
}

/** How many bytes a process has written with write(2) and similar calls. */
function bytesWritten(pid: number): number {
  return Number(/^wchar: (\d+)$/m.exec(readText(`/proc/${pid}/io`) ?? '')?.[1] ?? 0)
}

/** The largest resident memory that a process ever had, in bytes. */
function peakMemory(pid: number): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/status`) ?? '')?.[1]) * 1024
}

/** The examples, run as a student runs them; and the excerpts of output in the documents. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readNumbers, readText } from '../src/proc/read.js'
import { codeBlocks, documents } from './support/documents.js'
import { newPlace, type Place, type Run, temporaryFolder, waitsForPartner } from './support/osdemo.js'
import { until } from './support/until.js'

/** The time limit, in milliseconds, for a script that starts a dozen processes. */
const patience = 60_000

/** A test that needs these programs. If one is missing it is skipped, and its title says why. */
function testWith(programs: string[], title: string, body: () => Promise<void> | void): void {
  const missing = programs.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
  const reason = missing.length > 0 ? ` (skipped: there is no ${missing.join(', ')} here)` : ''
  test.skipIf(missing.length > 0)(title + reason, body, 2 * patience)
}

/** Runs an example, or another line of sh, to its end. */
async function play(
  line: string,
  place = newPlace(),
): Promise<{ exit: number; stdout: string; stderr: string }> {
  const run = place.sh(line)
  await until(() => hasEnded(run), patience)
  return { exit: await run.exit, stdout: run.stdout(), stderr: run.stderr() }
}

function hasEnded({ child }: Run): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function startEchoServer(place: Place): Promise<number> {
  const run = place.osdemo(['tcp-echo', '--port', '0'])
  return Number(await until(() => /^listening on 127\.0\.0\.1:(\d+)\n/.exec(run.stdout())?.[1]))
}

/** A wrong server, made by the test, which the grading script must detect. Returns its port. */
async function startServer(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket.on('error', () => {}))
    serve(socket)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Treats each chunk that a read returned as one whole frame. */
function trustReads(socket: Socket): void {
  socket.on('data', (chunk) => {
    const body = chunk.subarray(4)
    const header = Buffer.alloc(4)
    header.writeUInt32BE(body.length)
    socket.write(Buffer.concat([header, body]))
  })
}

describe('two-terminals.sh', () => {
  /** A folder for its files, whose name also identifies its processes. */
  function start(): { run: Run; left(): { processes: number[]; files: string[] } } {
    const folder = temporaryFolder()
    const run = newPlace().sh('exec sh examples/two-terminals.sh', { env: { TMPDIR: folder } })
    // A tmux server leaves the process group of the process that started it.
    onTestFinished(() => {
      for (const pid of processesWith(`TMPDIR=${folder}`)) process.kill(pid, 'SIGKILL')
    })
    return { run, left: () => ({ processes: processesWith(`TMPDIR=${folder}`), files: readdirSync(folder) }) }
  }

  function processesWith(variable: string): number[] {
    return readNumbers('/proc').filter((pid) =>
      readText(`/proc/${pid}/environ`)?.split('\0').includes(variable),
    )
  }

  const nothing = { processes: [], files: [] }

  testWith(
    ['tmux'],
    "shows the ten messages in the reader's terminal, and leaves nothing behind",
    async () => {
      const { run, left } = start()
      await until(() => hasEnded(run), patience)
      expect({ exit: await run.exit, stderr: run.stderr() }).toEqual({ exit: 0, stderr: '' })
      const [reader] = run.stdout().split("== the writer's terminal")
      expect(reader!.match(/^Message \d$/gm)).toEqual(Array.from({ length: 10 }, (_, i) => `Message ${i}`))
      await until(() => left().processes.length === 0)
      expect(left()).toEqual(nothing)
    },
  )

  testWith(['tmux'], 'ends its terminals when it is killed', async () => {
    const { run, left } = start()
    await until(() => left().processes.some(waitsForPartner), patience)
    run.child.kill('SIGTERM')
    expect(await run.exit).toBe(143)
    await until(() => left().processes.length === 0)
    expect(left()).toEqual(nothing)
  })
})

describe('grade-frames.sh', () => {
  testWith(['jq'], 'gives the full score to osdemo tcp-echo', async () => {
    const place = newPlace()
    const port = await startEchoServer(place)
    const { exit, stdout, stderr } = await play(`sh examples/grade-frames.sh 127.0.0.1 ${port}`, place)
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(stdout).toMatch(/^(ok {4}.*\n){9}score 9 of 9\n$/)
  })

  testWith(['jq'], 'takes points from a server that treats each read as a whole frame', async () => {
    const port = await startServer(trustReads)
    const { exit, stdout } = await play(`sh examples/grade-frames.sh 127.0.0.1 ${port}`)
    expect(exit).toBe(1)
    expect(stdout).toContain('ok    one frame\n')
    expect(stdout).toMatch(/^FAIL {2}a frame byte by byte: echo 0 differs/m)
    expect(stdout).toMatch(/^FAIL {2}a header in two pieces: /m)
    expect(stdout).toMatch(/^score [1-7] of 9$/m)
  })

  testWith(['jq'], 'takes points from a server that returns bytes and does not look for frames', async () => {
    const port = await startServer((socket) => socket.pipe(socket))
    const { exit, stdout } = await play(`sh examples/grade-frames.sh 127.0.0.1 ${port}`)
    expect(exit).toBe(1)
    expect(stdout).toContain('ok    one frame\n')
    expect(stdout).toMatch(/^FAIL {2}half a frame, .*: 8 bytes/m)
    expect(stdout).toMatch(/^score [1-8] of 9$/m)
  })

  testWith(['jq'], 'prints its usage without a port', async () => {
    expect(await play('sh examples/grade-frames.sh 127.0.0.1')).toMatchObject({ exit: 2, stdout: '' })
  })
})

describe('frame_client.py', () => {
  testWith(['python3'], 'finds no error in osdemo tcp-echo', async () => {
    const place = newPlace()
    const port = await startEchoServer(place)
    const { exit, stdout, stderr } = await play(`python3 examples/frame_client.py --port ${port}`, place)
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
    expect(stdout.match(/is unchanged/g)).toHaveLength(4)
  })

  testWith(['python3'], 'detects a server that changed one byte', async () => {
    const port = await startServer((socket) => {
      let seen = 0
      socket.on('data', (chunk) => {
        // The last byte of the second frame, hello and world.
        const at = 17 - seen
        if (at >= 0 && at < chunk.length) chunk[at]! ^= 1
        seen += chunk.length
        socket.write(chunk)
      })
    })
    const { exit, stdout, stderr } = await play(
      `python3 examples/frame_client.py --port ${port} hello world again`,
    )
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: "echo 0 is unchanged: 'hello'\n" })
    expect(stderr).toBe("frame_client.py: echo 1 differs: sent 'world', received 'worle'\n")
  })

  testWith(['python3'], 'detects bytes behind the last echo, and none where there is none', async () => {
    const echo = (rest: string) =>
      startServer((socket) =>
        socket.on('data', (chunk) => socket.write(Buffer.concat([chunk, Buffer.from(rest)]))),
      )
    const [more, same] = await Promise.all(
      ['\0', ''].map(async (rest) =>
        play(`python3 examples/frame_client.py --port ${await echo(rest)} hello`),
      ),
    )
    expect(more).toMatchObject({ exit: 1, stdout: "echo 0 is unchanged: 'hello'\n" })
    expect(more!.stderr).toContain('more bytes')
    expect(same).toMatchObject({ exit: 0, stderr: '' })
  })

  testWith(['python3'], 'detects a server that closed in the middle of a frame', async () => {
    const port = await startServer((socket) => {
      socket.once('data', () => socket.end(Buffer.from([0, 0, 0, 5, 104])))
    })
    const { exit, stderr } = await play(`python3 examples/frame_client.py --port ${port} hello`)
    expect(exit).toBe(1)
    expect(stderr).toContain('with 4 bytes still missing')
  })
})

testWith(['cc'], 'after-detach.c compiles without a warning, and is killed when it reads', async () => {
  const file = join(temporaryFolder(), 'after-detach')
  const compile = `cc -Wall -Wextra -Werror -o '${file}' examples/after-detach.c`
  const { exit, stdout } = await play(`${compile} && printf '\\n\\n' | '${file}'`)
  expect([exit, stdout]).toEqual([139, expect.stringMatching(/attached at .* is 104\ndetached\n$/)])
  const early = await play(`printf '\\n' | '${file}'`)
  expect([early.exit, early.stdout]).toEqual([0, expect.stringMatching(/detached\n$/)])
})

testWith(['cc'], 'fork-shares.c compiles without a warning and prints what the documents show', async () => {
  const file = join(temporaryFolder(), 'fork-shares')
  const compile = `cc -Wall -Wextra -Werror -o '${file}' examples/fork-shares.c`
  const { exit, stdout, stderr } = await play(`${compile} && '${file}'`)
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  const shown = codeBlocks('docs/learning/questions.md').find(({ text }) =>
    text.includes('&& /tmp/fork-shares'),
  )!
  const [, ...lines] = shown.text.split('\n')
  expect(withoutAddresses(stdout)).toBe(withoutAddresses(lines.join('\n')))
})

function withoutAddresses(text: string): string {
  return text.replaceAll(/ +0x[0-9a-f]+/g, ' ADDRESS').trim()
}

test('frames.mjs puts the pieces together to messages', async () => {
  const { exit, stdout, stderr } = await play('node examples/frames.mjs')
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  expect(stdout).toContain('decode() yields ["hello","","wörld"]\n')
  expect(stdout).toContain('\nFrameTooLongError: ')
  expect(stdout).toContain('\nTruncatedFrameError: ')
})

/** Runs the program for an excerpt; each command once. */
const runs = new Map<string, Promise<{ exit: number; stdout: string; stderr: string }>>()

/** The part of an output that is the same in every run: without numbers, bars, line breaks and the runtime folder. */
function essence(text: string): string {
  return text
    .replaceAll(/\/\S+(?:\n +)?\S*\/(?=fifo\b)/g, '')
    .replaceAll(/\d+(\.\d+)?/g, '#')
    .replaceAll(/# m?s\b/g, '# ms')
    .replaceAll(/[\s▇…]/g, '')
}

/** The entries of a timeline, each with the lines that continue it, and the paragraphs around them. */
function entries(story: string): string[] {
  return story.split(/\n(?= +\d+\.\d{3} )|\n\n/).filter((entry) => entry.trim() !== '')
}

const excerpts = documents.flatMap(codeBlocks).flatMap(({ document, language, text }) => {
  const [, command, story] = /^\$ osdemo (.*)\n([\s\S]*)$/.exec(text) ?? []
  return language === 'text' && story ? [{ document, command: command!, story: `\n${story}` }] : []
})

test.each(excerpts)('$document shows what osdemo $command prints', async ({ command, story }) => {
  const played = runs.get(command) ?? play(`osdemo ${command}`)
  runs.set(command, played)
  const { exit, stdout } = await played
  expect(exit).toBe(0)
  const printed = essence(stdout)
  const shown = entries(story.replaceAll(/^\.\.\.$\n?/gm, ''))
  // Kernel functions, pid 1 and users have other names on other machines.
  const lasting = shown.filter((entry) => !/\/wchan:|process_api|, root$/.test(entry))
  expect(lasting.length).toBeGreaterThan(3)
  expect(lasting.filter((entry) => !printed.includes(essence(entry)))).toEqual([])
})

testWith(['jq'], 'the lines with jq in scripting.md print what it shows', async () => {
  const shown = codeBlocks('docs/teaching/scripting.md').filter(({ text }) =>
    text.startsWith('$ osdemo pipe'),
  )
  expect(shown.length).toBe(2)
  for (const { text } of shown) {
    const [, line, output] = /^\$ (.*)\n([\s\S]*)$/.exec(text)!
    const { exit, stdout, stderr } = await play(line!)
    expect({ exit, stdout: essence(stdout), stderr }).toEqual({
      exit: 0,
      stdout: essence(output!),
      stderr: '',
    })
  }
})

testWith(['jq'], 'scripting.md gets the score and the ids of the questions out of the events', async () => {
  const block = codeBlocks('docs/teaching/scripting.md').find(({ text }) => text.includes('--answers'))!
  const place = newPlace()
  // On a busy machine a claim of the tour may fail. The questions and the score stay the same.
  const { exit, stdout } = await play(`cd "$XDG_RUNTIME_DIR" && set -e\n${block.text}`, place)
  expect(exit).toBe(0)
  expect(stdout).toMatch(/^\{"asked":2,"answered":1,"right":1,"open":0\}\n/)
  expect(stdout).toContain('\nzombie-sigkill\n')
})

test('the library lines of the documents run as they stand', async () => {
  const [script] = codeBlocks('docs/teaching/scripting.md').filter(({ language }) => language === 'js')
  // Inside the package, so that the package finds itself by its own name.
  const run = spawnSync(process.execPath, ['--input-type=module'], { input: script!.text, encoding: 'utf8' })
  expect(run).toMatchObject({ status: 0, stdout: 'hello\nwörld\n', stderr: '' })
})

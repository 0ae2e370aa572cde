/** Many bytes through a named pipe: the kernel moves them with splice(2) where it can, and none is lost where it cannot. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { fcntl } from '../../../src/ipc/libc.js'
import { bytesInPipe } from '../../../src/ipc/pipe-room.js'
import { readCommandLine } from '../../../src/proc/cmdline.js'
import { fdFlags } from '../../../src/proc/fds.js'
import { readStat } from '../../../src/proc/stat.js'
import { waitingThreads } from '../../../src/proc/task.js'
import { only } from '../../support/facts.js'
import { pathWith } from '../../support/folders.js'
import { withoutFfi } from '../../support/no-ffi.js'
import {
  childrenOf,
  expectNothingLeft,
  invalidEvents,
  newPlace,
  type Place,
  parseEvents,
  processesOf,
  program,
  type Run,
  temporaryFolder,
} from '../../support/osdemo.js'
import { until } from '../../support/until.js'

const MiB = 2 ** 20

let place: Place
let folder: string
beforeEach(() => {
  place = newPlace()
  folder = temporaryFolder()
})

/** A file of random bytes, so that a byte that is lost, doubled or moved changes the checksum. */
function randomFile(bytes: number): string {
  const path = join(folder, 'from')
  writeFileSync(path, randomBytes(bytes))
  return path
}

/** Computed by md5sum(1), because the file may be too long to read into memory. */
function md5(path: string): string {
  return execFileSync('md5sum', { input: '', stdio: [openFor(path, 'r'), 'pipe', 'inherit'] }).toString()
}

/** A descriptor of the test process, which a run inherits. */
function openFor(path: string, flags: string | number): number {
  const fd = openSync(path, flags)
  onTestFinished(() => closeSync(fd))
  return fd
}

function mkfifo(name: string): string {
  const path = join(folder, name)
  execFileSync('mkfifo', [path])
  return path
}

async function expectSuccess(...runs: Run[]): Promise<void> {
  for (const run of runs) expect(await run.exit, run.stderr()).toBe(0)
}

/** The numbers of the last note of an actor. */
function totalsOf(actor: string, text: string) {
  const events = parseEvents(text)
  expect(invalidEvents(events)).toEqual([])
  return only(events, 'note').findLast((note) => note.actor === actor)?.data
}

/** Whether a thread of this process is blocked in this system call. */
function waitsIn(pid: number, call: string): boolean {
  return waitingThreads(pid).some(({ syscall }) => syscall === call)
}

describe('bytes are the same at both ends', () => {
  test('300 MiB from a file to a file, moved by the kernel alone', async () => {
    const [from, to] = [randomFile(300 * MiB), join(folder, 'to')]
    const reader = place.sh(`osdemo pipe read > '${to}'`)
    const writer = place.sh(`osdemo pipe write --json < '${from}'`)
    await expectSuccess(reader, writer)
    expect(md5(to)).toBe(md5(from))
    expect(totalsOf('writer', writer.stdout())).toEqual({ bytes: 300 * MiB, spliced: 300 * MiB })
    const [tally] = only(parseEvents(writer.stdout()), 'tally')
    expect(tally).toMatchObject({ direction: 'sent', messages: 0, bytes: 300 * MiB })
    expectNothingLeft(place)
  })

  const through: [string, { write: string; read: string }][] = [
    ['pipes of a shell', { write: 'cat FROM | osdemo pipe write', read: 'osdemo pipe read | cat > TO' }],
    ['a file that is appended to', { write: 'osdemo pipe write < FROM', read: 'osdemo pipe read >> TO' }],
    ['cat as reader', { write: 'osdemo pipe write --path FIFO < FROM', read: 'cat FIFO > TO' }],
    ['cat as writer', { write: 'cat FROM > FIFO', read: 'osdemo pipe read --path FIFO > TO' }],
    ['a slow reader', { write: 'osdemo pipe write < FROM', read: 'osdemo pipe read | dd bs=512 of=TO' }],
  ]
  test.each(through)('16 MiB through %s', async (_, { write, read }) => {
    const [from, to, fifo] = [randomFile(16 * MiB), join(folder, 'to'), mkfifo('fifo')]
    const named = (line: string) =>
      line.replace('FROM', `'${from}'`).replace('TO', `'${to}'`).replace('FIFO', `'${fifo}'`)
    await expectSuccess(place.sh(named(read)), place.sh(named(write)))
    expect(md5(to)).toBe(md5(from))
  })

  test('a file that is appended to keeps its earlier content', async () => {
    const to = join(folder, 'to')
    writeFileSync(to, 'before\n')
    await expectSuccess(place.sh(`osdemo pipe read >> '${to}'`), place.sh('echo after | osdemo pipe write'))
    expect(readFileSync(to, 'utf8')).toBe('before\nafter\n')
  })

  test('without FFI, through read and write', async () => {
    const [from, to] = [randomFile(16 * MiB), join(folder, 'to')]
    const env = withoutFfi()
    const reader = place.sh(`osdemo pipe read > '${to}'`, { env })
    const writer = place.sh(`osdemo pipe write --json < '${from}'`, { env })
    await expectSuccess(reader, writer)
    expect(md5(to)).toBe(md5(from))
    expect(totalsOf('writer', writer.stdout())).toEqual({ bytes: 16 * MiB, spliced: 0 })
  })

  test('with --follow, from one writer after the other', async () => {
    const [from, to] = [randomFile(3 * MiB), join(folder, 'to')]
    const reader = place.sh(
      `exec ${JSON.stringify(process.execPath)} '${program}' pipe read --follow > '${to}'`,
    )
    for (const times of [1, 2, 3]) {
      await expectSuccess(place.sh(`osdemo pipe write < '${from}'`))
      await until(() => statSync(to).size === times * 3 * MiB)
    }
    reader.child.kill('SIGINT')
    expect(await reader.exit).toBe(130)
    const sent = readFileSync(from)
    expect(readFileSync(to).equals(Buffer.concat([sent, sent, sent]))).toBe(true)
  })

  test('more than 32 bits can count, and the total is right', async () => {
    // In a file system in memory, a hole of a file is one page read repeatedly. From a disk, 3 GiB would take 10 seconds.
    const from = join(existsSync('/dev/shm') ? '/dev/shm' : folder, `osdemo-test-${process.pid}`)
    onTestFinished(() => rmSync(from))
    writeFileSync(from, '')
    truncateSync(from, 3 * 2 ** 30)
    const reader = place.sh('osdemo pipe read > /dev/null')
    const writer = place.sh(`osdemo pipe write --json < '${from}'`)
    await expectSuccess(reader, writer)
    expect(totalsOf('writer', writer.stdout())).toEqual({ bytes: 3 * 2 ** 30, spliced: 3 * 2 ** 30 })
  })
})

describe('no byte is lost or doubled when splice(2) fails in the middle', () => {
  /** fcntl(2), F_SETFL. The actor shares the open file description, so its flags change too. */
  const setFlags = (fd: number, flags: number) => fcntl(fd, 4, flags)

  test('because stdout gets O_APPEND', async () => {
    const [from, to, fifo] = [randomFile(8 * MiB), join(folder, 'to'), mkfifo('fifo')]
    writeFileSync(to, '')
    const out = openFor(to, 'w')
    const reader = place.osdemo(['pipe', 'read', '--path', fifo], { stdio: ['ignore', out, 'pipe'] })
    const half = place.sh(
      `exec > '${fifo}'; head -c 4194304 '${from}'; read go; tail -c +4194305 '${from}'`,
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    )
    await until(() => statSync(to).size === 4 * MiB)
    const [actor] = childrenOf(reader.pid)
    await until(() => waitsIn(actor!, 'splice'))
    setFlags(out, constants.O_APPEND)
    half.child.stdin!.write('go\n')
    await expectSuccess(half, reader)
    expect(md5(to)).toBe(md5(from))
  })

  test('because the pipe at stdout gets O_NONBLOCK, and is full repeatedly', async () => {
    const [from, to, fifo, pipe] = [randomFile(8 * MiB), join(folder, 'to'), mkfifo('fifo'), mkfifo('pipe')]
    const out = openFor(pipe, 'r+')
    const reader = place.osdemo(['pipe', 'read', '--path', fifo], { stdio: ['ignore', out, 'pipe'] })
    const writer = place.sh(`osdemo pipe write --path '${fifo}' < '${from}'`)
    // The pipe is full, so the reader is blocked in splice(2). With O_NONBLOCK, the next call fails instead.
    await until(
      () => bytesInPipe(out) >= 65_536 && childrenOf(reader.pid).some((pid) => waitsIn(pid, 'splice')),
    )
    setFlags(out, constants.O_NONBLOCK)
    await expectSuccess(place.sh(`head -c ${8 * MiB} '${pipe}' > '${to}'`), writer, reader)
    expect(md5(to)).toBe(md5(from))
  })
})

describe('splice(2) is for files, pipes and devices', () => {
  test.each([
    ['a file', 'splice', () => openFor(join(folder, 'to'), 'w')],
    ['/dev/null', 'splice', () => openFor('/dev/null', 'w')],
    ['a pipe', 'splice', () => openFor(mkfifo('pipe'), 'r+')],
    ['a socket', 'read', () => 'pipe'],
  ] satisfies [string, string, () => number | 'pipe'][])(
    'a reader whose stdout is %s blocks in %s',
    async (_, call, open: () => number | 'pipe') => {
      const fifo = mkfifo('fifo')
      const reader = place.osdemo(['pipe', 'read', '--path', fifo], { stdio: ['ignore', open(), 'pipe'] })
      const held = place.sh(`exec > '${fifo}'; read end; :`, { stdio: ['pipe', 'pipe', 'pipe'] })
      const actor = await until(() => childrenOf(reader.pid).find((pid) => waitsIn(pid, call)))
      expect(waitsIn(actor, call === 'splice' ? 'read' : 'splice')).toBe(false)
      held.child.stdin!.end()
      await expectSuccess(held, reader)
    },
  )

  test('a reader whose stdout is a terminal blocks in read', async () => {
    const fifo = mkfifo('fifo')
    const line = `script -qefc '"${process.execPath}" "${program}" pipe read --quiet --path "${fifo}"' /dev/null`
    const reader = place.sh(line)
    const held = place.sh(`exec > '${fifo}'; echo hello; read end; :`, { stdio: ['pipe', 'pipe', 'pipe'] })
    await until(() => reader.stdout().includes('hello'))
    const actor = await until(() => processesOf(place).find((pid) => isActor(pid) && waitsIn(pid, 'read')))
    expect(waitsIn(actor, 'splice')).toBe(false)
    held.child.stdin!.end()
    await expectSuccess(held, reader)
  })

  test('a writer can be killed while the socket at the stdout of the reader is full', async () => {
    const fifo = mkfifo('fifo')
    const reader = place.osdemo(['pipe', 'read', '--quiet', '--path', fifo])
    // No process reads the stdout of the reader. In splice(2), the reader would wait for the socket and keep the lock of the pipe.
    reader.child.stdout!.pause()
    const writer = spawn('dd', ['if=/dev/zero', `of=${fifo}`, 'bs=64k'], { stdio: 'ignore' })
    const ended = new Promise((resolve) => writer.once('exit', (_, signal) => resolve(signal)))
    const waits = () => readStat(writer.pid!)?.state === 'S' && waitsIn(writer.pid!, 'write')
    await until(waits)
    expect(readStat(writer.pid!)?.state).toBe('S')
    writer.kill('SIGKILL')
    expect(await ended).toBe('SIGKILL')
    reader.child.stdout!.resume()
    await expectSuccess(reader)
  })

  test('the open file descriptions that are shared with the shell keep their flags', async () => {
    const from = openFor(randomFile(MiB), 'r')
    const to = openFor(mkfifo('pipe'), 'r+')
    const before = [from, to].map((fd) => fdFlags(process.pid, fd)?.flags)
    const reader = place.osdemo(['pipe', 'read'], { stdio: ['ignore', to, 'pipe'] })
    const writer = place.osdemo(['pipe', 'write'], { stdio: [from, 'pipe', 'pipe'] })
    // It is checked while they run, because Node restores the flags of its stdio when it exits.
    await until(() => bytesInPipe(to) >= 65_536)
    expect([from, to].map((fd) => fdFlags(process.pid, fd)?.flags)).toEqual(before)
    const drain = place.sh(`head -c ${MiB} '${join(folder, 'pipe')}' > /dev/null`)
    await expectSuccess(drain, reader, writer)
  })
})

describe('messages are counted when an option needs them', () => {
  test('with --save', async () => {
    const [to, saved] = [join(folder, 'to'), join(folder, 'run.ndjson')]
    const reader = place.sh(`osdemo pipe read --save '${saved}' > '${to}'`)
    await expectSuccess(reader, place.sh(`printf 'a\\nb\\nc' | osdemo pipe write`))
    const text = readFileSync(saved, 'utf8')
    expect(only(parseEvents(text), 'received').map(({ text }) => text)).toEqual(['a', 'b', 'c'])
    expect(totalsOf('reader', text)).toEqual({ messages: 3, bytes: 5, dropped: 0 })
    expect(readFileSync(to, 'utf8')).toBe('a\nb\nc')
  })

  test('with --max, which stops after that many', async () => {
    const to = join(folder, 'to')
    const reader = place.sh(`osdemo pipe read --max 2 > '${to}'`)
    await expectSuccess(reader, place.sh(`printf '1\\n2\\n3\\n' | osdemo pipe write`))
    expect(readFileSync(to, 'utf8')).toBe('1\n2\n')
  })
})

describe('the other end and the disk', () => {
  test('a writer gets EPIPE when the reader closes early', async () => {
    const fifo = mkfifo('fifo')
    const writer = place.sh(`osdemo pipe write --json --path '${fifo}' < '${randomFile(4 * MiB)}'`)
    await expectSuccess(place.sh(`head -c 100000 '${fifo}' > /dev/null`))
    expect(await writer.exit).toBe(1)
    expect(parseEvents(writer.stdout()).at(-1)).toMatchObject({
      event: 'error',
      call: 'write',
      errno: 'EPIPE',
    })
  })

  test('a reader exits with 141 and prints nothing when the command after it closes early', async () => {
    const code = join(folder, 'code')
    const [from, to] = [randomFile(4 * MiB), join(folder, 'to')]
    const reader = place.sh(`{ osdemo pipe read --quiet; echo $? > '${code}'; } | head -c 100000 > '${to}'`)
    const writer = place.sh(`osdemo pipe write --quiet < '${from}'`)
    expect(await reader.exit).toBe(0)
    expect(readFileSync(code, 'utf8')).toBe('141\n')
    expect(reader.stderr()).toBe('')
    expect(readFileSync(to).equals(readFileSync(from).subarray(0, 100_000))).toBe(true)
    await writer.exit
  })

  test('a reader gets ENOSPC when the disk is full, and the file contains the beginning', async ({
    skip,
  }) => {
    const mount = join(folder, 'disk')
    mkdirSync(mount)
    const own = `unshare --mount ${process.getuid!() === 0 ? '' : '--map-root-user'}`
    const small = `mount -t tmpfs -o size=2m none '${mount}'`
    skip(spawnSync('sh', ['-c', `${own} sh -c "${small}"`]).status !== 0, 'may not mount a tmpfs')
    const from = randomFile(4 * MiB)
    const read = `'${process.execPath}' '${program}' pipe read --quiet > '${mount}/to'`
    const check = `cmp -n $(stat -c %s '${mount}/to') '${mount}/to' '${from}' && stat -c %s '${mount}/to'`
    const reader = place.sh(`${own} sh -c "${small}; ${read}; echo \\$?; ${check.replaceAll('$', '\\$')}"`)
    await place.sh(`osdemo pipe write < '${from}'`).exit
    expect(await reader.exit, reader.stderr()).toBe(0)
    expect(reader.stdout()).toBe(`1\n${2 * MiB}\n`)
    expect(reader.stderr()).toMatch(/^osdemo: .*write: ENOSPC/m)
  })
})

describe('every way to stop in the middle', () => {
  /** Both ends are busy until they are stopped: the writer copies the endless output of yes(1). */
  async function busy(read: string[] = [], env = {}) {
    const to = openFor('/dev/null', 'w')
    const reader = place.osdemo(['pipe', 'read', ...read], { stdio: ['ignore', to, 'pipe'], env })
    const writer = place.sh(`yes | exec '${process.execPath}' '${program}' pipe write`, { env })
    return { reader, writer }
  }

  test('the reader exits with 130 after Ctrl-C', async () => {
    const { reader } = await busy()
    await until(() => childrenOf(reader.pid).some((pid) => waitsIn(pid, 'splice')))
    reader.child.kill('SIGINT')
    expect(await reader.exit).toBe(130)
    expect(processesOf(place).filter((pid) => readStat(pid)?.ppid === reader.pid)).toEqual([])
  })

  test('the reader exits with 124 after --timeout', async () => {
    const { reader } = await busy(['--timeout', '500ms'])
    expect(await reader.exit).toBe(124)
  })

  const lacking: [string, () => Record<string, string>][] = [
    ['with setpriv and FFI', () => ({})],
    ['without setpriv', () => ({ PATH: pathWith('mkfifo') })],
    ['without setpriv and FFI', () => ({ PATH: pathWith('mkfifo'), ...withoutFfi() })],
  ]
  test.each(lacking)(
    'actors that are blocked are killed when SIGKILL kills their supervisors, %s',
    async (_, env) => {
      const fifo = mkfifo('fifo')
      const pipe = openFor(mkfifo('pipe'), 'r+')
      const from = openFor(randomFile(4 * MiB), 'r')
      // The pipe at the reader's stdout is full, so the reader waits for room there, and the writer for room in the FIFO.
      const reader = place.osdemo(['pipe', 'read', '--path', fifo], {
        stdio: ['ignore', pipe, 'pipe'],
        env: env(),
      })
      const writer = place.osdemo(['pipe', 'write', '--path', fifo], {
        stdio: [from, 'pipe', 'pipe'],
        env: env(),
      })
      const waits = ({ pid }: Run) =>
        childrenOf(pid).some((child) => waitsIn(child, 'splice') || waitsIn(child, 'write'))
      await until(() => bytesInPipe(pipe) >= 65_536 && waits(reader) && waits(writer))
      for (const { child } of [reader, writer]) child.kill('SIGKILL')
      await until(() => processesOf(place).length === 0, 5000)
      expect(readdirSync(folder)).toContain('fifo')
    },
  )
})

/** Whether this process is the reader's actor. Its name does not show that: in Node 24, the main thread is called MainThread. */
function isActor(pid: number): boolean {
  return (readCommandLine(pid) ?? []).some((word) => word.includes('actors/fifo-reader'))
}

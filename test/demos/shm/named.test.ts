/** POSIX shared memory by its name, used in two terminals: the tools with --name, and what they do with wrong input. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { requireName } from '../../../src/ipc/posix-shm.js'
import { dataFrom } from '../../support/facts.js'
import {
  expectNothingLeft,
  newPlace,
  outcome,
  type Place,
  parseEvents,
  placeOfNobody,
  processesOf,
  program,
  type RunOptions,
} from '../../support/osdemo.js'
import { until } from '../../support/until.js'

let next = 0

/** A name that no other test uses, and its file, which is removed when the test ends. */
function newName() {
  const name = `/osdemo-test-${process.pid}-${next++}`
  const file = `/dev/shm${name}`
  onTestFinished(() => rmSync(file, { recursive: true, force: true }))
  return { name, file }
}

const ends = (place: Place, words: string[], options?: RunOptions) => outcome(place.osdemo(words, options))

describe.runIf(process.platform === 'linux')('shm --name', () => {
  test('a text is a file in /dev/shm, which is read, listed, kept and removed', async () => {
    const place = newPlace()
    const { name, file } = newName()
    const written = await ends(place, ['shm', 'write', 'hello wörld', '--name', name, '--mode', '0640'])
    expect([written.exit, written.stderr]).toEqual([0, expect.stringContaining(`shm read --name ${name}`)])
    const text = Buffer.from('hello wörld\0')
    expect(readFileSync(file)).toEqual(Buffer.concat([text, Buffer.alloc(1024 - text.length)]))
    const { mode, uid } = lstatSync(file)
    expect(mode & 0o777).toBe(0o640)
    const [read, list, clean] = await Promise.all([
      ends(place, ['shm', 'read', '--name', name]),
      ends(place, ['shm', 'list', '--json']),
      ends(place, ['clean', '--json']),
    ])
    expect(read).toMatchObject({ exit: 0, stdout: 'hello wörld\n' })
    expect(dataFrom(parseEvents(list.stdout), '/dev/shm')).toContainEqual({
      ...{ name, uid, mode: 0o640, size: 1024, allocated: 4096, ours: true },
    })
    expect(parseEvents(clean.stdout)).toContainEqual(
      expect.objectContaining({ role: 'next', data: { command: `osdemo shm remove --name ${name}` } }),
    )
    // A longer text needs a larger object, and an object can grow.
    const long = 'x'.repeat(1024)
    const small = await ends(place, ['shm', 'write', long, '--name', name])
    expect([small.exit, small.stderr]).toEqual([1, expect.stringContaining('--size 1025')])
    expect((await ends(place, ['shm', 'write', long, '--name', name, '--size', '1025'])).exit).toBe(0)
    expect([lstatSync(file).size, readFileSync(file, 'utf8')]).toEqual([1025, `${long}\0`])
    expect((await ends(place, ['shm', 'remove', '--name', name])).exit).toBe(0)
    expect(existsSync(file)).toBe(false)
    expectNothingLeft(place)
  })

  test('--follow prints each new text, of osdemo and of others, and exits when the memory is removed', async () => {
    const place = newPlace()
    const { name, file } = newName()
    writeFileSync(file, Buffer.concat([Buffer.from('one'), Buffer.alloc(4093)]))
    const reader = place.osdemo(['shm', 'read', '--follow', '--name', name])
    await until(() => reader.stdout() === 'one\n')
    expect((await ends(place, ['shm', 'write', 'two', '--name', name])).exit).toBe(0)
    await until(() => reader.stdout() === 'one\ntwo\n')
    // In place, as a program that has it mapped: the file keeps its inode and its size.
    execFileSync('dd', [`of=${file}`, 'conv=notrunc'], {
      input: 'three\0',
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    await until(() => reader.stdout() === 'one\ntwo\nthree\n')
    const removed = await ends(place, ['shm', 'remove', '--name', name])
    // The reader still maps it.
    expect([removed.exit, removed.stderr]).toEqual([0, expect.stringMatching(/pid \d+/)])
    expect(await reader.exit).toBe(0)
    expectNothingLeft(place)
  })

  test('memory that another process makes shorter ends the reader with an error', async () => {
    const place = newPlace()
    const { name, file } = newName()
    writeFileSync(file, Buffer.alloc(8192, 'x'))
    const reader = place.osdemo(['shm', 'read', '--follow', '--name', name])
    await until(() => reader.stdout() !== '')
    truncateSync(file, 100)
    expect([await reader.exit, reader.stderr()]).toEqual([
      1,
      expect.stringContaining('100 of the 8192 bytes'),
    ])
    expectNothingLeft(place)
  })

  test.for(['SIGINT', 'SIGKILL'] as const)(
    '--hold stays until %s: the memory is removed, but never another one of the same name',
    async (signal) => {
      const place = newPlace()
      const [kept, replaced] = [newName(), newName()]
      const words = (name: string) => ['shm', 'write', 'held', '--hold', '--name', name]
      const runs = [kept, replaced].map(({ name }) => place.osdemo(words(name)))
      await until(() => runs.every((run) => run.stderr().includes('Ctrl-C')))
      expect((await ends(place, ['shm', 'read', '--name', kept.name])).stdout).toBe('held\n')
      rmSync(replaced.file)
      // With the mark of osdemo, too.
      writeFileSync(replaced.file, 'of another program', { mode: 0o700 })
      for (const run of runs) run.child.kill(signal)
      for (const run of runs) await run.exit
      if (signal === 'SIGKILL') {
        await until(() => processesOf(place).length === 0)
        await ends(place, ['clean'])
      }
      expect([existsSync(kept.file), existsSync(replaced.file)]).toEqual([false, true])
      expectNothingLeft(place)
    },
  )

  test('wrong names, sizes and options are usage errors, and create nothing', async () => {
    const place = newPlace()
    const { name, file } = newName()
    const long = 'a'.repeat(255)
    for (const wrong of ['osdemo', '/', '/a/b', '/..', '/sem.x', `/a${long}`])
      expect(() => requireName(wrong)).toThrow(JSON.stringify(wrong))
    requireName(`/${long}`)
    const usage = [
      ['--name', 'osdemo'],
      ['--name', name, '--key', '7'],
    ]
    const exits = usage.map(async (words) => (await ends(place, ['shm', 'write', 'x', ...words])).exit)
    expect(await Promise.all(exits)).toEqual(usage.map(() => 2))
    const tooMuch = await ends(place, ['shm', 'write', 'x', '--name', name, '--size', '100000GiB'])
    expect([tooMuch.exit, tooMuch.stderr]).toEqual([1, expect.stringContaining('ENOSPC')])
    const missing = await ends(place, ['shm', 'read', '--name', name])
    expect([missing.exit, missing.stderr]).toEqual([1, expect.stringContaining('shm list')])
    expect(existsSync(file)).toBe(false)
    expectNothingLeft(place)
  })

  test('what is no shared memory is not used: a folder, a symbolic link, a FIFO, an empty file', async () => {
    const place = newPlace()
    const [folder, link, fifo, empty] = [newName(), newName(), newName(), newName()]
    mkdirSync(folder.file)
    symlinkSync('/etc/passwd', link.file)
    execFileSync('mkfifo', [fifo.file])
    writeFileSync(empty.file, '')
    const ran = await Promise.all([
      ...[folder, link, fifo].map(({ name }) => ends(place, ['shm', 'write', 'x', '--name', name])),
      ...[fifo, empty].map(({ name }) => ends(place, ['shm', 'read', '--name', name])),
    ])
    expect(ran.map(({ exit, stderr }) => [exit, stderr.startsWith('osdemo: ')])).toEqual(
      ran.map(() => [1, true]),
    )
    for (const { file } of [folder, link, fifo]) expect(lstatSync(file).isFile()).toBe(false)
    expectNothingLeft(place)
  })

  test('what shm read proposes for an empty object, works', async () => {
    const [place, { name, file }] = [newPlace(), newName()]
    writeFileSync(file, '')
    const read = await ends(place, ['shm', 'read', '--name', name])
    const words = /osdemo(?:\.js)? (shm write .*)/.exec(read.stderr)?.[1]?.split(' ') ?? []
    expect(await ends(place, words)).toMatchObject({ exit: 0 })
    expect(await ends(place, ['shm', 'read', '--name', name])).toMatchObject({ exit: 0, stdout: 'hello\n' })
  })

  test('the mode protects the memory of another user, which is listed all the same', async (context) => {
    const { name, file } = newName()
    writeFileSync(file, 'secret')
    chmodSync(file, 0o600)
    const { place, options } = placeOfNobody(context)
    const words = [['write', 'x'], ['read'], ['remove']]
    const ran = words.map((one) => ends(place, ['shm', ...one, '--name', name], options))
    for (const { exit, stderr } of await Promise.all(ran))
      expect([exit, stderr]).toEqual([1, expect.stringContaining('EACCES')])
    const list = await ends(place, ['shm', 'list', '--json'], options)
    expect(dataFrom(parseEvents(list.stdout), '/dev/shm')).toContainEqual(
      expect.objectContaining({ name, size: 6, ours: false }),
    )
    expect(readFileSync(file, 'utf8')).toBe('secret')
  })

  test('shm list shows names without control characters, and leaves out semaphores', async () => {
    const { name, file } = newName()
    const semaphore = `/dev/shm/sem.osdemo-test-${process.pid}`
    onTestFinished(() => rmSync(semaphore, { force: true }))
    writeFileSync(semaphore, 'x')
    const [strange, plain] = [`${file}\u001b[31m\n`, `${file}x`]
    onTestFinished(() => rmSync(strange, { force: true }))
    onTestFinished(() => rmSync(plain, { force: true }))
    for (const path of [strange, plain]) writeFileSync(path, 'x')
    const { stdout } = await ends(newPlace(), ['shm', 'list'])
    const lines = stdout.split('\n')
    expect(lines.filter((line) => line.startsWith(name)).map((line) => line.split(/ +/)[0])).toEqual(
      expect.arrayContaining([`${name}?[31m?`, `${name}x`]),
    )
    expect(stdout).not.toContain('sem.')
  })

  test('a full file system is an error, and kills no process', (context) => {
    const inside = ['unshare', '--mount', 'sh', '-ec']
    const mount = 'mount -t tmpfs -o size=16k tmpfs /dev/shm'
    const [unshare = '', ...words] = inside
    context.skip(spawnSync(unshare, [...words, mount]).status !== 0, 'needs the right to mount')
    // The first page of the object is a hole, and the others fill the file system.
    const script = `${mount}; dd if=/dev/zero of=/dev/shm/sparse bs=4096 seek=8 count=4 status=none
      "$@" shm write hello --name /sparse && exit 3
      truncate -s 4096 /dev/shm/sparse; "$@" shm write hello --name /sparse; "$@" shm read --name /sparse
      "$@" shm write hello --name /new --size 16KiB && exit 4; test ! -e /dev/shm/new
      dd if=/dev/zero of=/dev/shm/rest bs=4096 status=none && exit 5; "$@" shm posix --quiet && exit 6; true`
    const run = spawnSync(unshare, [...words, script, 'sh', process.execPath, program], {
      encoding: 'utf8',
      env: { ...process.env, XDG_RUNTIME_DIR: newPlace().folder },
    })
    expect([run.status, run.stdout, run.stderr.match(/: ENOSPC/g)?.length]).toEqual([0, 'hello\n', 3])
    expect(run.stderr).not.toMatch(/SIGBUS/)
  })
})

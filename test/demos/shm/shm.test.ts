/** One System V segment, used by osdemo, C and Perl in two terminals; errors; and the demos of segments. */
import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest'
import { numberIn } from '../../../src/events.js'
import { attachSegment, makeSegment, privateKey, removeSegment } from '../../../src/ipc/sysv-shm.js'
import { readSegments } from '../../../src/proc/sysvipc-shm.js'
import { noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { withoutFfi } from '../../support/no-ffi.js'
import {
  childrenOf,
  eventsSoFar,
  expectNothingLeft,
  newPlace,
  outcome,
  type Place,
  parseEvents,
  placeOfNobody,
  playDemo,
  processesOf,
  type RunOptions,
  temporaryFolder,
} from '../../support/osdemo.js'
import { slideOf, valuesOf } from '../../support/slide.js'
import { until } from '../../support/until.js'

/** Keys that no other test uses. A segment that a test leaves is removed when the test ends. */
let next = 0x6000_0000 + (process.pid % 0x1_0000) * 256
function newKey(): number {
  const key = next++
  onTestFinished(() => void spawnSync('ipcrm', ['-M', `${key}`]))
  return key
}

const segmentOf = (key: number) => readSegments()!.find((segment) => segment.key === key)

function ends(place: Place, words: string[], options?: RunOptions) {
  return outcome(place.osdemo(words, options))
}

describe('shm write and shm read', () => {
  test('pass a text under the default key, which ipcs shows as in the lecture', async ({ skip }) => {
    skip(segmentOf(70_000) !== undefined, 'a segment with key 70000 exists')
    onTestFinished(() => void spawnSync('ipcrm', ['-M', '70000']))
    const place = newPlace()
    expect((await ends(place, ['shm', 'write', 'hello wörld'])).exit).toBe(0)
    const ipcs = execFileSync('ipcs', ['-m'], { encoding: 'utf8' })
    const line = ipcs.split('\n').find((text) => text.startsWith('0x00011170'))
    expect(line?.trim().split(/\s+/).slice(3)).toEqual(['600', '1024', '0'])
    expect(await ends(place, ['shm', 'read'])).toMatchObject({ exit: 0, stdout: 'hello wörld\n' })

    const list = parseEvents((await ends(place, ['shm', 'list', '--json'])).stdout)
    const id = line!.split(/\s+/)[1]
    const segment = segmentOf(70_000)!
    expect(segment).toMatchObject({ id: Number(id), size: 1024, mode: 0o600, attached: 0, removed: false })
    expect(dataFrom(list, '/proc/sysvipc/shm')).toContainEqual({ ...segment, ours: true })
    expect((await ends(place, ['shm', 'remove'])).exit).toBe(0)
    expect(segmentOf(70_000)).toBeUndefined()
    // The hint lists the segments: a user who removes one does not want to create one.
    const again = parseEvents((await ends(place, ['shm', 'remove', '--json'])).stdout)
    expect(again).toContainEqual(
      expect.objectContaining({ event: 'error', errno: 'ENOENT', hint: expect.stringContaining('shm list') }),
    )
    const after = await ends(place, ['shm', 'read'])
    expect([after.exit, after.stderr]).toEqual([1, expect.stringContaining('shmget: ENOENT')])
    expectNothingLeft(place)
  })

  test('take any key of ftok(3), as ipcs prints it or as a number with or without a sign', async () => {
    const place = newPlace()
    // ftok(3) takes the highest bits from the project number, so its keys may be negative.
    const unsigned = newKey() + 0x8000_0000
    const [hexadecimal, signed] = [`0x${unsigned.toString(16)}`, unsigned - 2 ** 32]
    onTestFinished(() => void spawnSync('ipcrm', ['-M', hexadecimal]))
    expect((await ends(place, ['shm', 'write', 'hello', '--key', hexadecimal])).exit).toBe(0)
    const listed = execFileSync('ipcs', ['-m'], { encoding: 'utf8' })
    expect(listed).toMatch(new RegExp(`^${hexadecimal} +${segmentOf(signed)!.id} `, 'm'))
    const reads = [hexadecimal.toUpperCase().replace('X', 'x'), `${unsigned}`, `${signed}`].map((key) =>
      ends(place, ['shm', 'read', '--key', key]),
    )
    expect((await Promise.all(reads)).map(({ stdout }) => stdout)).toEqual(Array(3).fill('hello\n'))
    const clean = parseEvents((await ends(place, ['clean', '--json'])).stdout)
    expect(clean).toContainEqual(
      expect.objectContaining({ role: 'next', data: { command: `osdemo shm remove --key ${signed}` } }),
    )
    expect((await ends(place, ['shm', 'remove', '--key', `${signed}`])).exit).toBe(0)
    expect(segmentOf(signed)).toBeUndefined()
    expectNothingLeft(place)
  })

  test('use a segment without a key by its id', async ({ skip }) => {
    skip(spawnSync('perl', ['-v']).status !== 0, 'needs perl')
    const place = newPlace()
    const id = execFileSync('perl', ['-e', 'print shmget(0, 16, 01600)'], { encoding: 'utf8' })
    onTestFinished(() => void spawnSync('ipcrm', ['-m', id]))
    const written = await ends(place, ['shm', 'write', 'private', '--id', id])
    expect([written.exit, written.stderr]).toEqual([0, expect.stringContaining(`shm read --id ${id}`)])
    const events = parseEvents((await ends(place, ['shm', 'read', '--id', id, '--json'])).stdout)
    expect(events).toContainEqual(expect.objectContaining({ event: 'received', channel: `id ${id}` }))
    expect((await ends(place, ['shm', 'read', '--id', id])).stdout).toBe('private\n')
    const long = await ends(place, ['shm', 'write', 'x'.repeat(16), '--id', id])
    expect([long.exit, long.stderr]).toEqual([1, expect.stringContaining('17 bytes')])
    expect((await ends(place, ['shm', 'remove', '--id', id])).exit).toBe(0)
    for (const words of [['read'], ['write', 'x'], ['remove']]) {
      const gone = await ends(place, ['shm', ...words, '--id', id])
      expect([gone.exit, gone.stderr]).toEqual([1, expect.stringContaining(`no segment has id ${id}`)])
    }
    expectNothingLeft(place)
  })

  test('share a segment with a C program, in both directions', async ({ skip }) => {
    skip(spawnSync('cc', ['--version']).status !== 0, 'needs a C compiler')
    const place = newPlace()
    const key = newKey()
    const folder = temporaryFolder()
    const source = `
      #include <stdio.h>
      #include <string.h>
      #include <sys/shm.h>
      int main(int argc, char **argv) {
        char *text = shmat(shmget(${key}, 1024, IPC_CREAT | 0600), 0, 0);
        if (argc > 1) strcpy(text, argv[1]);
        puts(text);
      }`
    writeFileSync(join(folder, 'shared.c'), source)
    execFileSync('cc', ['-o', join(folder, 'shared'), join(folder, 'shared.c')])
    const shared = (...words: string[]) => execFileSync(join(folder, 'shared'), words, { encoding: 'utf8' })
    expect((await ends(place, ['shm', 'write', 'hello wörld', '--key', `${key}`])).exit).toBe(0)
    expect(shared()).toBe('hello wörld\n')
    shared('von C: größer')
    expect((await ends(place, ['shm', 'read', '--key', `${key}`])).stdout).toBe('von C: größer\n')
  })

  test('share a segment with a Go program, in both directions', async ({ skip }) => {
    skip(spawnSync('go', ['version']).status !== 0, 'needs Go')
    const place = newPlace()
    const key = newKey()
    const folder = temporaryFolder()
    const source = `
      package main
      import ("bytes"; "os"; "syscall"; "unsafe")
      func main() {
        id, _, _ := syscall.Syscall(syscall.SYS_SHMGET, ${key}, 1024, 01600)
        address, _, _ := syscall.Syscall(syscall.SYS_SHMAT, id, 0, 0)
        memory := unsafe.Slice((*byte)(unsafe.Pointer(address)), 1024)
        os.Stdout.Write(bytes.TrimRight(memory, "\\x00"))
        if len(os.Args) > 1 { copy(memory, os.Args[1] + "\\x00") }
      }`
    writeFileSync(join(folder, 'shared.go'), source)
    execFileSync('go', ['build', '-o', join(folder, 'shared'), join(folder, 'shared.go')], { cwd: folder })
    const shared = (...words: string[]) => execFileSync(join(folder, 'shared'), words, { encoding: 'utf8' })
    expect((await ends(place, ['shm', 'write', 'hello wörld', '--key', `${key}`])).exit).toBe(0)
    // It prints all bytes of the segment but the NULs at its end: there is nothing else in it.
    expect(shared('from Go: größer')).toBe('hello wörld')
    expect((await ends(place, ['shm', 'read', '--key', `${key}`])).stdout).toBe('from Go: größer\n')
  })

  test('share a segment with Perl, in both directions, also one that Perl created', async ({ skip }) => {
    skip(spawnSync('perl', ['-v']).status !== 0, 'needs perl')
    const place = newPlace()
    const key = newKey()
    const perl = (code: string) =>
      execFileSync('perl', ['-e', `$id = shmget(${key}, 1024, 01600); ${code}`], { encoding: 'utf8' })
    perl('shmwrite($id, "made by Perl\\0", 0, 13)')
    expect((await ends(place, ['shm', 'read', '--key', `${key}`])).stdout).toBe('made by Perl\n')
    expect((await ends(place, ['shm', 'write', 'hello wörld', '--key', `${key}`])).exit).toBe(0)
    expect(perl('shmread($id, $text, 0, 1024); print unpack("Z*", $text)')).toBe('hello wörld')
  })

  test('--follow prints each new text, and exits when the segment is removed', async () => {
    const place = newPlace()
    const key = `${newKey()}`
    await ends(place, ['shm', 'write', 'one', '--key', key])
    const reader = place.osdemo(['shm', 'read', '--follow', '--key', key])
    await until(() => reader.stdout() === 'one\n')
    await ends(place, ['shm', 'write', 'a longer one', '--key', key])
    await until(() => reader.stdout() === 'one\na longer one\n')
    await ends(place, ['shm', 'write', 'three', '--key', key])
    await until(() => reader.stdout().endsWith('three\n'))
    expect((await ends(place, ['shm', 'remove', '--key', key])).exit).toBe(0)
    expect(await reader.exit).toBe(0)
    expect(readSegments()!.some((segment) => segment.key === Number(key))).toBe(false)
    expectNothingLeft(place)
  })

  test('--follow prints the last text even when the segment is removed right after it', async ({ skip }) => {
    skip(spawnSync('perl', ['-v']).status !== 0, 'needs perl')
    const place = newPlace()
    const key = newKey()
    await ends(place, ['shm', 'write', 'one', '--key', `${key}`])
    const reader = place.osdemo(['shm', 'read', '--follow', '--key', `${key}`])
    await until(() => reader.stdout() === 'one\n')
    const code = `$id = shmget(${key}, 0, 0); shmwrite($id, "last\\0", 0, 5); shmctl($id, 0, 0)`
    execFileSync('perl', ['-e', code])
    expect([await reader.exit, reader.stdout()]).toEqual([0, 'one\nlast\n'])
  })

  test('--hold reports that another process removed the segment', async () => {
    const place = newPlace()
    const key = `${newKey()}`
    const writer = place.osdemo(['shm', 'write', 'held', '--hold', '--key', key])
    await until(() => segmentOf(Number(key))?.attached === 1)
    expect((await ends(place, ['shm', 'list'])).stdout).toMatch(new RegExp(`^${key} .*by osdemo$`, 'm'))
    await ends(place, ['shm', 'remove', '--key', key])
    await until(() => writer.stderr().replaceAll(/\s+/g, ' ').includes('has removed segment'))
    writer.child.kill('SIGINT')
    expect(await writer.exit).toBe(130)
    expectNothingLeft(place)
  })

  test('--hold removes the segment when another process kills the writer', async () => {
    const place = newPlace()
    const key = newKey()
    const writer = place.osdemo(['shm', 'write', 'held', '--hold', '--key', `${key}`])
    await until(() => segmentOf(key)?.attached === 1 && writer.stderr().includes('Ctrl-C'))
    for (const pid of childrenOf(writer.pid)) process.kill(pid, 'SIGKILL')
    expect(await writer.exit).toBe(1)
    expect(segmentOf(key)).toBeUndefined()
    expectNothingLeft(place)
  })

  test.for(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    '--hold stays attached, and the segment is removed after %s',
    async (signal) => {
      const place = newPlace()
      const key = newKey()
      const writer = place.osdemo(['shm', 'write', 'held', '--hold', '--key', `${key}`])
      await until(() => segmentOf(key)?.attached === 1)
      expect((await ends(place, ['shm', 'read', '--key', `${key}`])).stdout).toBe('held\n')
      writer.child.kill(signal)
      await writer.exit
      if (signal === 'SIGKILL') {
        await until(() => processesOf(place).length === 0)
        expect((await ends(place, ['clean'])).stdout).toContain(`${key}`)
      } else expect(await writer.exit).toBe(signal === 'SIGINT' ? 130 : 143)
      expect(segmentOf(key)).toBeUndefined()
      expectNothingLeft(place)
    },
  )

  test('shm write keeps its segment: neither the next run nor clean removes it', async () => {
    const place = newPlace()
    const key = newKey()
    await ends(place, ['shm', 'write', 'kept', '--key', `${key}`])
    const clean = await ends(place, ['clean', '--json'])
    expect(clean.exit).toBe(0)
    const told = parseEvents(clean.stdout).filter(({ event }) => event === 'note')
    expect(told).toMatchObject([
      { role: 'opening', data: { removed: 0, kept: 1 } },
      { data: { kind: 'segment', name: `${key}` } },
      { role: 'next', data: { command: `osdemo shm remove --key ${key}` } },
    ])
    expect((await ends(place, ['shm', 'read', '--key', `${key}`])).stdout).toBe('kept\n')
    await ends(place, ['shm', 'remove', '--id', `${segmentOf(key)!.id}`])
    expectNothingLeft(place)
  })

  test('a writer that is killed before it has written leaves no segment behind after clean', async () => {
    const place = newPlace()
    const key = newKey()
    const writer = place.osdemo(['shm', 'write', 'x', '--key', `${key}`])
    await until(() => segmentOf(key) !== undefined)
    writer.child.kill('SIGSTOP')
    for (const actor of childrenOf(writer.pid)) process.kill(actor, 'SIGKILL')
    writer.child.kill('SIGKILL')
    await writer.exit
    await ends(place, ['clean'])
    expect(segmentOf(key)).toBeUndefined()
    expectNothingLeft(place)
  })
})

describe('an error changes nothing', () => {
  test.each([
    ['key 0', ['--key', '0']],
    ['key 0 in hexadecimal', ['--key', '0x0']],
    ['a key above 32 bits', ['--key', '4294967296']],
    ['a hexadecimal key above 32 bits', ['--key', '0x100000000']],
    ['a key below 32 bits', ['--key', '-2147483649']],
    ['a key that is no whole number', ['--key', '1e3']],
    ['a key and an id', ['--key', '1', '--id', '1']],
    ['a size and an id', ['--id', '1']],
    ['size 0', ['--size', '0']],
    ['a mode that is not octal', ['--mode', '999']],
  ])('%s is a usage error', async (_, words) => {
    const place = newPlace()
    const size = 7919
    const { exit, stderr } = await ends(place, ['shm', 'write', 'x', '--size', `${size}`, ...words])
    expect([exit, stderr]).toEqual([2, expect.stringMatching(/^osdemo: .*(--key|--size|--mode|--id)/s)])
    // Other tests create segments at the same time, of other sizes.
    expect(readSegments()!.filter((segment) => segment.size === size)).toEqual([])
    expectNothingLeft(place)
  })

  test('a mode and an id are a usage error: an existing segment keeps its mode', async () => {
    const { exit, stderr } = await ends(newPlace(), ['shm', 'write', 'x', '--id', '1', '--mode', '600'])
    expect([exit, stderr]).toEqual([2, expect.stringContaining('--mode and --id')])
  })

  test('a text that with its NUL is longer than the segment leaves it unchanged', async () => {
    const place = newPlace()
    const key = newKey()
    const words = ['shm', 'write', 'x'.repeat(1024), '--key', `${key}`]
    const fresh = await ends(place, words)
    expect([fresh.exit, fresh.stderr]).toEqual([
      1,
      expect.stringMatching(/1025 bytes, the segment has 1024\s+Write with --size 1025/),
    ])
    expect(segmentOf(key)).toBeUndefined()
    await ends(place, ['shm', 'write', 'precious', '--key', `${key}`])
    expect((await ends(place, words)).exit).toBe(1)
    expect((await ends(place, ['shm', 'read', '--key', `${key}`])).stdout).toBe('precious\n')
    expect((await ends(place, [...words.slice(0, 2), 'x'.repeat(1023), ...words.slice(3)])).exit).toBe(0)
    expectNothingElse(place)
  })

  test('a segment larger than the largest ArrayBuffer is written and read', async () => {
    const place = newPlace()
    const key = `${newKey()}`
    const words = ['shm', 'write', 'at the beginning', '--key', key, '--size', '5GiB']
    expect((await ends(place, words)).exit).toBe(0)
    expect((await ends(place, ['shm', 'read', '--key', key])).stdout).toBe('at the beginning\n')
  })

  test('a size larger than that of the segment fails with EINVAL', async () => {
    const place = newPlace()
    const key = newKey()
    await ends(place, ['shm', 'write', 'x', '--key', `${key}`])
    const { exit, stderr } = await ends(place, ['shm', 'write', 'y', '--size', '4096', '--key', `${key}`])
    expect([exit, stderr]).toEqual([1, expect.stringContaining('shmget: EINVAL')])
    expect(stderr).toContain(`osdemo shm remove --key ${key}`)
    expect(segmentOf(key)!.size).toBe(1024)
  })

  test('the kernel refuses a size larger than the machine allows', async () => {
    const place = newPlace()
    const { exit, stderr } = await ends(place, [
      'shm',
      'write',
      'x',
      '--size',
      '100000GiB',
      '--key',
      `${newKey()}`,
    ])
    expect([exit, stderr]).toEqual([
      1,
      expect.stringMatching(/segment of \d+ bytes .*shmget: E(INVAL|NOMEM|NOSPC)/),
    ])
    expectNothingLeft(place)
  })

  test('bytes that are not text are printed unchanged, and --verbose reports it', async ({ skip }) => {
    skip(spawnSync('perl', ['-v']).status !== 0, 'needs perl')
    const place = newPlace()
    const key = newKey()
    execFileSync('perl', ['-e', `shmwrite(shmget(${key}, 16, 01600), "\\xff\\xfe" . "a" x 14, 0, 16)`])
    const run = place.osdemo(['shm', 'read', '--key', `${key}`, '--verbose'])
    expect(await run.exit).toBe(0)
    expect(run.bytes()).toEqual(Buffer.from(`\xff\xfe${'a'.repeat(14)}\n`, 'latin1'))
    expect(run.stderr()).toContain('not valid UTF-8')
  })

  test('the permissions of a new segment are octal', async () => {
    const place = newPlace()
    const key = newKey()
    await ends(place, ['shm', 'write', 'hello', '--key', `${key}`, '--mode', '0640'])
    expect(segmentOf(key)).toMatchObject({ mode: 0o640 })
  })

  test('another user can neither read nor remove a segment of mode 0600', async (context: TestContext) => {
    const { place, options } = placeOfNobody(context)
    const owner = newPlace()
    const key = newKey()
    await ends(owner, ['shm', 'write', 'secret', '--key', `${key}`])
    const read = await ends(place, ['shm', 'read', '--key', `${key}`], options)
    expect([read.exit, read.stdout, read.stderr]).toEqual([1, '', expect.stringContaining('shmget: EACCES')])
    const removed = await ends(place, ['shm', 'remove', '--id', `${segmentOf(key)!.id}`], options)
    expect([removed.exit, removed.stderr]).toEqual([1, expect.stringContaining('shmctl: EPERM')])
    expect(removed.stderr).toContain('Only its owner')
    const demo = await playDemo(['shm', 'demo'], options, place)
    expect(claimIdsOf(demo)).toContain('shm/other-users-segment-is-refused')
  })

  test('the owner of a segment of mode 0400 can read it and cannot write it', async (context: TestContext) => {
    const { place, options } = placeOfNobody(context)
    context.skip(spawnSync('perl', ['-v']).status !== 0, 'needs perl')
    const key = `${newKey()}`
    execFileSync(options.prefix[0]!, [...options.prefix.slice(1), 'perl', '-e', `shmget(${key}, 64, 01400)`])
    expect((await ends(place, ['shm', 'read', '--key', key], options)).exit).toBe(0)
    const { exit, stderr } = await ends(place, ['shm', 'write', 'x', '--key', key], options)
    expect([exit, stderr]).toEqual([1, expect.stringMatching(/segment with key \d+: shmget: EACCES/)])
  })
})

/** Expects nothing but records of segments that were kept for the user. */
function expectNothingElse(place: Place): void {
  expect(place.leftovers().every((name) => /^run-[^/]+(\/\d+\.json)?$/.test(name))).toBe(true)
}

describe('the demos of segments', () => {
  test('shm demo shows a segment that outlives its creator', async () => {
    const events = await playDemo(['shm', 'demo'])
    const actors = events.filter((event) => event.event === 'started')
    const makers = actors.map(({ child }) => child)
    // The process that is refused starts only where another user has a segment now.
    const names = actors.map(({ name }) => name).filter((name) => name !== 'stranger')
    expect(names).toEqual(['writer', 'reader', ...(noCompiler ? [] : ['detacher']), 'remover'])
    const made = events.find((event) => event.event === 'created')
    expect(made).toMatchObject({ kind: 'segment' })
    expect(readSegments()!.filter(({ creatorPid }) => makers.includes(creatorPid))).toEqual([])
    const ids = claimIdsOf(events).filter((id) => id !== 'shm/other-users-segment-is-refused')
    expect(ids).toEqual([
      'shm/kernel-counts-attachments',
      'shm/segment-outlives-its-creator',
      'shm/found-by-key',
      'shm/segment-does-not-grow',
      ...(noCompiler ? [] : ['shm/detach-removes-mapping', 'shm/detached-memory-is-invalid']),
      'shm/kernel-counts-attachments',
      'shm/removed-segment-loses-its-key',
      'shm/removed-segment-is-not-found',
      'shm/removed-segment-works-while-attached',
      'shm/removed-segment-goes-with-last-detach',
    ])
    const slide = slideOf(events)
    const attached = ['writer', 'reader', ...(noCompiler ? [] : ['detacher']), 'remover']
    expect(valuesOf(slide, 'data-attached')).toEqual(attached)
    expect(valuesOf(slide, 'data-removed')).toHaveLength(1)
  })

  test('what is sent and what is received have the same bytes, without the NUL', async () => {
    const place = newPlace()
    const key = `${newKey()}`
    const written = await ends(place, ['shm', 'write', 'hello wörld', '--key', key, '--json'])
    const read = await ends(place, ['shm', 'read', '--key', key, '--json'])
    const demo = await playDemo(['shm', 'demo'])
    for (const events of [parseEvents(written.stdout + read.stdout), demo]) {
      const bytes = ['sent', 'received'].map((name) => events.find(({ event }) => event === name))
      expect(bytes).toMatchObject([{ bytes: 12 }, { bytes: 12 }])
    }
  })

  test.skipIf(noCompiler)(
    `shm demo shows that a detached address is mapped no more, and that a read from it is fatal${whyNoCompiler}`,
    async () => {
      const events = await playDemo(['shm', 'demo'], { env: { XDG_CACHE_HOME: temporaryFolder() } })
      const detacher = events.find((event) => event.event === 'started' && event.name === 'detacher')
      const { child } = detacher as { child: number }
      const maps = dataFrom(events, `/proc/${child}/maps`)
      expect(maps).toMatchObject([{ mapped: true }, { mapped: false }])
      expect(new Set(maps.map((data) => (data as { address: string }).address)).size).toBe(1)
      expect(events).toContainEqual(expect.objectContaining({ event: 'exited', child, signal: 'SIGSEGV' }))
      expect(dataFrom(events, 'wait(2)')).toEqual([{ signal: 'SIGSEGV' }])
    },
  )

  test('without a C compiler, shm demo shows everything else', async () => {
    const env = { XDG_CACHE_HOME: temporaryFolder(), PATH: temporaryFolder() }
    const events = await playDemo(['shm', 'demo'], { env })
    expect(claimIdsOf(events)).toContain('shm/removed-segment-goes-with-last-detach')
    expect(claimIdsOf(events)).not.toContain('shm/detached-memory-is-invalid')
  })

  test('shm write does not say that a removed segment stays', async () => {
    const id = makeSegment(privateKey, 1024, 0o600)!
    const { detach } = attachSegment(id, 1024)
    onTestFinished(detach)
    removeSegment(id)
    const written = await ends(newPlace(), ['shm', 'write', 'late', '--id', `${id}`, '--json'])
    const next = parseEvents(written.stdout).filter(
      (event) => event.event === 'note' && event.role === 'next',
    )
    expect([written.exit, next.length]).toEqual([0, 1])
  })

  test('with the /proc of another pid namespace, shm demo shows everything else', async (context) => {
    const prefix = ['unshare', '--pid', '--fork']
    context.skip(spawnSync('env', [...prefix, 'true']).status !== 0, 'needs unshare and the right to it')
    const { exit, stdout } = newPlace().osdemo(['shm', 'demo', '--json'], { prefix })
    expect(await exit).toBe(0)
    const claims = claimIdsOf(parseEvents(stdout()))
    expect(claims).toContain('shm/removed-segment-goes-with-last-detach')
    expect(claims).not.toContain('shm/detach-removes-mapping')
  })

  test('shm race shows lost updates, atomic additions, a lock, and a lock holder that is killed', async () => {
    const place = newPlace()
    const events = await playDemo(['shm', 'race'], {}, place)
    expect(claimIdsOf(events)).toEqual(
      expect.arrayContaining([
        'shm/several-processes-attach-one-segment',
        'shm/atomic-add-loses-no-updates',
        'lock/prevents-lost-updates',
        'lock/waiter-sleeps-in-futex',
        'lock/waiting-costs-no-cpu-time',
        'lock/owner-death-is-reported',
        'lock/can-be-repaired-after-owner-death',
      ]),
    )
    const [plain, atomic, locked] = dataFrom(events, 'cell[0]') as [number, number, number]
    expect([atomic, locked]).toEqual([200_000, 200_000])
    expect(claimIdsOf(events).includes('shm/plain-add-loses-updates')).toBe(plain < 200_000)
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'exited', name: 'counter-1', signal: 'SIGKILL' }),
    )
    const slide = slideOf(events)
    expect(valuesOf(slide, 'data-total')).toEqual([plain, atomic, locked].map(String))
    expect(valuesOf(slide, 'data-lock')).toEqual(['waiting', 'held', 'held', 'held'])
    // On a busy machine, no two timed additions may meet.
    for (const [one, other] of dataFrom(events, 'CLOCK_MONOTONIC') as [
      Record<string, number>,
      Record<string, number>,
    ][]) {
      expect(one.seen).toBe(other.seen)
      expect(Math.max(one.read!, other.read!)).toBeLessThanOrEqual(Math.min(one.added!, other.added!))
      expect(valuesOf(slide, 'data-step')).toContain(`${one.seen}`)
    }
  })

  test('shm race works with two processes, on one CPU', async () => {
    await playDemo(['shm', 'race', '--processes', '2', '--times', '2000'], { prefix: ['taskset', '-c', '0'] })
  })

  test.each([
    ['small messages', ['--messages', '5000']],
    ['messages much larger than the smallest ring', ['--messages', '3', '--size', '1MiB']],
    ['messages that just fit into the ring', ['--messages', '50', '--size', '4088']],
  ])('shm ring carries %s between two processes', async (_, words) => {
    const events = await playDemo(['shm', 'ring', ...words])
    expect(events.filter(({ event }) => event === 'started')).toHaveLength(2)
    // All that was written was read, and at least the bytes of the messages were written.
    const [ring] = dataFrom(events, 'the ring buffer')
    const [tail, head] = [numberIn(ring, 'tail')!, numberIn(ring, 'head')!]
    expect(head).toBe(tail)
    const each = only(events, 'received')[0]!.bytes
    expect(tail).toBeGreaterThan(numberIn(ring, 'messages')! * each)
    expect(slideOf(events)).toContain('data-move="in"')
  })

  test.each(['consumer', 'producer'])('shm ring reports that its %s was killed', async (name) => {
    const place = newPlace()
    const run = place.osdemo(['shm', 'ring', '--messages', '100000000', '--json'])
    await until(() => eventsSoFar(run).some(({ event }) => event === 'tally'))
    const actor = eventsSoFar(run).find((event) => event.event === 'started' && event.name === name)
    process.kill((actor as { child: number }).child, 'SIGKILL')
    expect(await run.exit).toBe(1)
    expect(eventsSoFar(run).at(-1)).toMatchObject({
      event: 'error',
      message: expect.stringMatching(new RegExp(`^the ${name} \\(pid \\d+\\) was killed by SIGKILL`)),
    })
    expectNothingLeft(place)
  })

  test('several shm demos at the same time do not disturb each other', async () => {
    await Promise.all([playDemo(['shm', 'demo']), playDemo(['shm', 'demo']), playDemo(['shm', 'demo'])])
  })

  test('a ring whose supervisor is killed leaves no process behind, even without setpriv', async () => {
    const place = newPlace()
    const run = place.osdemo(['shm', 'ring', '--messages', '100000000'], { env: { PATH: temporaryFolder() } })
    await until(() => childrenOf(run.pid).length === 2)
    await until(() => /⇐|←/.test(run.stdout()))
    run.child.kill('SIGKILL')
    await until(() => processesOf(place).length === 0, 2000)
    await ends(place, ['clean'])
    expectNothingLeft(place)
  })

  test.each([
    ['shm', 'demo'],
    ['shm', 'race'],
    ['shm', 'ring', '--messages', '100000000'],
  ])('%s %s killed while it runs leaves nothing behind after clean', async (...words) => {
    const place = newPlace()
    const run = place.osdemo(words)
    await until(() => /created the segment/.test(run.stdout()))
    run.child.kill('SIGKILL')
    await run.exit
    await until(() => processesOf(place).length === 0, 2000)
    await ends(place, ['clean'])
    const ours = readSegments()!.filter(({ creatorPid }) => creatorPid === run.pid)
    expect(ours).toEqual([])
    expectNothingLeft(place)
  })

  test('without koffi, a command that needs it exits with 69, and the others work', async () => {
    const place = newPlace()
    const options = { env: withoutFfi() }
    const { exit, stderr } = await ends(place, ['shm', 'write', 'x'], options)
    expect([exit, stderr]).toEqual([69, expect.stringMatching(/koffi.*npm install/s)])
    expect((await ends(place, ['short-reads', '--quiet'], options)).exit).toBe(0)
    expectNothingLeft(place)
  })
})

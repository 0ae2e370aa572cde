/** What a run leaves that was killed with SIGKILL, and that the next run removes this and nothing else. */

import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isAlive, readStat } from '../../src/proc/stat.js'
import { ownName } from '../../src/run/ledger-files.js'
import { pathWith } from '../support/folders.js'
import {
  childrenOf,
  defaultFifo,
  expectNothingLeft,
  hasOpen,
  newPlace,
  type Place,
  parseEvents,
  processesOf,
  type Run,
  type RunOptions,
  temporaryFolder,
  waitingActor,
  waitsForPartner,
} from '../support/osdemo.js'
import { until } from '../support/until.js'

describe('a run that was killed', () => {
  test.each([
    ['pipe read', ['pipe', 'read']],
    ['pipe write', ['pipe', 'write']],
  ])('takes its actor along, although that waits in open(2): %s', async (_, words) => {
    const place = newPlace()
    const run = place.osdemo(words)
    const actor = await waitingActor(run)
    run.child.kill('SIGKILL')
    await until(() => !isAlive(actor), 2000)
    await until(() => processesOf(place).length === 0, 2000)
  })

  test('takes its actor along where there is no setpriv', async () => {
    const place = newPlace()
    const run = place.osdemo(['pipe', 'read'], { env: { PATH: pathWith('mkfifo') } })
    await waitingActor(run)
    run.child.kill('SIGKILL')
    await until(() => processesOf(place).length === 0, 2000)
  })

  test('takes its actor along, although that is stopped and can do nothing', async ({ skip }) => {
    skip(spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status !== 0, 'needs setpriv of util-linux')
    const place = newPlace()
    const run = place.osdemo(['pipe', 'read'])
    const actor = await waitingActor(run)
    process.kill(actor, 'SIGSTOP')
    await until(() => readStat(actor)?.state === 'T')
    run.child.kill('SIGKILL')
    await until(() => processesOf(place).length === 0, 2000)
  })

  test('leaves a FIFO, which the next run of any command removes, and says so', async () => {
    const { place, path } = await killedRun()
    expect(statSync(path).isFIFO()).toBe(true)
    const next = place.osdemo(['short-reads', '--json'])
    expect(await next.exit).toBe(0)
    const events = parseEvents(next.stdout())
    expect(events.slice(0, 2)).toMatchObject([{ event: 'run' }, { event: 'removed', kind: 'fifo', id: path }])
    expect(events[2]).toMatchObject({ event: 'note', text: expect.stringContaining('earlier run') })
    expectNothingLeft(place)
  })

  test('leaves a FIFO, which the next run removes that uses the same path', async () => {
    const { place } = await killedRun()
    const reader = place.osdemo(['pipe', 'read'])
    await waitingActor(reader)
    const writer = place.osdemo(['pipe', 'write', 'hello'])
    expect([await reader.exit, await writer.exit]).toEqual([0, 0])
    expect(reader.stdout()).toBe('hello\n')
    expectNothingLeft(place)
  })

  test('leaves a FIFO, which several runs may sweep at the same time', async () => {
    const { place } = await killedRun()
    await Promise.all(Array.from({ length: 6 }, () => nextRun(place)))
    expectNothingLeft(place)
  })

  test('leaves a FIFO at a path of the user’s, which the next run removes from wherever it is started', async () => {
    const cwd = temporaryFolder()
    const { place } = await killedRun(['--path', 'p'], { cwd })
    const path = join(cwd, 'p')
    expect(existsSync(path)).toBe(true)
    await nextRun(place)
    expectNothingLeft(place)
    expect(existsSync(path)).toBe(false)
  })

  test('leaves a FIFO also when mkfifo had not ended yet, and the next run removes that', async () => {
    const place = newPlace()
    const bin = temporaryFolder()
    const gate = join(bin, 'gate')
    const slow = `while [ ! -e '${gate}' ]; do :; done; PATH="\${PATH#*:}" exec mkfifo "$@"`
    writeFileSync(join(bin, 'mkfifo'), `#!/bin/sh\n${slow}\n`, { mode: 0o755 })
    const run = place.osdemo(['pipe', 'read'], { env: { PATH: `${bin}:${process.env.PATH}` } })
    await until(() => childrenOf(run.pid).some((pid) => readStat(pid)?.comm === 'mkfifo'))
    run.child.kill('SIGKILL')
    await until(() => !isAlive(run.pid))
    writeFileSync(gate, '')
    await until(() => place.leftovers().some((name) => name.startsWith('.osdemo-')))
    await until(() => processesOf(place).length === 0)
    expect(existsSync(defaultFifo(place))).toBe(false)
    await nextRun(place)
    expectNothingLeft(place)
  })

  test('leaves a record and nothing else when it had made nothing yet, and the next run removes that', async () => {
    const { place, path, entry } = await killedRun()
    rmSync(path)
    edit(entry, unmade)
    await nextRun(place)
    expectNothingLeft(place)
  })

  test('leaves half a record and nothing else when it was writing that, and the next run removes it', async () => {
    const { place, path, entry } = await killedRun()
    rmSync(path)
    renameSync(entry, entry.replace(/json$/, 'new'))
    await nextRun(place)
    expectNothingLeft(place)
  })

  test('in the middle of the demo leaves no process, and the next run removes its FIFO', async () => {
    const place = newPlace()
    const demo = place.osdemo(['pipe', 'demo'])
    await until(() => demo.stdout().includes('Message 1'))
    expect(childrenOf(demo.pid)).toHaveLength(2)
    demo.child.kill('SIGKILL')
    await demo.exit
    await until(() => processesOf(place).length === 0, 2000)
    expect(place.leftovers()).toHaveLength(2)
    await nextRun(place)
    expectNothingLeft(place)
  })
})

describe('a FIFO on record', () => {
  test('is left alone by a run in other namespaces, which cannot tell who lives', async ({ skip }) => {
    const unshare = ['unshare', '--pid', '--ipc', '--fork', '--mount-proc']
    skip(spawnSync(unshare[0]!, [...unshare.slice(1), 'true']).status !== 0, 'needs unshare, and to be root')
    const place = newPlace()
    const reader = place.osdemo(['pipe', 'read'])
    await waitingActor(reader)
    const before = place.leftovers()
    const clean = place.osdemo(['clean'], { prefix: unshare })
    expect(await clean.exit).toBe(0)
    const story = clean.stdout().replace(/\s+/g, ' ')
    expect(story).toContain('recorded in other namespaces')
    expect(story).not.toContain('nothing is left')
    expect(place.leftovers()).toEqual(before)
  })

  test('that a sweep is about to remove is not taken by who comes in between: he makes another', async () => {
    const place = newPlace()
    const ledger = join(place.folder, 'osdemo', 'ledger')
    mkdirSync(ledger, { recursive: true, mode: 0o700 })
    const path = defaultFifo(place)
    execFileSync('mkfifo', ['-m', '600', path])
    // The sweep is ours: it has looked for users, has seen none, and is slow.
    const mark = join(ledger, `sweep-${ownName()}-0.mark`)
    writeFileSync(mark, '')
    const writer = place.osdemo(['pipe', 'write', 'hello'])
    await until(() => hasOpen(writer.pid, path))
    rmSync(path)
    rmSync(mark)
    await waitingActor(writer)
    const reader = place.osdemo(['pipe', 'read'])
    expect([await writer.exit, await reader.exit, reader.stdout()]).toEqual([0, 0, 'hello\n'])
    expectNothingLeft(place)
  })

  test('passes a text beside marks of a killed sweep whose pid is in use again, and they are struck off', async () => {
    const place = newPlace()
    const ledger = join(place.folder, 'osdemo', 'ledger')
    mkdirSync(ledger, { recursive: true, mode: 0o700 })
    const ticks = readStat(process.pid)!.startTicks - 1
    for (const name of ['sweep', 'fifo'].map((kind) => `${kind}-${process.pid}-${ticks}-0`)) {
      writeFileSync(join(ledger, `${name}.${name.startsWith('sweep') ? 'mark' : 'new'}`), '')
    }
    const path = defaultFifo(place)
    execFileSync('mkfifo', ['-m', '600', path])
    const writer = place.osdemo(['pipe', 'write', 'hello'])
    await waitingActor(writer)
    const reader = place.osdemo(['pipe', 'read'])
    expect([await writer.exit, await reader.exit, reader.stdout()]).toEqual([0, 0, 'hello\n'])
    await nextRun(place)
    expect(readdirSync(ledger)).toEqual([])
  })

  test('is not missed for what else lies in the ledger folder', async () => {
    const { place, path, entry } = await killedRun()
    const odd = join(entry, '..', 'folder')
    mkdirSync(odd)
    execFileSync('mkfifo', [join(entry, '..', 'fifo-1-1.json')])
    await nextRun(place)
    expect([existsSync(path), existsSync(entry), existsSync(odd)]).toEqual([false, false, true])
  })

  test('is removed although its maker’s pid is in use again, by a process with another start time', async () => {
    const { place, path, entry } = await killedRun()
    const startTicks = readStat(process.pid)!.startTicks - 1
    edit(entry, (old) => ({ ...old, maker: { ...old.maker, pid: process.pid, startTicks } }))
    await nextRun(place)
    expectNothingLeft(place)
    expect(existsSync(path)).toBe(false)
  })

  test('is removed when its maker ran before this boot', async () => {
    const { place, path, entry } = await killedRun()
    const { startTicks } = readStat(process.pid)!
    const boot = '00000000-0000-4000-8000-000000000000'
    edit(entry, (old) => ({ ...old, maker: { pid: process.pid, startTicks, boot } }))
    await nextRun(place)
    expectNothingLeft(place)
    expect(existsSync(path)).toBe(false)
  })

  test('stays while its maker lives, whatever else runs', async () => {
    const place = newPlace()
    const run = place.osdemo(['pipe', 'read'])
    const actor = await waitingActor(run)
    const before = place.leftovers()
    await nextRun(place)
    expect(place.leftovers()).toEqual(before)
    expect(isAlive(actor)).toBe(true)
  })

  test('stays while its maker lives, although its actor has not opened it yet', async () => {
    const { place, path, entry } = await killedRun()
    const { startTicks } = readStat(process.pid)!
    edit(entry, (old) => ({ ...old, maker: { ...old.maker, pid: process.pid, startTicks } }))
    await nextRun(place)
    expect(existsSync(path)).toBe(true)
    expect(existsSync(entry)).toBe(true)
  })

  test.each([
    ['for reading', (path: string) => `cat '${path}'`],
    ['for writing', (path: string) => `echo hello > '${path}'`],
  ])('stays while some other program waits to open it %s, and no longer', async (_, line) => {
    const { place, path, entry } = await killedRun()
    // The place's processes are osdemo's own: this one is of another.
    const stranger = newPlace().sh(line(path))
    await until(() => waitsInGroup(stranger))
    await nextRun(place)
    expect(statSync(path).isFIFO()).toBe(true)
    expect(existsSync(entry)).toBe(true)
    process.kill(-stranger.pid, 'SIGKILL')
    await stranger.exit
    await nextRun(place)
    expectNothingLeft(place)
  })

  test('stays while some other program has it open, and no longer', async () => {
    const { place, path, entry } = await killedRun()
    const stranger = newPlace().sh(`exec 3<> '${path}'; echo open; read line`, {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    await until(() => stranger.stdout() === 'open\n')
    await nextRun(place)
    expect(statSync(path).isFIFO()).toBe(true)
    expect(existsSync(entry)).toBe(true)
    stranger.child.stdin!.end('\n')
    await stranger.exit
    await nextRun(place)
    expectNothingLeft(place)
  })

  test('is not taken for another one that lies at its path now', async () => {
    const { place, path, entry } = await killedRun()
    const other = `${path}-other`
    execFileSync('mkfifo', [other])
    renameSync(other, path)
    const { ino } = statSync(path)
    await nextRun(place)
    expect(statSync(path).ino).toBe(ino)
    expect(existsSync(entry)).toBe(false)
  })

  test('is not taken for one that was made there later and got the same inode number', async () => {
    const { place, path, entry } = await killedRun()
    const other = `${path}-other`
    execFileSync('mkfifo', [other])
    renameSync(other, path)
    // As ext4 does: the number of a removed file is the first to be given to a new one.
    const { ino } = statSync(path)
    edit(entry, ({ thing, ...old }) => ({
      ...old,
      thing: { ...thing, identity: { ...thing.identity, ino } },
    }))
    await nextRun(place)
    expect(statSync(path).ino).toBe(ino)
  })

  test('is not taken for a file that lies at its path now', async () => {
    const { place, path, entry } = await killedRun()
    rmSync(path)
    writeFileSync(path, 'precious')
    await nextRun(place)
    expect(readFileSync(path, 'utf8')).toBe('precious')
    expect(existsSync(entry)).toBe(false)
  })

  test('is not taken for one that somebody made there when our making was not finished', async () => {
    const { place, path, entry } = await killedRun()
    edit(entry, unmade)
    await nextRun(place)
    expect(statSync(path).isFIFO()).toBe(true)
    expect(existsSync(entry)).toBe(false)
  })

  test('is not taken for what a symbolic link leads to that lies at its path now', async () => {
    const { place, path, entry } = await killedRun()
    renameSync(path, `${path}-moved`)
    symlinkSync(`${path}-moved`, path)
    await nextRun(place)
    expect(readlinkSync(path)).toBe(`${path}-moved`)
    expect(existsSync(entry)).toBe(false)
  })

  test('is removed while a program waits to open another FIFO, by whatever path', async () => {
    const folder = temporaryFolder()
    execFileSync('mkfifo', [join(folder, 'other')])
    const strangers = newPlace()
    const waiting = [
      strangers.sh(`exec cat '${folder}/other'`),
      strangers.sh('exec cat other', { cwd: folder }),
      strangers.sh(`exec cat '../${basename(folder)}/other'`, { cwd: folder }),
      strangers.sh(`exec python3 -c 'import os; os.open("other", 0, dir_fd=os.open("${folder}", 0))'`),
    ]
    for (const one of waiting) await until(() => waitsInGroup(one))
    const { place } = await killedRun()
    await nextRun(place)
    expectNothingLeft(place)
  })

  test('stays while a program waits to open it by a path relative to a folder', async () => {
    const { place, path } = await killedRun()
    const stranger = newPlace().sh('exec cat ./pipe', { cwd: dirname(path) })
    await until(() => waitsInGroup(stranger))
    await nextRun(place)
    expect(existsSync(path)).toBe(true)
  })
})

test.each([
  [
    'cannot be read',
    [
      '',
      '{"thing":{"kind":"fifo","pa',
      '\0\xff garbage',
      '{"thing":{"kind":"fifo","path":"\\u0000","draft":"\\u0000"}}',
    ],
  ],
  [
    'are JSON of another shape',
    [
      'null',
      '42',
      '[]',
      '{}',
      '{"released":true}',
      '{"thing":{"kind":"fifo","path":7,"draft":1},"maker":null,"released":"no"}',
      '{"thing":{"kind":"fifo","path":"/nowhere","draft":"/nowhere"},"maker":{},"released":false}',
      '{"thing":{"kind":"segment","key":"x"},"maker":{"pid":0},"released":true}',
      '{"thing":{"kind":"queue"},"maker":{"pid":0},"released":true}',
    ],
  ],
  [
    'are of something else than a FIFO',
    ['/', '/dev/null', import.meta.filename].map((path) =>
      JSON.stringify({
        thing: { kind: 'fifo', path, draft: path },
        released: true,
        maker: { pid: 0, startTicks: 0, boot: '' },
      }),
    ),
  ],
])('records that %s do no harm, and keep no others from being swept', async (_, contents) => {
  const { place, path, entry } = await killedRun()
  // Some are swept before the good one, and some after it.
  const bad = ['fifo-0', 'fifo-9999999999'].flatMap((name) =>
    contents.map((content, index) => ({ file: join(entry, '..', `${name}-${index}.json`), content })),
  )
  for (const { file, content } of bad) writeFileSync(file, content)
  await nextRun(place)
  for (const { file } of bad) rmSync(file, { force: true })
  expectNothingLeft(place)
  expect([path, entry].filter((file) => existsSync(file))).toEqual([])
  expect(existsSync(import.meta.filename)).toBe(true)
  // A run that makes and removes a FIFO of its own works beside them.
  for (const { file, content } of bad) writeFileSync(file, content)
  const run = place.osdemo(['pipe', 'read'])
  await waitingActor(run)
  run.child.kill('SIGINT')
  expect(await run.exit).toBe(130)
  for (const { file } of bad) rmSync(file, { force: true })
  expectNothingLeft(place)
})

/** A `pipe read` that was killed while it waited: its FIFO and the record of it are still there. */
async function killedRun(words: string[] = [], options: RunOptions = {}) {
  const place = newPlace()
  const run = place.osdemo(['pipe', 'read', ...words], options)
  await waitingActor(run)
  run.child.kill('SIGKILL')
  await run.exit
  await until(() => processesOf(place).length === 0)
  const folder = join(place.folder, 'osdemo', 'ledger')
  const entries = readdirSync(folder)
  expect(entries).toHaveLength(1)
  return { place, path: defaultFifo(place), entry: join(folder, entries[0]!) }
}

/** Another command, which sweeps first: one that ends soon, because it refuses the path. */
async function nextRun(place: Place): Promise<void> {
  const run = place.osdemo(['pipe', 'read', '--path', place.folder, '--quiet'])
  expect(await run.exit).toBe(1)
  expect(run.stderr()).toMatch(/^osdemo: .* is a folder, not a FIFO/)
}

/** The record as it was before the FIFO had been made. */
// biome-ignore lint/suspicious/noExplicitAny: it is JSON
function unmade({ thing: { identity: _, ...thing }, ...rest }: any) {
  return { ...rest, thing }
}

/** Changes a record. Its format is the ledger's own business; what is not changed stays as it was written. */
// biome-ignore lint/suspicious/noExplicitAny: it is JSON
function edit(entry: string, change: (content: any) => unknown): void {
  writeFileSync(entry, JSON.stringify(change(JSON.parse(readFileSync(entry, 'utf8')))))
}

/** Whether a shell, or what it has started, waits in open(2) of a FIFO. */
function waitsInGroup({ pid }: Run): boolean {
  return [pid, ...childrenOf(pid)].some(waitsForPartner)
}

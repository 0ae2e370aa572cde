/** What a run leaves behind that was killed with SIGKILL: the next run removes it, and nothing else. */

import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
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
import { pathWith } from '../support/folders.js'
import {
  childrenOf,
  expectNothingLeft,
  newPlace,
  type Place,
  parseEvents,
  processesOf,
  type Run,
  temporaryFolder,
  waitingActor,
  waitsForPartner,
} from '../support/osdemo.js'
import { editRecord, type FolderName, renameFolder, runFolderOf } from '../support/run-folder.js'
import { until } from '../support/until.js'

describe('a run that was killed', () => {
  test.each([
    ['pipe read', ['pipe', 'read']],
    ['pipe write', ['pipe', 'write']],
  ])('takes its actor along, although the actor is blocked in open(2): %s', async (_, words) => {
    const place = newPlace()
    const run = place.osdemo(words)
    const actor = await waitingActor(run)
    run.child.kill('SIGKILL')
    await until(() => !isAlive(actor), 2000)
    await until(() => processesOf(place).length === 0, 2000)
  })

  test('takes its actor along without setpriv', async () => {
    const place = newPlace()
    const run = place.osdemo(['pipe', 'read'], { env: { PATH: pathWith('mkfifo') } })
    await waitingActor(run)
    run.child.kill('SIGKILL')
    await until(() => processesOf(place).length === 0, 2000)
  })

  test('takes its actor along, although the actor is stopped', async ({ skip }) => {
    skip(spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status !== 0, 'needs setpriv of util-linux')
    const place = newPlace()
    const run = place.osdemo(['pipe', 'read'])
    const actor = await waitingActor(run)
    process.kill(actor, 'SIGSTOP')
    await until(() => readStat(actor)?.state === 'T')
    run.child.kill('SIGKILL')
    await until(() => processesOf(place).length === 0, 2000)
  })

  test('leaves a FIFO at a path of the user, which the next run of any command removes and reports', async () => {
    const { place, path } = await killedRun()
    expect(statSync(path).isFIFO()).toBe(true)
    const next = place.osdemo(['short-reads', '--json'])
    expect(await next.exit).toBe(0)
    const events = parseEvents(next.stdout())
    expect(events.slice(0, 2)).toMatchObject([{ event: 'run' }, { event: 'removed', kind: 'fifo', id: path }])
    expect(events[2]).toMatchObject({ event: 'note', text: expect.stringContaining('earlier run') })
    expectNothingLeft(place)
    expect(existsSync(path)).toBe(false)
  })

  test('leaves a FIFO, which the next run with the same path removes', async () => {
    const { place, path } = await killedRun()
    const reader = place.osdemo(['pipe', 'read', '--path', path])
    await waitingActor(reader)
    const writer = place.osdemo(['pipe', 'write', 'hello', '--path', path])
    expect([await reader.exit, await writer.exit]).toEqual([0, 0])
    expect(reader.stdout()).toBe('hello\n')
    expectNothingLeft(place)
    expect(existsSync(path)).toBe(false)
  })

  test('leaves a FIFO, which several runs may sweep at the same time', async () => {
    const { place, path } = await killedRun()
    await Promise.all(Array.from({ length: 6 }, () => nextRun(place)))
    await nextRun(place)
    expectNothingLeft(place)
    expect(existsSync(path)).toBe(false)
  })

  test('leaves a FIFO at a relative path, which the next run removes from wherever it is started', async () => {
    const { place, path } = await killedRun({ relative: true })
    expect(existsSync(path)).toBe(true)
    await nextRun(place)
    expectNothingLeft(place)
    expect(existsSync(path)).toBe(false)
  })

  test('leaves a FIFO even if mkfifo had not exited yet, and the next run removes it', async () => {
    const place = newPlace()
    const path = join(place.folder, 'p')
    const bin = temporaryFolder()
    const gate = join(bin, 'gate')
    const slow = `while [ ! -e '${gate}' ]; do :; done; PATH="\${PATH#*:}" exec mkfifo "$@"`
    writeFileSync(join(bin, 'mkfifo'), `#!/bin/sh\n${slow}\n`, { mode: 0o755 })
    const run = place.osdemo(['pipe', 'read', '--path', path], {
      env: { PATH: `${bin}:${process.env.PATH}` },
    })
    await until(() => childrenOf(run.pid).some((pid) => readStat(pid)?.comm === 'mkfifo'))
    run.child.kill('SIGKILL')
    await until(() => !isAlive(run.pid))
    writeFileSync(gate, '')
    await until(() => existsSync(path))
    await until(() => processesOf(place).length === 0)
    await nextRun(place)
    expectNothingLeft(place)
    expect(existsSync(path)).toBe(false)
  })

  test('leaves only a record when it had made nothing yet, and the next run removes it', async () => {
    const { place, path, entry } = await killedRun()
    rmSync(path)
    editRecord(entry, unmade)
    await nextRun(place)
    expectNothingLeft(place)
  })

  test('leaves only half a record when it was writing it, and the next run removes it', async () => {
    const { place, path, entry } = await killedRun()
    rmSync(path)
    renameSync(entry, `${entry}.new`)
    await nextRun(place)
    expectNothingLeft(place)
  })

  test('in the middle of the demo leaves no process, and the next run removes its folder', async () => {
    const place = newPlace()
    const demo = place.osdemo(['pipe', 'demo'])
    await until(() => demo.stdout().includes('Message 1'))
    expect(childrenOf(demo.pid)).toHaveLength(2)
    demo.child.kill('SIGKILL')
    await demo.exit
    await until(() => processesOf(place).length === 0, 2000)
    const folder = runFolderOf(place)
    expect(place.leftovers().sort()).toEqual([basename(folder), `${basename(folder)}/fifo`])
    const next = place.osdemo(['clean', '--json'])
    expect(await next.exit).toBe(0)
    const removed = parseEvents(next.stdout()).filter(({ event }) => event === 'removed')
    expect(removed).toMatchObject([{ kind: 'fifo', id: join(folder, 'fifo') }])
    expectNothingLeft(place)
  })
})

describe('the folder of a run', () => {
  /** The folder of a killed demo, renamed. */
  async function renamedFolder(change: (parts: FolderName) => Partial<FolderName>) {
    const place = newPlace()
    const demo = place.osdemo(['pipe', 'demo'])
    await until(() => demo.stdout().includes('Message 1'))
    demo.child.kill('SIGKILL')
    await demo.exit
    await until(() => processesOf(place).length === 0)
    return { place, folder: renameFolder(runFolderOf(place), change) }
  }
  const { startTicks } = readStat(process.pid) ?? { startTicks: 0 }

  test('stays while its run is alive, whatever else runs', async () => {
    const place = newPlace()
    const run = place.osdemo(['queue', 'demo', '--capacity', 'unbounded', '--receive-every', '1m'])
    await until(() => place.leftovers().some((name) => name.endsWith('/queue')))
    const before = place.leftovers()
    await nextRun(place)
    expect(place.leftovers()).toEqual(before)
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(130)
    expectNothingLeft(place)
  })

  test('stays while a process of that pid and start time is alive', async () => {
    const { place, folder } = await renamedFolder(() => ({
      pid: `${process.pid}`,
      startTicks: `${startTicks}`,
    }))
    await nextRun(place)
    expect(existsSync(join(folder, 'fifo'))).toBe(true)
  })

  test('is removed although its pid is in use again, by a process with another start time', async () => {
    const { place } = await renamedFolder(() => ({ pid: `${process.pid}`, startTicks: `${startTicks - 1}` }))
    await nextRun(place)
    expectNothingLeft(place)
  })

  test('is removed when its run was before this boot, whatever process has its pid now', async () => {
    const { place } = await renamedFolder(() => ({
      pid: `${process.pid}`,
      startTicks: `${startTicks}`,
      boot: '0bad',
    }))
    await nextRun(place)
    expectNothingLeft(place)
  })

  test('stays when its run belongs to another pid namespace, where it may be alive', async () => {
    const { place, folder } = await renamedFolder(({ namespaces }) => ({ namespaces: `1${namespaces}` }))
    const clean = place.osdemo(['clean'])
    expect(await clean.exit).toBe(0)
    expect(clean.stdout().replace(/\s+/g, '')).toContain(folder)
    expect(clean.stdout()).not.toContain('nothing is left')
    expect(existsSync(join(folder, 'fifo'))).toBe(true)
  })

  test('is not followed where it is a symbolic link', async () => {
    const { place, folder } = await renamedFolder(() => ({}))
    const elsewhere = temporaryFolder()
    writeFileSync(join(elsewhere, 'precious'), '')
    rmSync(folder, { recursive: true })
    symlinkSync(elsewhere, folder)
    await nextRun(place)
    expect(readdirSync(elsewhere)).toEqual(['precious'])
  })
})

describe('a FIFO on record', () => {
  test('is kept by a run in other namespaces, which cannot know which processes exist', async ({ skip }) => {
    const unshare = ['unshare', '--pid', '--ipc', '--fork', '--mount-proc']
    skip(spawnSync(unshare[0]!, [...unshare.slice(1), 'true']).status !== 0, 'needs unshare, and to be root')
    const place = newPlace()
    const path = join(place.folder, 'p')
    const reader = place.osdemo(['pipe', 'read', '--path', path])
    await waitingActor(reader)
    const before = place.leftovers()
    const clean = place.osdemo(['clean'], { prefix: unshare })
    expect(await clean.exit).toBe(0)
    const story = clean.stdout().replace(/\s+/g, ' ')
    expect(story).toContain('other namespaces')
    expect(story).not.toContain('nothing is left')
    expect([place.leftovers(), existsSync(path)]).toEqual([before, true])
  })

  test('is found among other files in the folder of its run, which are removed too', async () => {
    const { place, path, entry } = await killedRun()
    mkdirSync(join(dirname(entry), 'folder'))
    execFileSync('mkfifo', [join(dirname(entry), '1.json')])
    await nextRun(place)
    expect(existsSync(path)).toBe(false)
    expectNothingLeft(place)
  })

  test('stays while its maker lives, whatever else runs', async () => {
    const place = newPlace()
    const path = join(place.folder, 'p')
    const run = place.osdemo(['pipe', 'read', '--path', path])
    const actor = await waitingActor(run)
    const before = place.leftovers()
    await nextRun(place)
    expect([place.leftovers(), existsSync(path), isAlive(actor)]).toEqual([before, true, true])
  })

  test('stays while its maker lives, although its actor has not opened it yet', async () => {
    const { place, path, entry } = await killedRun()
    const { startTicks } = readStat(process.pid)!
    const folder = renameFolder(dirname(entry), () => ({
      pid: `${process.pid}`,
      startTicks: `${startTicks}`,
    }))
    await nextRun(place)
    expect(existsSync(path)).toBe(true)
    expect(existsSync(join(folder, basename(entry)))).toBe(true)
  })

  test.each([
    ['for reading', (path: string) => `cat '${path}'`],
    ['for writing', (path: string) => `echo hello > '${path}'`],
  ])('stays as long as another program waits to open it %s, and no longer', async (_, line) => {
    const { place, path, entry } = await killedRun()
    // Processes of the place count as osdemo's own, so this one belongs to another place.
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

  test('stays as long as another program has it open, and no longer', async () => {
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

  test('is not confused with another one that is at its path now', async () => {
    const { place, path, entry } = await killedRun()
    const other = `${path}-other`
    execFileSync('mkfifo', [other])
    renameSync(other, path)
    const { ino } = statSync(path)
    await nextRun(place)
    expect(statSync(path).ino).toBe(ino)
    expect(existsSync(entry)).toBe(false)
  })

  test('is not confused with one that was made there later and has the same inode number', async () => {
    const { place, path, entry } = await killedRun()
    rmSync(path)
    execFileSync('mkfifo', [path])
    // ext4 also gives the inode number of a removed file to the next new one.
    const { ino } = statSync(path)
    editRecord(entry, (old) => ({ ...old, id: ino }))
    await nextRun(place)
    expect(statSync(path).ino).toBe(ino)
  })

  test('is not confused with a file that is at its path now', async () => {
    const { place, path, entry } = await killedRun()
    rmSync(path)
    writeFileSync(path, 'precious')
    await nextRun(place)
    expect(readFileSync(path, 'utf8')).toBe('precious')
    expect(existsSync(entry)).toBe(false)
  })

  test('is not confused with one that another program made there before osdemo had made its own', async () => {
    const { place, path, entry } = await killedRun()
    rmSync(path)
    execFileSync('mkfifo', [path])
    editRecord(entry, unmade)
    await nextRun(place)
    expect(statSync(path).isFIFO()).toBe(true)
    expect(existsSync(entry)).toBe(false)
  })

  test('is not confused with the target of a symbolic link that is at its path now', async () => {
    const { place, path, entry } = await killedRun()
    renameSync(path, `${path}-moved`)
    symlinkSync(`${path}-moved`, path)
    await nextRun(place)
    expect(readlinkSync(path)).toBe(`${path}-moved`)
    expect(existsSync(entry)).toBe(false)
  })

  test('is removed while a program waits to open another FIFO, by whatever path', async () => {
    const folder = temporaryFolder()
    execFileSync('mkfifo', [join(folder, 'other'), join(folder, 'p')])
    const strangers = newPlace()
    const waiting = [
      strangers.sh(`exec cat '${folder}/other'`),
      strangers.sh('exec cat other', { cwd: folder }),
      strangers.sh('exec cat p', { cwd: folder }),
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
    const stranger = newPlace().sh('exec cat ./p', { cwd: dirname(path) })
    await until(() => waitsInGroup(stranger))
    await nextRun(place)
    expect(existsSync(path)).toBe(true)
  })
})

test.each([
  ['cannot be read', ['', '{"kind":"fifo","na', '\0\xff garbage']],
  [
    'are JSON of another shape',
    [
      'null',
      '42',
      '[]',
      '{}',
      '{"state":"released"}',
      ...[
        { kind: 7 },
        { kind: 'folder' },
        { name: 7 },
        { name: null },
        { id: 'x' },
        { id: 1.5 },
        { maker: null },
        { since: '1' },
        { state: true },
        { state: 'lost' },
      ].map((change) => JSON.stringify({ ...recordOf('fifo', '/nowhere'), ...change })),
    ],
  ],
  [
    'are about something other than a FIFO',
    ['/', '/dev/null', import.meta.filename, '\0'].map((path) => JSON.stringify(recordOf('fifo', path))),
  ],
])('records that %s do no harm, and other records are still swept', async (_, contents) => {
  const { place, path, entry } = await killedRun()
  // Some are swept before the valid record, and some after it.
  const bad = ['0', '9'].flatMap((name) =>
    contents.map((content, index) => ({ file: join(dirname(entry), `${name}${index}.json`), content })),
  )
  for (const { file, content } of bad) writeFileSync(file, content)
  await nextRun(place)
  expect([path, entry].filter((file) => existsSync(file))).toEqual([])
  expect(existsSync(import.meta.filename)).toBe(true)
  // Another run makes and removes a FIFO of its own while they exist.
  mkdirSync(dirname(entry), { recursive: true })
  for (const { file, content } of bad) writeFileSync(file, content)
  const run = place.osdemo(['pipe', 'read', '--path', path])
  await waitingActor(run)
  run.child.kill('SIGINT')
  expect(await run.exit).toBe(130)
  for (const { file } of bad) rmSync(file, { force: true })
  await nextRun(place)
  expectNothingLeft(place)
  expect(existsSync(path)).toBe(false)
})

test.for<[who: string, disturb: (entry: string) => void]>([
  ['the record may be written by others', (entry) => chmodSync(entry, 0o666)],
  ['the folder may be written by others', (entry) => chmodSync(dirname(entry), 0o777)],
  ['the record belongs to another user', (entry) => chownSync(entry, 65534, 65534)],
  ['the folder belongs to another user', (entry) => chownSync(dirname(entry), 65534, 65534)],
])('a record is not believed when %s', async ([who, disturb], { skip }) => {
  skip(who.includes('belongs') && process.getuid?.() !== 0, 'only root can give a file to another user')
  const { place, path, entry } = await killedRun()
  disturb(entry)
  const clean = place.osdemo(['clean', '--json'])
  expect(await clean.exit).toBe(0)
  expect(parseEvents(clean.stdout()).filter(({ event }) => event === 'removed')).toEqual([])
  expect(existsSync(path)).toBe(true)
})

test('a record of a file that has no name of a draft removes nothing', async () => {
  const { place, entry } = await killedRun()
  const names = ['precious', '.osdemo-1-precious', '.osdemo-2-3', '.osdemo-1-3'].map((name) =>
    join(place.folder, name),
  )
  for (const [at, name] of names.entries()) {
    writeFileSync(name, 'text')
    writeFileSync(`${entry}${at}.json`, JSON.stringify(recordOf('file', name)))
  }
  await nextRun(place)
  // Only the last name is one that its maker, pid 1 in the record, gives to a draft.
  expect(names.filter((name) => existsSync(name))).toEqual(names.slice(0, 3))
})

function recordOf(kind: string, name: string) {
  return { kind, name, maker: 1, since: 0, state: 'released' }
}

/** A `pipe read --path` that was killed while it waited. Its FIFO and the record of the FIFO still exist. */
async function killedRun({ relative = false } = {}) {
  const place = newPlace()
  const path = join(place.folder, 'p')
  const run = place.osdemo(['pipe', 'read', '--path', relative ? 'p' : path], { cwd: place.folder })
  await waitingActor(run)
  run.child.kill('SIGKILL')
  await run.exit
  await until(() => processesOf(place).length === 0)
  const entries = readdirSync(runFolderOf(place))
  expect(entries).toHaveLength(1)
  return { place, path, entry: join(runFolderOf(place), entries[0]!) }
}

/** Another command. It sweeps first and then exits soon, because it refuses the path. */
async function nextRun(place: Place): Promise<void> {
  const run = place.osdemo(['pipe', 'read', '--path', place.folder, '--quiet'])
  expect(await run.exit).toBe(1)
  expect(run.stderr()).toMatch(/^osdemo: .* is a folder, not a FIFO/)
}

/** The record as it is before the FIFO is made. */
// biome-ignore lint/suspicious/noExplicitAny: it is JSON
function unmade({ id: _, ...rest }: any) {
  return rest
}

/** Whether a shell, or a process that it started, is blocked in open(2) of a FIFO. */
function waitsInGroup({ pid }: Run): boolean {
  return [pid, ...childrenOf(pid)].some(waitsForPartner)
}

/** `osdemo process fork`: what it shows, and how its C program is compiled, stored and terminated. */

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { pictureReader } from '../../../src/demos/process/fork-picture.js'
import { readNumbers } from '../../../src/proc/read.js'
import { readStat } from '../../../src/proc/stat.js'
import { readSegments } from '../../../src/proc/sysvipc-shm.js'
import { pathWithCompiler } from '../../support/compiler.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import { pathWith } from '../../support/folders.js'
import {
  childrenOf,
  expectNothingLeft,
  newPlace,
  type Place,
  parseEvents,
  playDemo,
  processesOf,
  temporaryFolder,
} from '../../support/osdemo.js'
import { slideOf, valuesOf } from '../../support/slide.js'
import { until } from '../../support/until.js'

const noCompiler = spawnSync('cc', ['--version']).status !== 0
const why = noCompiler ? ' (skipped: there is no cc here)' : ''

async function fork(place: Place, env: Record<string, string>): Promise<string> {
  const run = place.osdemo(['process', 'fork'], { env })
  return `${await run.exit}: ${run.stderr()}`
}

/** The files in the cache folder, without the folder in which Node 22.1 and newer store bytecode. */
function programsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name !== 'node')
}

function which(name: string): string {
  return spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim()
}

describe.skipIf(noCompiler)(`process fork${why}`, () => {
  test('shows what is shared, and leaves no segment', async () => {
    const mine = () =>
      readSegments()!.filter(({ key, creatorUid }) => key === 0 && creatorUid === process.getuid!())
    const before = mine().map(({ id }) => id)
    const events = await playDemo(['process', 'fork'])
    const [own, both] = [
      { parent: 1, child: 2 },
      { parent: 2, child: 2 },
    ]
    expect(dataFrom(events, /^\/proc\/\d+\/mem, /)).toMatchObject([
      { variable: 'stack', ...own },
      { variable: 'heap', ...own },
      { variable: 'data', ...own },
      { variable: 'MAP_PRIVATE', ...own },
      { variable: 'MAP_SHARED', ...both },
      { variable: 'System V', ...both },
    ])
    const parents = only(events, 'started').map(({ child }) => child)
    expect(dataFrom(events, `/proc/${parents[1]}/status`)).toEqual([{ ppid: parents[0] }])
    // Both have the same offset, although the parent has read nothing.
    expect(dataFrom(events, /\/fdinfo\/\d+$/)).toEqual([5, 5])
    expect(dataFrom(events, `/proc/${events[0]!.pid}/smaps`)).toEqual([
      { mappings: expect.any(Number), bytes: expect.any(Number) },
    ])
    expect(valuesOf(slideOf(events), 'data-variable')).toHaveLength(6)
    // On a machine that swaps, copy-on-write cannot always be observed.
    const copies = ['fork/copies-page-on-write', 'fork/shared-memory-is-not-copied']
    expect(claimIdsOf(events).filter((id) => !copies.includes(id!))).toEqual([
      'fork/addresses-are-the-same',
      'fork/child-starts-with-the-same-values',
      'fork/private-memory-is-separate',
      'fork/shared-memory-is-shared',
      'fork/file-offset-is-shared',
    ])
    // Other programs may create segments meanwhile. A segment of the demo has the demo's parent process as its creator.
    expect(mine().filter(({ id, creatorPid }) => !before.includes(id) && creatorPid === parents[0])).toEqual(
      [],
    )
  })

  test('compiles on first use, into files of this user only, and later uses the compiled program', async () => {
    const cache = temporaryFolder()
    expect(await fork(newPlace(), { XDG_CACHE_HOME: cache })).toBe('0: ')
    const folder = join(cache, 'osdemo')
    const [name, ...others] = programsIn(folder)
    expect(others).toEqual([])
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, name!)).mode & 0o777).toBe(0o700)
    // The compiled program is enough: this PATH has no compiler.
    const tools = pathWith(...['sh', 'setpriv'].filter(which))
    expect(await fork(newPlace(), { XDG_CACHE_HOME: cache, PATH: tools })).toBe('0: ')
    rmSync(join(folder, name!))
    expect(await fork(newPlace(), { XDG_CACHE_HOME: cache, PATH: tools })).toMatch(
      /^69: osdemo: there is no C compiler: .*\n.*apt-get install gcc/,
    )
  })

  test.each([
    [
      'a full disk is told as such',
      'echo "ld: final link failed: No space left on device" >&2; exit 1',
      'No space',
    ],
    ['a program that may not be executed is told as such', ': > "$2"', 'cannot execute .*EACCES'],
  ])('%s, and not as a compiler that is missing', async (_, script, message) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'cc'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    const env = { XDG_CACHE_HOME: temporaryFolder(), PATH: `${folder}:${process.env.PATH}` }
    expect(await fork(newPlace(), env)).toMatch(new RegExp(`^69: osdemo: .*${message}.*\n.*XDG_CACHE_HOME`))
  })

  test('two at once, neither of which finds it compiled, do not disturb each other', async () => {
    const cache = temporaryFolder()
    const both = [fork(newPlace(), { XDG_CACHE_HOME: cache }), fork(newPlace(), { XDG_CACHE_HOME: cache })]
    expect(await Promise.all(both)).toEqual(['0: ', '0: '])
    expect(programsIn(join(cache, 'osdemo'))).toHaveLength(1)
  })

  test('does not execute a file that another user could have put there', async ({ skip }) => {
    skip(process.getuid!() !== 0, 'needs root, to make what belongs to others')
    const cache = temporaryFolder()
    const folder = join(cache, 'osdemo')
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    expect(await fork(newPlace(), { XDG_CACHE_HOME: cache })).toMatch(
      /^1: .*will not execute .*osdemo: .*\n.*XDG_CACHE_HOME/,
    )
    chmodSync(folder, 0o700)
    chownSync(folder, 65534, 65534)
    expect(await fork(newPlace(), { XDG_CACHE_HOME: cache })).toMatch(/^1: .*will not execute .*osdemo: /)
    chownSync(folder, 0, 0)
    expect(await fork(newPlace(), { XDG_CACHE_HOME: cache })).toBe('0: ')
    chownSync(join(folder, programsIn(folder)[0]!), 65534, 65534)
    expect(await fork(newPlace(), { XDG_CACHE_HOME: cache })).toMatch(/^1: .*will not execute .*fork-shares-/)
  })

  test('reports the exit code of the child, as the parent has read it', async () => {
    const env = { XDG_CACHE_HOME: temporaryFolder(), PATH: pathWithCompiler('s/_exit(0)/_exit(3)/') }
    const run = newPlace().osdemo(['process', 'fork', '--json'], { env })
    expect(await run.exit).toBe(0)
    const exits = parseEvents(run.stdout()).filter(({ event }) => event === 'exited')
    expect(exits).toMatchObject([
      { name: 'child', code: 3 },
      { name: 'parent', code: 0 },
    ])
  })

  test('reports where a program cannot be compiled or stored', async () => {
    const tools = temporaryFolder()
    for (const tool of ['sh', 'setpriv', 'rm']) if (which(tool)) symlinkSync(which(tool), join(tools, tool))
    writeFileSync(
      join(tools, 'cc'),
      '#!/bin/sh\necho "x.c:1: fatal error: stdio.h: No such file" >&2\nexit 1\n',
    )
    chmodSync(join(tools, 'cc'), 0o755)
    const cache = temporaryFolder()
    expect(await fork(newPlace(), { XDG_CACHE_HOME: cache, PATH: tools })).toMatch(
      /^69: .*cc cannot compile: x.c:1: fatal error: stdio.h: No such file\n/,
    )
    expect(programsIn(join(cache, 'osdemo'))).toEqual([])
    expect(await fork(newPlace(), { XDG_CACHE_HOME: '/proc/nothing' })).toMatch(
      /^69: .*cannot create a folder/,
    )
  })

  test('neither parent nor child outlives osdemo that is killed', async () => {
    const place = newPlace()
    const begin = () => place.osdemo(['process', 'fork', '--json'])
    let run = begin()
    // osdemo is stopped while parent and child both exist. That time is short. If a run exits before, another one is started.
    await until(() => {
      if (run.child.exitCode !== null) run = begin()
      for (const parent of childrenOf(run.pid)) {
        const child = readNumbers('/proc').find((pid) => readStat(pid)?.ppid === parent)
        if (child === undefined || !readStat(child)?.comm.startsWith('fork-shares')) continue
        run.child.kill('SIGSTOP')
        if (readStat(parent) && readStat(child)) return true
        run.child.kill('SIGCONT')
      }
      return false
    })
    run.child.kill('SIGKILL')
    await until(() => processesOf(place).length === 0, 2000)
    expect(await place.osdemo(['clean']).exit).toBe(0)
    expectNothingLeft(place)
  })
})

test('reads the pictures of the program, whatever it prints between them', () => {
  const seen: unknown[] = []
  const read = pictureReader((picture) => seen.push(picture))
  const text = readFileSync(new URL('../../../docs/learning/questions.md', import.meta.url), 'utf8')
  const [, printed = ''] = /&& \/tmp\/fork-shares\n([\s\S]*?)```/.exec(text) ?? []
  printed.split('\n').forEach(read)
  expect(seen).toHaveLength(4)
  expect(seen[2]).toMatchObject({
    title: 'child, after it wrote 2 everywhere and read 5 bytes',
    fd: 3,
    offset: 5,
    variables: ['stack', 'heap', 'data', 'MAP_PRIVATE', 'MAP_SHARED', 'System V'].map((name) => ({
      name,
      value: 2,
    })),
  })
})

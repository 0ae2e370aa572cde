/** The family of a process on real processes: parents and children, zombies, orphans; and where little can be seen. */
import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../../src/events.js'
import { readFamily, readLineage } from '../../../src/proc/family.js'
import { isAlive, readStat } from '../../../src/proc/stat.js'
import { start } from '../../support/children.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import {
  eventsSoFar,
  newPlace,
  parseEvents,
  placeOfNobody,
  playDemo,
  processesOf,
  temporaryFolder,
} from '../../support/osdemo.js'
import { until } from '../../support/until.js'

const texts = (events: Event[]) =>
  only(events, 'note')
    .map(({ text }) => text)
    .join('\n')

/** The lines of the tree: of what process, and what is drawn before its name. */
const drawn = (events: Event[]) =>
  only(events, 'evidence').flatMap(({ source, value, data }) => {
    if (!/^\/proc\/\d+$/.test(source)) return []
    const process = data as { pid: number; ppid: number; comm: string; state: string; user: string }
    return [{ ...process, branch: value.slice(0, value.indexOf(process.comm)) }]
  })

/** The pids of those whom no actor of ours started: `child`, as their parents told them. */
const children = (events: Event[]) =>
  events.flatMap((event) =>
    event.event === 'started' && event.name.startsWith('child') ? [event.child] : [],
  )

/** Each state that was said of a process. */
const states = (events: Event[], pid: number) =>
  events.flatMap((event) => (event.event === 'state' && event.child === pid ? [event.state] : []))

/** Nobody but the process that adopted them may still have them, as zombies that it has not waited for yet. */
function expectEnded(pids: number[]): void {
  expect(pids.filter((pid) => isAlive(pid))).toEqual([])
}

describe('process tree', () => {
  test('goes from osdemo over us up to the first process, and down a family of real processes', async () => {
    const events = await playDemo(['process', 'tree'])
    const { pid } = events[0]!
    const lines = drawn(events)
    const ours = readLineage(process.pid).members
    const above = lines.slice(0, ours.length + 1)
    expect(above.map((line) => line.pid)).toEqual([pid, ...ours.map((stat) => stat.pid)])
    expect(above.slice(1).map(({ comm, ppid }) => ({ comm, ppid }))).toEqual(
      ours.map(({ comm, ppid }) => ({ comm, ppid })),
    )
    const below = lines.slice(ours.length + 1)
    expect(below.map(({ branch }) => branch)).toEqual(['', '└─ ', '   ├─ ', '   └─ ', '      └─ '])
    expect(below[0]!.pid).toBe(pid)
    expectEnded(below.slice(1).map((line) => line.pid))
    const pairs = dataFrom(events, /^stdout of /)[0] as { parent: number; child: number }[]
    expect(pairs.map(({ child }) => child).sort()).toEqual(
      below
        .slice(2)
        .map((line) => line.pid)
        .sort(),
    )
    expect(claimIdsOf(events)).toEqual(
      expect.arrayContaining(['process/parent-is-who-started-it', 'process/kernel-lists-all-descendants']),
    )
  })

  test('of a process with many children draws some, and counts the others', async () => {
    const child = start(
      'sh',
      ['-c', 'i=0; while [ $i -lt 60 ]; do read -r x <&3 & i=$((i+1)); done; wait'],
      ['ignore', 'ignore', 'inherit', 'pipe'],
    )
    await until(() => readFamily().children(child.pid).length === 60)
    const events = await playDemo(['process', 'tree', `${child.pid}`])
    expect(texts(events)).toContain(`process ${child.pid} has 60 descendants`)
    expect(texts(events)).toContain('and 37 more')
    expect(drawn(events).filter(({ branch }) => branch === '├─ ')).toHaveLength(23)
    child.stdio[3]!.destroy()
  })

  test('shows a name that looks like the text around it', async () => {
    const comm = 'a) R 1 (b\n'
    const words = ['-c', 'printf %s "$1" > /proc/$$/comm && read line', 'sh', comm]
    const { pid } = start('sh', words, ['pipe', 'ignore', 'inherit'])
    await until(() => readStat(pid)?.comm === comm)
    const [first, second] = drawn(await playDemo(['process', 'tree', `${pid}`]))
    expect(first).toMatchObject({ pid, comm, state: expect.stringMatching(/^[RS]$/), branch: '' })
    expect(second!.pid).toBe(process.pid)
  })

  test('of a thread of the kernel ends at kthreadd', async ({ skip }) => {
    skip(readStat(2)?.comm !== 'kthreadd', 'needs to see the threads of the kernel')
    const events = await playDemo(['process', 'tree', `${readFamily().children(2)[0]}`])
    expect(drawn(events)[1]).toMatchObject({ pid: 2, comm: 'kthreadd' })
    expect(claimIdsOf(events)).toContain('process/kernel-threads-descend-from-pid-2')
  })

  test.each([
    ['4194304', 1, 'there is no process 4194304'],
    ['0', 2, 'whole number from 1'],
    ['sh', 2, 'whole number from 1'],
  ])('of %s exits %d', async (pid, exit, message) => {
    const run = newPlace().osdemo(['process', 'tree', pid])
    expect([await run.exit, run.stderr()]).toEqual([exit, expect.stringContaining(message)])
  })

  test('says where the chain breaks when /proc hides the processes of others', async (context) => {
    const { place, options } = placeOfNobody(context)
    const mount = ['unshare', '-m', 'sh', '-c', 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', 'sh']
    context.skip(spawnSync('env', [...mount, 'true']).status !== 0, 'needs unshare and the right to mount')
    const prefix = [...mount, ...options.prefix]
    const events = await playDemo(['process', 'tree'], { prefix }, place)
    expect(texts(events)).toMatch(/the chain breaks here: the parent, \d+, .*hidepid/)
    expect(claimIdsOf(events)).not.toContain('process/ancestry-ends-at-pid-1')
    expect(drawn(events)[0]!.pid).toBe(events[0]!.pid)
    const orphan = await playDemo(['process', 'orphan'], { prefix }, place)
    expect(claimIdsOf(orphan)).toContain('orphan/is-adopted')
    expect(claimIdsOf(orphan)).not.toContain('orphan/adopter-is-an-ancestor')
    const first = place.osdemo(['process', 'tree', '1'], { prefix })
    expect([await first.exit, first.stderr()]).toEqual([1, expect.stringContaining('/proc hides it')])
  })

  test('refuses a /proc that numbers processes otherwise', async (context) => {
    const prefix = ['unshare', '--pid', '--fork']
    context.skip(spawnSync('env', [...prefix, 'true']).status !== 0, 'needs unshare and the right to it')
    const run = newPlace().osdemo(['process', 'tree'], { prefix })
    expect([await run.exit, run.stderr()]).toEqual([69, expect.stringContaining('another pid namespace')])
  })

  test('ends at osdemo where that is the first process of its namespace', async (context) => {
    const prefix = ['unshare', '--pid', '--fork', '--mount-proc']
    context.skip(spawnSync('env', [...prefix, 'true']).status !== 0, 'needs unshare and the right to it')
    const run = newPlace().osdemo(['process', 'tree', '--json'], { prefix })
    expect(await run.exit).toBe(0)
    expect(drawn(parseEvents(run.stdout()))[0]).toMatchObject({ pid: 1 })
  })
})

describe('process zombie', () => {
  test('makes two zombies, which go when they are waited for', async () => {
    const events = await playDemo(['process', 'zombie'])
    const [late, given] = children(events)
    expect(states(events, late!)).toEqual(['zombie', 'zombie', 'gone'])
    expect(states(events, given!)[0]).toBe('zombie')
    expectEnded([late!, given!])
    // The kernel hides the status from who may not trace the process.
    const hidden = ['zombie/keeps-its-exit-code', 'zombie/keeps-the-signal-that-killed-it']
    expect(claimIdsOf(events).filter((id) => !hidden.includes(id!))).toEqual([
      'zombie/exited-process-becomes-one',
      'zombie/has-no-memory-or-files',
      'zombie/keeps-its-pid',
      'zombie/sigkill-does-not-remove-it',
      'zombie/parent-gets-exit-code',
      'zombie/is-gone-when-reaped',
      'zombie/killed-process-becomes-one',
      'zombie/is-adopted-when-parent-dies',
    ])
    expect(dataFrom(events, /cmdline, status, fd$/)[1]).toEqual({ words: 0, bytes: null, files: 0 })
  })

  test('is the same for another user', async (context) => {
    const { place, options } = placeOfNobody(context)
    await playDemo(['process', 'zombie'], options, place)
  })
})

describe('process orphan', () => {
  test('shows who adopts a process whose parent dies, and that it goes on', async () => {
    const events = await playDemo(['process', 'orphan'])
    const [orphan] = children(events)
    // On a loaded machine it may still be on its way to the next read, and an adopter may be quick.
    const [alive, ended] = states(events, orphan!)
    expect(['waiting', 'running']).toContain(alive)
    expect(['zombie', 'gone']).toContain(ended)
    expectEnded([orphan!])
    // By the same rule as in the program, for a child of ours: we are no subreaper.
    const parents = dataFrom(events, `/proc/${orphan}/stat`) as number[]
    expect(parents).toHaveLength(2)
    expect(readLineage(process.pid).members.map((stat) => stat.pid)).toContain(parents[1])
    expect(claimIdsOf(events)).toEqual([
      'process/parent-is-who-started-it',
      'orphan/is-adopted',
      'orphan/adopter-is-an-ancestor',
      'orphan/continues',
      'orphan/can-be-terminated',
    ])
  })
})

describe('zombies and orphans', () => {
  test('go to the nearest subreaper, and it is said when that one never waits', async ({ skip }) => {
    // prctl(PR_SET_CHILD_SUBREAPER); system() waits for osdemo alone.
    const number = { x64: 157, arm64: 167 }[process.arch as string]
    const prefix = ['perl', '-e', `syscall(${number}, 36, 1) == 0 or die; system(@ARGV); exit($? >> 8)`]
    skip(number === undefined || spawnSync('perl', ['-v']).status !== 0, 'needs perl')
    await Promise.all(
      ['zombie', 'orphan'].map(async (name) => {
        const run = newPlace().osdemo(['process', name, '--json'], { prefix })
        expect(await run.exit).toBe(0)
        const notes = texts(parseEvents(run.stdout()))
        expect(notes).toContain(`pid ${run.pid} (perl) has not waited for it within 3 s`)
        if (name === 'orphan') expect(notes).toContain(`pid ${run.pid} (perl) is a subreaper`)
      }),
    )
  })

  test.for(['bash', 'busybox'])('are the same where sh is %s', async (shell, { skip }) => {
    const found = spawnSync('sh', ['-c', `command -v ${shell}`], { encoding: 'utf8' }).stdout.trim()
    skip(found === '', `needs ${shell}`)
    const folder = temporaryFolder()
    symlinkSync(found, join(folder, 'sh'))
    const env = { PATH: `${folder}:${process.env.PATH}` }
    await Promise.all(
      ['tree', 'zombie', 'orphan'].map((name) => playDemo(['process', name], { env }, newPlace())),
    )
  })

  test('say what to install where there is no sh', async () => {
    for (const name of ['tree', 'zombie', 'orphan']) {
      const run = newPlace().osdemo(['process', name], { env: { PATH: '/nonexistent' } })
      expect([await run.exit, run.stderr()]).toEqual([69, expect.stringMatching(/no sh in PATH\n.*install/)])
    }
  })

  test.for(['tree', 'zombie', 'orphan'])('process %s killed with SIGKILL leaves no process', async (name) => {
    const place = newPlace()
    const run = place.osdemo(['process', name, '--json'])
    await until(() => eventsSoFar(run).some(({ event }) => event === 'started'))
    run.child.kill('SIGKILL')
    await until(() => processesOf(place).length === 0, 2000)
    // A process that is exiting has lost its environment a moment before it is dead.
    await until(() => !children(eventsSoFar(run)).some((pid) => isAlive(pid)), 2000)
  })

  test('an orphan dies with osdemo, also one that has nobody else', async () => {
    const place = newPlace()
    const run = place.osdemo(['process', 'orphan', '--json'])
    await until(() => eventsSoFar(run).some(({ event }) => event === 'exited'))
    run.child.kill('SIGKILL')
    await until(() => processesOf(place).length === 0, 2000)
    expect(children(eventsSoFar(run))).toHaveLength(1)
  })
})

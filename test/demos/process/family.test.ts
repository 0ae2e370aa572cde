/** Tree, zombie and orphan with real processes, also for users who may see little of /proc. */
import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Event, numberIn } from '../../../src/events.js'
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
import { slideOf, valuesOf } from '../../support/slide.js'
import { until } from '../../support/until.js'

const texts = (events: Event[]) =>
  only(events, 'note')
    .map(({ text }) => text)
    .join('\n')

/** A line of the tree. */
interface Drawn {
  pid: number
  ppid: number
  comm: string
  state: string
  user: string
  /** What is drawn before the name. */
  branch: string
}

/** The lines of the tree. The demo writes this record for each, so the cast holds. */
const drawn = (events: Event[]) => dataFrom(events, /^\/proc\/\d+$/) as unknown as Drawn[]

/** The numbers in the notes: how many descendants there are, and how many are not drawn. */
const counts = (events: Event[], name: string) =>
  only(events, 'note').flatMap(({ data }) => numberIn(data, name) ?? [])

/** The pids of the children that were started by a shell, and not by osdemo. */
const children = (events: Event[]) =>
  events.flatMap((event) =>
    event.event === 'started' && event.name.startsWith('child') ? [event.child] : [],
  )

/** The states that were reported for a process. */
const states = (events: Event[], pid: number) =>
  events.flatMap((event) => (event.event === 'state' && event.child === pid ? [event.state] : []))

/** Each has exited. It may still be a zombie that its adopter has not reaped. */
function expectEnded(pids: number[]): void {
  expect(pids.filter((pid) => isAlive(pid))).toEqual([])
}

describe('process tree', () => {
  test('shows the ancestors of osdemo up to the first process, and a family of real processes', async () => {
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
    expect(valuesOf(slideOf(events), 'data-pid')).toEqual(
      expect.arrayContaining(below.map((line) => `${line.pid}`)),
    )
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

  test('draws some of many children, and counts the others', async () => {
    const child = start(
      'sh',
      ['-c', 'i=0; while [ $i -lt 60 ]; do read -r x <&3 & i=$((i+1)); done; wait'],
      ['ignore', 'ignore', 'inherit', 'pipe'],
    )
    await until(() => readFamily().children(child.pid).length === 60)
    const events = await playDemo(['process', 'tree', `${child.pid}`])
    expect(counts(events, 'descendants')).toEqual([60])
    expect(counts(events, 'undrawn')).toEqual([37])
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

  test('ends at kthreadd for a thread of the kernel', async ({ skip }) => {
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

  test('reports the first ancestor that /proc hides', async (context) => {
    const { place, options } = placeOfNobody(context)
    const mount = ['unshare', '-m', 'sh', '-c', 'mount -t proc -o hidepid=2 proc /proc && exec "$@"', 'sh']
    context.skip(spawnSync('env', [...mount, 'true']).status !== 0, 'needs unshare and the right to mount')
    const prefix = [...mount, ...options.prefix]
    const events = await playDemo(['process', 'tree'], { prefix }, place)
    expect(texts(events)).toMatch(/^Not observed: the parent, pid \d+, .*hidepid/m)
    expect(claimIdsOf(events)).not.toContain('process/ancestry-ends-at-pid-1')
    expect(drawn(events)[0]!.pid).toBe(events[0]!.pid)
    const orphan = await playDemo(['process', 'orphan'], { prefix }, place)
    expect(claimIdsOf(orphan)).toContain('orphan/is-adopted')
    expect(claimIdsOf(orphan)).not.toContain('orphan/adopter-is-an-ancestor')
    const first = place.osdemo(['process', 'tree', '1'], { prefix })
    expect([await first.exit, first.stderr()]).toEqual([1, expect.stringContaining('/proc hides it')])
  })

  test('refuses a /proc of another pid namespace', async (context) => {
    const prefix = ['unshare', '--pid', '--fork']
    context.skip(spawnSync('env', [...prefix, 'true']).status !== 0, 'needs unshare and the right to it')
    const run = newPlace().osdemo(['process', 'tree'], { prefix })
    expect([await run.exit, run.stderr()]).toEqual([69, expect.stringContaining('another pid namespace')])
  })

  test('ends at osdemo when osdemo is the first process of its pid namespace', async (context) => {
    const prefix = ['unshare', '--pid', '--fork', '--mount-proc']
    context.skip(spawnSync('env', [...prefix, 'true']).status !== 0, 'needs unshare and the right to it')
    const run = newPlace().osdemo(['process', 'tree', '--json'], { prefix })
    expect(await run.exit).toBe(0)
    expect(drawn(parseEvents(run.stdout()))[0]).toMatchObject({ pid: 1 })
  })
})

describe('process zombie', () => {
  test('makes two zombies, which no longer exist when they are reaped', async () => {
    const events = await playDemo(['process', 'zombie'])
    const [late, given] = children(events)
    expect(states(events, late!)).toEqual(['zombie', 'zombie', 'gone'])
    expect(states(events, given!)[0]).toBe('zombie')
    expectEnded([late!, given!])
    // The kernel shows the wait status only to users who may trace the process.
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
    expect(valuesOf(slideOf(events), 'data-adopted')).toEqual([`${children(events)[1]}`])
  })

  test('is the same for another user', async (context) => {
    const { place, options } = placeOfNobody(context)
    await playDemo(['process', 'zombie'], options, place)
  })
})

describe('process orphan', () => {
  test('shows which process adopts an orphan, and that the orphan continues', async () => {
    const events = await playDemo(['process', 'orphan'])
    const [orphan] = children(events)
    // On a loaded machine the orphan may not have reached its next read, and a fast adopter leaves no zombie to see.
    const [alive, ended] = states(events, orphan!)
    expect(['waiting', 'running']).toContain(alive)
    expect(['zombie', 'gone']).toContain(ended)
    expectEnded([orphan!])
    // The adopter must be an ancestor of this test, because neither the test nor osdemo is a subreaper.
    const parents = dataFrom(events, `/proc/${orphan}/status`).map((data) => numberIn(data, 'ppid'))
    expect(parents).toHaveLength(2)
    expect(readLineage(process.pid).members.map((stat) => stat.pid)).toContain(parents[1])
    const slide = slideOf(events)
    expect(valuesOf(slide, 'data-adopted')).toEqual([`${orphan}`])
    expect(valuesOf(slide, 'data-pid').filter((pid) => pid === `${orphan}`)).toHaveLength(3)
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
  test('are adopted by the nearest subreaper, and it is reported when it never reaps them', async ({
    skip,
  }) => {
    // perl calls prctl(PR_SET_CHILD_SUBREAPER). Its system() reaps osdemo only.
    const number = { x64: 157, arm64: 167 }[process.arch as string]
    const prefix = ['perl', '-e', `syscall(${number}, 36, 1) == 0 or die; system(@ARGV); exit($? >> 8)`]
    skip(number === undefined || spawnSync('perl', ['-v']).status !== 0, 'needs perl')
    await Promise.all(
      ['zombie', 'orphan'].map(async (name) => {
        const run = newPlace().osdemo(['process', name, '--json'], { prefix })
        expect(await run.exit).toBe(0)
        const notes = texts(parseEvents(run.stdout()))
        expect(notes).toContain(`pid ${run.pid} (perl) did not reap`)
        if (name === 'orphan') expect(notes).toContain(`pid ${run.pid} (perl), is a subreaper`)
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
      expect([await run.exit, run.stderr()]).toEqual([69, expect.stringMatching(/no sh in PATH\n.*Install/)])
    }
  })

  test.for(['tree', 'zombie', 'orphan'])('process %s killed with SIGKILL leaves no process', async (name) => {
    const place = newPlace()
    const run = place.osdemo(['process', name, '--json'])
    await until(() => eventsSoFar(run).some(({ event }) => event === 'started'))
    run.child.kill('SIGKILL')
    await until(() => processesOf(place).length === 0, 2000)
    // `processesOf` finds a process by its environment, which an exiting process releases before it is dead.
    await until(() => !children(eventsSoFar(run)).some((pid) => isAlive(pid)), 2000)
  })

  test('an orphan is terminated when osdemo is killed, although its parent has died before', async () => {
    const place = newPlace()
    const run = place.osdemo(['process', 'orphan', '--json'])
    await until(() => eventsSoFar(run).some(({ event }) => event === 'exited'))
    run.child.kill('SIGKILL')
    await until(() => processesOf(place).length === 0, 2000)
    expect(children(eventsSoFar(run))).toHaveLength(1)
  })
})

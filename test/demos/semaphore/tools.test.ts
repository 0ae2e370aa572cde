/** `osdemo semaphore wait`, `post`, `list` and `remove`, with the semaphores as the kernel lists them. */
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { expect, test } from 'vitest'
import { unlinkNamed } from '../../../src/ipc/posix-sem.js'
import { largestValue, makeSet, removeSet } from '../../../src/ipc/sysv-sem.js'
import { readSchedstat } from '../../../src/proc/sched.js'
import { waitingThreads } from '../../../src/proc/task.js'
import { dataFrom, only } from '../../support/facts.js'
import {
  asUser,
  childrenOf,
  expectNothingLeft,
  invalidEvents,
  newPlace,
  outcome,
  type Place,
  parseEvents,
  type RunOptions,
} from '../../support/osdemo.js'
import { newKey, newName, setWithKey, stateOf } from '../../support/semaphores.js'
import { until } from '../../support/until.js'

type Which = number | string

const option = (which: Which) => [typeof which === 'number' ? '--key' : '--name', `${which}`]
const start = (place: Place, command: string, which: Which, ...words: string[]) =>
  place.osdemo(['semaphore', command, ...option(which), ...words])
const run = (...words: Parameters<typeof start>) => outcome(start(...words))

/** The call in which the main thread of an actor is blocked, with the pid of the actor. */
const blockedIn = (pid: number) =>
  childrenOf(pid).flatMap((child) =>
    waitingThreads(child).flatMap(({ tid, syscall }) => (tid === child && syscall ? [[child, syscall]] : [])),
  )[0] as [number, string] | undefined

async function meet(which: Which, calls: RegExp) {
  const place = newPlace()
  const waiter = start(place, 'wait', which)
  await until(() => stateOf(which)?.waiting === 1)
  const [pid, call] = await until(() => blockedIn(waiter.pid))
  expect(call).toMatch(calls)
  // While another command runs, the waiter does not run for a nanosecond.
  const before = readSchedstat(pid, pid)?.run
  const listed = await list(place, which)
  expect(listed).toMatchObject({ values: [0], ours: true, ...(typeof which === 'number' && { waiting: 1 }) })
  expect([before, readSchedstat(pid, pid)?.run]).toEqual([before, before])
  expect(await run(place, 'post', which)).toMatchObject({ exit: 0, stdout: '' })
  expect(await outcome(waiter)).toMatchObject({ exit: 0, stdout: '' })
  expect(stateOf(which)).toEqual({ value: 0, waiting: 0 })
  // It stays, also when `clean` runs.
  const clean = place.osdemo(['clean', '--json'])
  expect(await clean.exit).toBe(0)
  const notes = only(parseEvents(clean.stdout()), 'note').map(({ data }) => data)
  expect(notes).toContainEqual({ kind: 'semaphore', name: `${which}`, users: [] })
  expect(await run(place, 'remove', which)).toMatchObject({ exit: 0, stdout: '' })
  expect(stateOf(which)).toBeUndefined()
  expectNothingLeft(place)
}

/** What `semaphore list` says about one. */
async function list(place: Place, which: Which) {
  const lister = place.osdemo(['semaphore', 'list', '--json'])
  expect(await lister.exit).toBe(0)
  const events = parseEvents(lister.stdout())
  expect(invalidEvents(events)).toEqual([])
  return only(events, 'evidence')
    .map(({ data }) => data as Record<string, unknown>)
    .find(({ name }) => name === `${which}`)
}

test('a process that waits is blocked in the kernel until another one posts, and the semaphore stays', async () => {
  await Promise.all([meet(newKey(), /^sem(timed)?op$/), meet(newName(), /^futex$/)])
})

async function interrupt(which: Which) {
  const place = newPlace()
  const [first, second] = [start(place, 'wait', which), newPlace()]
  await until(() => stateOf(which)?.waiting === 1)
  const other = start(second, 'wait', which)
  await until(() => stateOf(which)?.waiting === 2)
  first.child.kill('SIGINT')
  expect(await first.exit).toBe(130)
  // The other one waits for it, so it stays, and becomes one that is kept.
  expect(stateOf(which)?.value).toBe(0)
  await run(place, 'post', which)
  await run(place, 'post', which)
  expect(await other.exit).toBe(0)
  expect(await place.osdemo(['clean']).exit).toBe(0)
  expect(stateOf(which)?.value).toBe(1)
  await run(place, 'remove', which)
}

async function alone(which: Which) {
  const place = newPlace()
  const [waiter, impatient] = [start(place, 'wait', which), newPlace()]
  await until(() => stateOf(which)?.waiting === 1)
  const refused = start(impatient, 'wait', which, '--nonblocking', '--json')
  expect(await refused.exit).toBe(1)
  expect(only(parseEvents(refused.stdout()), 'error')).toMatchObject([{ errno: 'EAGAIN' }])
  waiter.child.kill('SIGTERM')
  expect(await waiter.exit).toBe(143)
  expect(stateOf(which)).toBeUndefined()
  expectNothingLeft(place)
  const killed = start(place, 'wait', which)
  await until(() => stateOf(which)?.waiting === 1)
  killed.child.kill('SIGKILL')
  await until(() => stateOf(which)?.waiting === 0 || blockedIn(killed.pid) === undefined)
  expect(await place.osdemo(['clean']).exit).toBe(0)
  expect(stateOf(which)).toBeUndefined()
}

test('one that an interrupted or killed run created is removed, unless another process waits for it', async () => {
  await Promise.all([newKey(), newName()].flatMap((which) => [interrupt(which)]))
  await Promise.all([newKey(), newName()].flatMap((which) => [alone(which)]))
})

test('the waiting line names the process that left the value at 0, and that it has exited', async () => {
  const [key, place] = [newKey(), newPlace()]
  makeSet(key, [1])
  const id = setWithKey(key)!.id
  const { pid } = spawnSync('perl', ['-e', `semop(${id}, pack("s*", 0, -1, 0)); kill 9, $$`])
  const waiter = start(place, 'wait', key, '--value', '5')
  await until(() => stateOf(key)?.waiting === 1)
  await until(() => waiter.stderr().includes('osdemo semaphore post'))
  expect(waiter.stderr()).toMatch(new RegExp(`pid ${pid}, has exited`))
  // An existing semaphore keeps its value.
  expect(waiter.stderr()).toContain('--value')
  // A set of another program is no object of osdemo.
  waiter.child.kill('SIGINT')
  await waiter.exit
  expect(await place.osdemo(['clean']).exit).toBe(0)
  expect(stateOf(key)).toEqual({ value: 0, waiting: 0 })
})

test('removed while a process waits: EIDRM for a System V semaphore, and a note for a POSIX one', async () => {
  const [key, name, place] = [newKey(), newName(), newPlace()]
  const keyed = start(place, 'wait', key, '--json')
  const named = start(newPlace(), 'wait', name)
  await until(() => stateOf(key)?.waiting === 1 && stateOf(name)?.waiting === 1)
  unlinkNamed(name)
  expect(await run(place, 'remove', key)).toMatchObject({ exit: 0 })
  expect(await keyed.exit).toBe(1)
  expect(only(parseEvents(keyed.stdout()), 'error')).toMatchObject([{ call: 'semop', errno: 'EIDRM' }])
  await until(() => named.stderr().includes('Ctrl-C'))
  expect(named.stderr().replaceAll(/\s+/g, ' ')).toContain(`removed semaphore ${name}`)
  expect(blockedIn(named.pid)?.[1]).toBe('futex')
  named.child.kill('SIGINT')
  expect(await named.exit).toBe(130)
})

test('bad input is refused', async () => {
  const place = newPlace()
  const [key, full] = [newKey(), newKey()]
  makeSet(full, [largestValue])
  const cases: [Promise<{ exit: number; stderr: string }>, number, string][] = [
    [run(place, 'wait', key, '--name', '/x'), 2, '--key and --name'],
    [run(place, 'wait', key, '--value', '32768'), 2, '32767'],
    [run(place, 'wait', key, '--value', '-1'), 2, 'whole number'],
    [run(place, 'post', 'no-slash'), 2, 'slash'],
    [run(place, 'post', `/${'x'.repeat(252)}`), 2, '251'],
    [run(place, 'remove', key), 1, 'ENOENT'],
    [run(place, 'remove', newName()), 1, 'no semaphore'],
    [run(place, 'post', full), 1, 'ERANGE'],
  ]
  const found = await Promise.all(cases.map(([outcome]) => outcome))
  expect(found.map(({ exit }) => exit)).toEqual(cases.map(([, exit]) => exit))
  for (const [index, { stderr }] of found.entries()) expect(stderr).toContain(cases[index]![2])
  expect(stateOf(key)).toBeUndefined()
})

test('a semaphore of another user is refused, and listed', async (context) => {
  const user = asUser(65534, context)
  const theirs = newPlace()
  chmodSync(theirs.folder, 0o777)
  const options: RunOptions = { ...user, env: { XDG_RUNTIME_DIR: '', HOME: '/' } }
  const all = [newKey(), newName()].map(async (which) => {
    expect(await run(newPlace(), 'wait', which, '--value', '2')).toMatchObject({ exit: 0 })
    for (const command of ['wait', 'post', 'remove']) {
      const refused = await outcome(theirs.osdemo(['semaphore', command, ...option(which)], options))
      expect(refused).toMatchObject({ exit: 1, stderr: expect.stringMatching(/EACCES|EPERM/) })
    }
    const lister = theirs.osdemo(['semaphore', 'list', '--json'], options)
    expect(await lister.exit).toBe(0)
    const data = dataFrom(parseEvents(lister.stdout()), /./)
    expect(data).toContainEqual(expect.objectContaining({ name: `${which}`, values: null, uid: 0 }))
    expect(stateOf(which)?.value).toBe(1)
  })
  await Promise.all(all)
})

test('the table of semaphores has 80 columns with long ids, and ipcs lists the same set', async () => {
  const [key, place] = [1_700_000_000 + (process.pid % 1_000_000), newPlace()]
  const id = makeSet(key, [7, 1, 2, 3])!
  try {
    const { stdout } = await outcome(place.osdemo(['semaphore', 'list']))
    expect(stdout).toMatch(new RegExp(`^${key} +${id} +\\d+ +700 +7,1,2… +0 +${process.pid} alive`, 'm'))
    expect(stdout.split('\n').filter((line) => line.length > 80 && line.startsWith(`${key}`))).toEqual([])
    const ipcs = spawnSync('ipcs', ['-s'], { encoding: 'utf8' }).stdout
    expect(ipcs).toMatch(new RegExp(`^0x${key.toString(16)} ${id} .* 700 +4 `, 'm'))
  } finally {
    removeSet(id)
  }
})

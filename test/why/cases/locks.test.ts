/** Programs whose threads wait in futex(2): for a mutex with an owner, for a semaphore, for work. */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { threads } from '../../../src/proc/task.js'
import { deadlockOf, gone, type, waitOf, watchedOf } from '../../support/why-ask.js'
import { hasCompiler, stuckPrograms } from './stuck.js'

const futex = { call: /^futex$/ }
const stuck = stuckPrograms({
  'mutex-owner-dead': futex,
  'mutex-robust': futex,
  'mutex-shared': futex,
  'mutex-twice': futex,
  philosophers: futex,
  'two-of-three': { call: /nanosleep$/ },
  'named-semaphore': futex,
  pool: futex,
})

describe.runIf(hasCompiler)('why, about a mutex', () => {
  test('a process that exited with the lock is named, and no step helps but to end the one that waits', async () => {
    const { pid, facts, answer } = await stuck('mutex-owner-dead')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'futex',
      'owner.tid': facts.owner,
      'owner.isDead': true,
      'owner.isRobust': false,
      wakers: [],
      open: false,
    })
    expect(answer.steps).toEqual(['end-itself'])
  })

  test('the owner of a robust mutex is found, and when it is terminated the process continues', async () => {
    const { pid, facts, answer } = await stuck('mutex-robust')
    const owner = { 'owner.tid': facts.owner, 'owner.pid': facts.owner, 'owner.isRobust': true }
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'futex',
      ...owner,
      wakers: [facts.owner],
      certain: true,
    })
    expect(answer.command).toBe(`kill ${facts.owner}`)
    type(answer)
    await gone(pid)
  })

  test('the owner of a plain mutex is never to be terminated: no process would get the lock', async () => {
    const { pid, facts, answer } = await stuck('mutex-shared')
    const owner = { 'owner.tid': facts.owner, 'owner.isDead': false, 'owner.isRobust': false }
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'futex', ...owner, wakers: [facts.owner] })
    expect(answer.steps).toEqual(['wait', 'end-itself'])
  })

  test('a thread that locks its own mutex again is a deadlock of one', async () => {
    const { pid, answer } = await stuck('mutex-twice')
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'futex', 'owner.tid': pid, certain: true })
    expect(deadlockOf(answer)).toEqual({ kind: 'deadlock', members: [pid], certain: true, threads: [pid] })
  })

  test('the circle of five threads that wait for each other is told, and is no pool', async () => {
    const { pid, answer } = await stuck('philosophers')
    const others = threads(pid).filter((tid) => tid !== pid)
    expect(others).toHaveLength(5)
    const circle = expect.arrayContaining(others)
    expect(deadlockOf(answer)).toMatchObject({ members: [pid], certain: true, threads: circle })
    for (const tid of others)
      expect(waitOf(answer, pid, tid)).toMatchObject({ kind: 'futex', 'owner.pid': pid })
  })
})

test.runIf(hasCompiler)(
  'threads that wait for each other are a deadlock, also when the main thread does not wait for them',
  async () => {
    const { pid, answer } = await stuck('two-of-three')
    const [, one, other] = threads(pid)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'timer' })
    const circle = expect.arrayContaining([one, other])
    expect(deadlockOf(answer)).toEqual({ kind: 'deadlock', members: [pid], certain: true, threads: circle })
    // The main thread may continue.
    expect(answer.claims).toEqual(['why/still-blocked'])
  },
)

describe.runIf(hasCompiler)('why, about other waits in futex(2)', () => {
  test('a named semaphore has its name, and a post ends the wait', async ({ skip }) => {
    const { pid, answer } = await stuck('named-semaphore')
    const name = `/osdemo-stuck-${pid}`
    onTestFinished(() => rmSync(`/dev/shm/sem.${name.slice(1)}`, { force: true }))
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'futex', semaphore: name, value: 0, open: true })
    expect(answer.steps).toEqual(['post-semaphore', 'wait'])
    skip(spawnSync('python3', ['--version']).status !== 0, 'needs python3')
    type(answer)
    await gone(pid)
  })

  test('the thread of a pool that polls for another process is told', async () => {
    const { pid, facts, answer } = await stuck('pool')
    const poller = threads(pid).find((tid) => waitOf(answer, pid, tid)?.kind === 'poll')!
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'futex', joined: poller, wakerThread: poller })
    expect(waitOf(answer, pid, poller)).toMatchObject({ wakers: [facts.other] })
    expect(watchedOf(answer)).toEqual([expect.objectContaining({ fd: facts.one, kind: 'pipe' })])
    expect(answer.command).toBe(`echo hello > /proc/${pid}/fd/${facts.one}`)
    type(answer)
    await gone(pid)
  })
})

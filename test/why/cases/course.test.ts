/** Each wait of a course that the other cases do not have: which process ends it, and what that process does. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { gone, type, waitOf } from '../../support/why-ask.js'
import { hasCompiler, stuckPrograms } from './stuck.js'

const stuck = stuckPrograms({
  'semaphore-limited': { call: /^semtimedop$/ },
  'semaphore-in-memory': { call: /^futex$/ },
  'message-expected': { call: /^mq_timedreceive$/ },
  'message-up-to-type': { call: /^msgrcv$/ },
  'record-lock': { call: /^fcntl$/ },
  'exclusive-flock': { call: /^flock$/ },
  'signal-awaited': { call: /^rt_sigtimedwait$/ },
  'wait-child': { call: /^waitid$/ },
})
const hasPerl = spawnSync('perl', ['-v']).status === 0

const ascending = (...pids: (number | undefined)[]) =>
  pids.flatMap((pid) => pid ?? []).toSorted((a, b) => a - b)

describe.runIf(hasCompiler)('why, about', () => {
  test('semtimedop(2): the process that took the last 1, and the time limit', async ({ skip }) => {
    const { pid, facts, answer } = await stuck('semaphore-limited')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'system-v',
      id: facts.one,
      holder: facts.other,
      wakers: [facts.other],
      open: true,
      'state.value': 0,
    })
    expect(waitOf(answer, facts.other!)).toMatchObject({ kind: 'signal', call: 'pause' })
    skip(!hasPerl, 'needs perl')
    type(answer)
    await gone(pid)
  })

  test('sem_wait(3) in shared memory: the process that maps it too', async () => {
    const { pid, facts, answer } = await stuck('semaphore-in-memory')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'futex',
      isPrivate: false,
      mapping: expect.stringMatching(/semaphore-in-memory$/),
      value: 0,
      sharers: [facts.other],
    })
  })

  test('mq_receive(3): the process that has the empty queue open for writing', async () => {
    const { pid, facts, answer } = await stuck('message-expected')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'posix-queue',
      access: 'reading',
      isRemoved: true,
      'fill.messages': 0,
      wakers: [facts.other],
    })
  })

  test('msgrcv(2) of all types up to 2: the queue has only higher ones', async ({ skip }) => {
    const { pid, facts, answer } = await stuck('message-up-to-type')
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'system-v', id: facts.id, type: -2, types: [5] })
    skip(!hasPerl, 'needs perl')
    type(answer)
    await gone(pid)
  })

  test('fcntl(2): both processes whose record locks are in the way, and no other', async () => {
    const { pid, facts, answer } = await stuck('record-lock')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'file-lock',
      'wanted.kind': 'POSIX',
      'wanted.access': 'READ',
      isSeveral: true,
    })
    const { wakers } = waitOf(answer, pid) as { wakers: number[] }
    expect(ascending(...wakers)).toEqual(ascending(facts.one, facts.other))
    type(answer)
    await gone(pid)
  })

  test('flock(2): two shared locks of two processes, as each descriptor has it', async () => {
    const { pid, facts, answer } = await stuck('exclusive-flock')
    const both = ascending(facts.one, facts.other)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'file-lock', 'held.access': 'READ', isSeveral: true })
    const quoted = answer.events.flatMap((event) =>
      event.event === 'evidence' && /^\/proc\/\d+\/fdinfo/.test(event.source) ? [event] : [],
    )
    expect(quoted.map(({ data }) => data)).toEqual(
      both.map((holder) => expect.objectContaining({ pid: holder })),
    )
    for (const [at, holder] of both.entries()) expect(quoted[at]?.value).toContain(` READ ${holder} `)
    type(answer)
    await gone(pid)
  })

  test('sigwait(3): the signal that it waits for, blocked as it is', async () => {
    const { pid, answer } = await stuck('signal-awaited')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'signal',
      signals: ['USR2'],
      source: 'mem',
      isTimed: false,
    })
    expect(answer.command).toBe(`kill -USR2 ${pid}`)
    type(answer)
    await gone(pid)
  })

  test('waitid(2): which child, and what that child waits for', async () => {
    const { pid, facts, answer } = await stuck('wait-child')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'child',
      whom: 'pid',
      wakers: [facts.one],
      others: [facts.other],
    })
    expect(waitOf(answer, facts.one!)).toMatchObject({
      kind: 'pipe',
      access: 'reading',
      wakers: [facts.other],
    })
    expect(waitOf(answer, facts.other!)).toMatchObject({ kind: 'signal' })
  })
})

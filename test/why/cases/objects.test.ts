/** Programs that wait for an object which the call names: a System V queue or semaphore, a terminal, a socket. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { threads } from '../../../src/proc/task.js'
import { deadlockOf, gone, type, waitOf } from '../../support/why-ask.js'
import { hasCompiler, stuckPrograms } from './stuck.js'

const stuck = stuckPrograms({
  'message-of-type': { call: /^msgrcv$/ },
  'message-not-of-type': { call: /^msgrcv$/ },
  'semaphore-take': { call: /^sem(timed)?op$/ },
  'semaphore-zero': { call: /^sem(timed)?op$/ },
  'semaphore-circle': { call: /^sem(timed)?op$/ },
  'queue-elsewhere': { call: /^msgrcv$|^pause$/ },
  'terminal-full': { call: /^wait4$/ },
  'port-shared': { call: /^recvfrom$/ },
  'closed-descriptor': { call: /^futex$/ },
  'reused-descriptor': { call: /^futex$/ },
  'close-lingers': { call: /^close$/ },
  'open-leased': { call: /^open(at)?$/ },
  'open-file-lock': { call: /^fcntl$/ },
  'own-open-file-lock': { call: /^fcntl$/ },
  'eventfd-full': { call: /^write$/ },
  'eventfd-empty': { call: /^read$/ },
  'timer-not-set': { call: /^read$/ },
  'splice-to-full': { call: /^splice$/ },
  'connect-unanswered': { call: /^connect$/ },
  'inotify-replaced': { call: /^read$/ },
})
const hasPerl = spawnSync('perl', ['-v']).status === 0
const mayEnter = spawnSync('nsenter', ['-t', `${process.pid}`, '-i', 'true']).status === 0

describe.runIf(hasCompiler)('why, about System V objects', () => {
  test('the types of the messages in the queue are not the one that msgrcv(2) accepts', async ({ skip }) => {
    const { pid, facts, answer } = await stuck('message-of-type')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'system-v',
      id: facts.id,
      wanted: 'message',
      type: 2,
      'listed.messages': 3,
      types: [1, 1, 1],
    })
    expect(answer.steps).toEqual(['send-system-v', 'remove'])
    skip(!hasPerl, 'needs perl')
    type(answer)
    await gone(pid)
  })

  test('with MSG_EXCEPT, msgrcv(2) accepts every type but one', async ({ skip }) => {
    const { pid, answer } = await stuck('message-not-of-type')
    expect(waitOf(answer, pid)).toMatchObject({ wanted: 'message', type: 1, excepts: true, types: [1, 1, 1] })
    skip(!hasPerl, 'needs perl')
    type(answer)
    await gone(pid)
  })

  test('the operation that the values of the semaphores do not allow is found', async ({ skip }) => {
    const { pid, facts, answer } = await stuck('semaphore-take')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'system-v',
      id: facts.one,
      wanted: 'semaphore',
      'operation.semaphore': 1,
      'operation.change': -3,
      'state.value': 1,
      'state.waitForIncrease': 1,
      lastUsers: [pid],
    })
    expect(answer.steps).toEqual(['add-system-v', 'remove'])
    skip(!hasPerl, 'needs perl')
    type(answer)
    await gone(pid)
  })

  test('a wait until a semaphore is 0 ends when its value is taken away', async ({ skip }) => {
    const { pid, facts, answer } = await stuck('semaphore-zero')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'system-v',
      id: facts.one,
      wanted: 'zero',
      'operation.semaphore': 1,
      'operation.change': 0,
      'state.value': 2,
      'state.waitForZero': 1,
    })
    skip(!hasPerl, 'needs perl')
    type(answer)
    await gone(pid)
  })

  test('two processes that each wait for the semaphore of the other are probably a deadlock', async ({
    skip,
  }) => {
    const { pid, facts, answer } = await stuck('semaphore-circle')
    const { one: id, other = 0 } = facts
    expect(waitOf(answer, pid)).toMatchObject({
      id,
      holder: other,
      wakers: [other],
      open: false,
      certain: false,
    })
    expect(waitOf(answer, other)).toMatchObject({ id, holder: pid, wakers: [pid] })
    expect(deadlockOf(answer)).toMatchObject({ members: [pid, other], certain: false })
    skip(!hasPerl, 'needs perl')
    type(answer)
    await gone(pid)
  })

  test('a queue of another IPC namespace is not looked up here, and its commands enter that namespace', async ({
    skip,
  }) => {
    const { pid, facts, answer } = await stuck('queue-elsewhere')
    skip(facts.denied !== undefined, 'needs the right to make namespaces')
    const wait = waitOf(answer, pid)
    expect(wait).toMatchObject({ kind: 'system-v', id: facts.id, isElsewhere: true, type: 2, lastUsers: [] })
    expect(wait).not.toHaveProperty('listed.key')
    const commands = answer.events.flatMap((event) => {
      const data = event.event === 'note' && event.role === 'next' ? event.data : undefined
      return typeof data === 'object' && 'command' in data ? [data.command] : []
    })
    expect(commands).toEqual([
      expect.stringMatching(`^nsenter -t ${pid} -i perl `),
      `nsenter -t ${pid} -i ipcrm -q ${facts.id}`,
    ])
    skip(!hasPerl || !mayEnter, 'needs perl, and the right to enter namespaces')
    // It only helps in that namespace.
    type(answer)
    await gone(pid)
  })
})

describe.runIf(hasCompiler)('why, about descriptors', () => {
  test('a child that prints to a terminal waits for the parent that has its master and waits for it', async () => {
    const { pid, facts, answer } = await stuck('terminal-full')
    const { other = 0 } = facts
    expect(waitOf(answer, other)).toMatchObject({
      kind: 'terminal',
      access: 'writing',
      emulators: [pid],
      unread: expect.any(Number),
      wakers: [pid],
      open: false,
    })
    expect(deadlockOf(answer)).toEqual({ kind: 'deadlock', members: [pid, other], certain: true })
    expect(answer.command).toBe(`kill ${other}`)
    type(answer)
    await gone(pid)
  })

  test('of two listeners on a port, the one that has the connection in its accept queue is meant', async () => {
    const { pid, facts, answer } = await stuck('port-shared')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'tcp-connection',
      wakers: [facts.one],
      listeners: 1,
      certain: true,
    })
    expect(answer.command).toBe(`kill ${facts.one}`)
    type(answer)
    await gone(pid)
  })

  test('a descriptor that was closed under a call, and the peer of the old connection', async () => {
    const { pid, facts, answer } = await stuck('closed-descriptor')
    const tid = threads(pid).find((each) => each !== pid)!
    const wait = waitOf(answer, pid, tid)
    expect(wait).toMatchObject({ kind: 'descriptor-changed', was: 'socket', fd: facts.one })
    expect(wait).not.toHaveProperty('target')
    if (process.getuid!() !== 0) return
    expect(wait).toMatchObject({ wakers: [facts.other] })
    expect(answer.command).toBe(`kill ${facts.other}`)
    type(answer)
    await gone(pid)
  })

  test('a descriptor that refers to something else now is not what the call waits on', async () => {
    const { pid, facts, answer } = await stuck('reused-descriptor')
    const tid = threads(pid).find((each) => each !== pid)!
    const wait = { kind: 'descriptor-changed', was: 'socket', fd: facts.one, wakers: [], open: true }
    expect(waitOf(answer, pid, tid)).toMatchObject({ ...wait, target: expect.stringMatching(/^pipe:/) })
    expect(answer.steps).not.toContain('write')
  })

  test('close(2) waits for a peer that does not read: SO_LINGER', async () => {
    const { pid, facts, answer } = await stuck('close-lingers')
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'lingering', call: 'close', open: true })
    expect(answer.steps[0]).toBe('wait')
    if (process.getuid!() !== 0) return
    expect(waitOf(answer, pid)).toMatchObject({ wakers: [facts.other], 'row.state': 'FIN_WAIT1' })
    expect(answer.command).toBe(`kill ${facts.other}`)
    type(answer)
    await gone(pid)
  })

  test('open(2) waits for a lease, which the kernel takes away after a while', async () => {
    const { pid, facts, answer } = await stuck('open-leased')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'lease',
      holders: [facts.other],
      wakers: [facts.other],
      breakTime: expect.any(Number),
    })
    expect(answer.steps).toEqual(['wait', 'end-others'])
    type(answer)
    await gone(pid)
  })

  test('the holder of the lock of an open file description is found by its descriptor', async () => {
    const { pid, facts, answer } = await stuck('open-file-lock')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'file-lock',
      'held.kind': 'OFDLCK',
      wakers: [facts.other],
    })
    expect(answer.command).toBe(`kill ${facts.other}`)
    type(answer)
    await gone(pid)
  })

  test('a process waits for the lock of its own other open file description', async () => {
    const { pid, answer } = await stuck('own-open-file-lock')
    expect(deadlockOf(answer)).toEqual({ kind: 'deadlock', members: [pid], certain: true })
  })

  test.for<[name: string, access: string, step: string]>([
    ['eventfd-full', 'writing', 'read-event'],
    ['eventfd-empty', 'reading', 'add-event'],
  ])(
    '%s: the other processes that have it open are found, and the command changes it',
    async ([name, access, step], { skip }) => {
      const { pid, facts, answer } = await stuck(name)
      expect(waitOf(answer, pid)).toMatchObject({ kind: 'eventfd', access, users: [facts.other] })
      expect(answer.steps.slice(0, 2)).toEqual(['wait', step])
      skip(spawnSync('python3', ['-c', 'import os; os.pidfd_open']).status !== 0, 'needs python3 3.9')
      type(answer)
      await gone(pid)
    },
  )

  test('a timer that is not set never expires, so there is nothing to wait for', async () => {
    const { pid, answer } = await stuck('timer-not-set')
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'timerfd', left: 0 })
    expect(answer.steps).toEqual(['end-itself'])
  })

  test('splice(2) from a socket with bytes waits for room in the pipe', async () => {
    const { pid, facts, answer } = await stuck('splice-to-full')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'pipe',
      call: 'splice',
      fd: facts.other,
      access: 'writing',
    })
    type(answer)
    await gone(pid)
  })

  test('connect(2) without an answer fails after a while, so it is no deadlock', async () => {
    const { pid, answer } = await stuck('connect-unanswered')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'tcp-connection',
      wanted: 'connection',
      wakers: [pid],
      open: true,
    })
    expect(deadlockOf(answer)).toBeUndefined()
    expect(answer.steps[0]).toBe('wait')
  })

  test('the file that an inotify instance watches is removed, and another one has its path', async () => {
    const { pid, answer } = await stuck('inotify-replaced')
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'inotify' })
    const watches = answer.events.flatMap((event) =>
      event.event === 'evidence' && event.source.includes('/fdinfo/') ? [event.data] : [],
    )
    expect(watches).toEqual([
      expect.objectContaining({ events: ['MODIFY'], path: expect.stringMatching(/ \(deleted\)$/) }),
    ])
  })
})

/** Programs that wait for an object which the call names: a System V queue or semaphore, a terminal, a socket. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { readTable } from '../../../src/proc/sysvipc.js'
import { gone, type, waitOf } from '../../support/why-ask.js'
import { hasCompiler, stuckPrograms } from './stuck.js'

const stuck = stuckPrograms({
  'message-of-type': { call: /^msgrcv$/ },
  'semaphore-take': { call: /^sem(timed)?op$/ },
  'semaphore-zero': { call: /^sem(timed)?op$/ },
  'queue-elsewhere': { call: /^msgrcv$|^pause$/ },
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
    const here = readTable('msg')?.length
    type(answer)
    await gone(pid)
    expect(readTable('msg')?.length).toBe(here)
  })
})

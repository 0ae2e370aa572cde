/** Programs that wait for something in particular: for whom, for which signal, for how long. */
import { describe, expect, test } from 'vitest'
import { ask, gone, type, waitOf } from '../../support/why-ask.js'
import { hasCompiler, stuckPrograms } from './stuck.js'

const stuck = stuckPrograms({
  'wait-all': { call: /^wait4$/ },
  'wait-group': { call: /^wait4$/ },
  'wait-named-group': { call: /^wait4$/ },
  'wait-pidfd': { call: /^waitid$/ },
  'signal-blocked': { call: /^pause$|^ppoll$|^rt_sigsuspend$/ },
  'signal-suspended': { call: /^rt_sigsuspend$/ },
})

describe.runIf(hasCompiler)('why, about a process that waits for a child', () => {
  test('a process that ignores SIGCHLD waits for all its children', async () => {
    const { pid, facts, answer } = await stuck('wait-all')
    const all = [facts.one, facts.other]
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'child', whom: 'any', needsAll: true, wakers: all })
    expect(answer.command).toBe(`kill ${all.join(' ')}`)
    type(answer)
    await gone(pid)
  })

  test.each(['wait-group', 'wait-named-group'])(
    'only the children of the process group that %s names can end the wait',
    async (name) => {
      const { pid, facts, answer } = await stuck(name)
      expect(waitOf(answer, pid)).toMatchObject({
        kind: 'child',
        whom: 'group',
        wakers: [facts.one],
        others: [facts.other],
      })
      expect(answer.command).toBe(`kill ${facts.one}`)
      type(answer)
      await gone(pid)
    },
  )

  test('of a pidfd, the process that it refers to is awaited, and no other child', async () => {
    const { pid, facts, answer } = await stuck('wait-pidfd')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'child',
      whom: 'pidfd',
      wakers: [facts.one],
      others: [facts.other],
    })
    expect(answer.command).toBe(`kill ${facts.one}`)
    type(answer)
    await gone(pid)
  })
})

describe.runIf(hasCompiler)('why, about a process that waits for a signal', () => {
  test('a signal that has a handler, is blocked and pending does not end the wait', async () => {
    const { pid, answer } = await stuck('signal-blocked')
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'signal',
      signals: [],
      blocked: ['USR1'],
      pending: ['USR1'],
    })
    expect(answer.steps).toEqual(['end-itself'])
    // What it says: the signal has no effect.
    process.kill(pid, 'SIGUSR1')
    expect(waitOf(await ask(pid), pid)).toMatchObject({ kind: 'signal', pending: ['USR1'] })
  })

  test('the mask of sigsuspend(2) decides, and the signal that is sent is one that it lets in', async () => {
    const { pid, answer } = await stuck('signal-suspended')
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'signal', signals: ['USR2'], blocked: ['USR1'] })
    expect(answer.command).toBe(`kill -USR2 ${pid}`)
    type(answer)
    await gone(pid)
  })
})

/** Programs that wait for something in particular: for whom, for which signal, for how long. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { isAlive } from '../../../src/proc/stat.js'
import { signalReport } from '../../../src/why/signals.js'
import { start, temporaryFolder } from '../../support/children.js'
import { childrenOf, eventsSoFar, newPlace } from '../../support/osdemo.js'
import { until } from '../../support/until.js'
import { ask, deadlockOf, gone, inCall, type, waitOf, watchedOf } from '../../support/why-ask.js'
import { hasCompiler, stuckPrograms } from './stuck.js'

const epoll = /^epoll_p?wait$/
const stuck = stuckPrograms({
  'wait-all': { call: /^wait4$/ },
  'wait-group': { call: /^wait4$/ },
  'wait-named-group': { call: /^wait4$/ },
  'wait-pidfd': { call: /^waitid$/ },
  'signal-blocked': { call: /^pause$|^ppoll$|^rt_sigsuspend$/ },
  'signal-suspended': { call: /^rt_sigsuspend$/ },
  'receive-limited': { call: /^recvfrom$/ },
  'receive-alarmed': { call: /^recvfrom$/ },
  'message-limited': { call: /^mq_timedreceive$/ },
  ring: { call: /^read$/ },
  'child-by-handler': { call: /^p?poll$/ },
  'epoll-edge-pipe': { call: epoll },
  'epoll-edge-tcp': { call: epoll },
  'epoll-one-shot': { call: epoll },
  'epoll-stale': { call: epoll },
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
    const states = new Map(signalReport(pid)?.signals.map((state) => [state.name, state]))
    expect(states.get('USR1')).toMatchObject({
      action: 'handler',
      isBlocked: true,
      isPending: true,
      effect: 'stays pending',
    })
    expect(states.get('TERM')).toMatchObject({ action: 'default', isBlocked: false, effect: 'terminates' })
    const run = newPlace().osdemo(['why', `${pid}`, '--signals', '--json'])
    expect(await run.exit).toBe(0)
    const told = eventsSoFar(run).map((event) => ('data' in event ? event.data : null))
    expect(told).toContainEqual(states.get('USR1'))
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

describe.runIf(hasCompiler)('why, about a wait with a time limit', () => {
  test('two processes that receive from each other are no deadlock while one has a time limit', async () => {
    const { pid, facts, answer } = await stuck('receive-limited')
    const wait = { kind: 'unix-connection', wakers: [facts.other], limit: 300, open: true }
    expect(waitOf(answer, pid)).toMatchObject(wait)
    expect(deadlockOf(answer)).toBeUndefined()
    expect(answer.steps[0]).toBe('wait')
  })

  test('a time limit of mq_timedreceive(3) makes two receivers no deadlock', async () => {
    const { pid, facts, answer } = await stuck('message-limited')
    const wait = { kind: 'posix-queue', wakers: [facts.other], limit: expect.any(Number), open: true }
    expect(waitOf(answer, pid)).toMatchObject(wait)
    expect(deadlockOf(answer)).toBeUndefined()
    expect(answer.steps[0]).toBe('wait')
  })

  test('a handler of SIGALRM makes a deadlock uncertain, for timers are not visible', async () => {
    const { pid, facts, answer } = await stuck('receive-alarmed')
    expect(deadlockOf(answer)).toMatchObject({ members: [pid, facts.other], certain: false })
  })
})

describe.runIf(hasCompiler)('why, about an epoll instance', () => {
  test.each(['epoll-edge-pipe', 'epoll-edge-tcp'])(
    '%s: bytes that are unread are not reported again, and new ones are',
    async (name) => {
      const { pid, facts, answer } = await stuck(name)
      expect(waitOf(answer, pid)).toMatchObject({ kind: 'poll', wakers: [facts.other] })
      expect(watchedOf(answer)).toEqual([expect.objectContaining({ fd: facts.one, mode: 'edge', unread: 6 })])
      type(answer)
      await gone(pid)
    },
  )

  test('a one-shot that was reported is disabled, and no other process can change that', async () => {
    const { pid, facts, answer } = await stuck('epoll-one-shot')
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'poll', wakers: [pid], open: false })
    expect(watchedOf(answer)).toEqual([
      expect.objectContaining({ fd: facts.one, mode: 'one-shot', isDisabled: true }),
    ])
    expect(answer.steps).not.toContain('write')
  })

  test('it watches the object that was added, whatever the descriptor refers to now, and through another set', async () => {
    const { pid, facts, answer } = await stuck('epoll-stale')
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'poll', wakers: [facts.other] })
    expect(watchedOf(answer)).toContainEqual(expect.objectContaining({ kind: 'pipe', watchedAs: facts.one }))
    expect(answer.command).toBe(`echo hello > /proc/${pid}/fd/${facts.one}`)
    type(answer)
    await gone(pid)
  })
})

describe.runIf(hasCompiler)('why, about a chain', () => {
  test('a circle of 20 processes is found', async () => {
    const { pid, facts, answer } = await stuck('ring')
    const deadlock = deadlockOf(answer)
    expect(deadlock).toMatchObject({ certain: true, members: expect.arrayContaining([pid]) })
    expect(deadlock?.members).toHaveLength(facts.members ?? 0)
  })

  test('a child whose exit a handler of SIGCHLD reports is named', async () => {
    const { pid, facts, answer } = await stuck('child-by-handler')
    const { other = 0 } = facts
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'poll', children: [other], open: true })
    expect(waitOf(answer, other)).toMatchObject({ kind: 'signal' })
    process.kill(other, 'SIGKILL')
    await gone(pid)
  })
})

test.runIf(process.platform === 'linux')(
  'the only process with the other ends of what node watches is found',
  async () => {
    const line = 'sleep 1000 & echo $! > pid.new; mv pid.new pid'
    const folder = temporaryFolder()
    const code = `child_process.spawn('sh', ['-c', '${line}'], { cwd: '${folder}' }).stdout.resume()`
    const { pid } = start(process.execPath, ['-e', code])
    const sleep = await until(
      () => existsSync(join(folder, 'pid')) && Number(readFileSync(join(folder, 'pid'))),
    )
    onTestFinished(() => void (isAlive(sleep) && process.kill(sleep, 'SIGKILL')))
    await until(() => childrenOf(pid).length === 0)
    await inCall(pid, epoll)
    const answer = await ask(pid)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'poll', wakers: expect.arrayContaining([sleep]) })
    expect(answer.command).toBe(`kill ${sleep}`)
    type(answer)
    await gone(pid)
  },
)

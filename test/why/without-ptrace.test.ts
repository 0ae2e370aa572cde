/** What is found where the kernel shows where a process sleeps, but not its system call: as under Yama. */
import { expect, test } from 'vitest'
import { readStat } from '../../src/proc/stat.js'
import { readWchan } from '../../src/proc/task.js'
import { createWorld } from '../../src/why/snapshot.js'
import { guess } from '../../src/why/without-ptrace.js'
import { makeFifo, start } from '../support/children.js'
import { until } from '../support/until.js'
import { childNamed, startShell } from '../support/why-ask.js'

const guessOf = (pid: number, wchan: string | undefined, tid = pid) => guess(createWorld(), pid, tid, wchan)

test.runIf(process.platform === 'linux')('the kernel function makes a call likely', async () => {
  const { pid } = start('cat', [makeFifo()])
  const wchan = await until(() => readWchan(pid, pid))
  expect(guessOf(pid, wchan)).toMatchObject({
    likelyCall: 'open(2) of a FIFO',
    blocker: { kind: 'unknown-call', certain: false, wakers: [], open: true, steps: [] },
  })
})

test.each([
  ['anon_pipe_read', 'read(2) of an empty pipe'],
  ['pipe_write', 'write(2) to a full pipe'],
  ['inet_csk_accept', 'accept(2)'],
  ['hrtimer_nanosleep', 'nanosleep(2)'],
  ['futex_wait_queue', 'futex(2)'],
  ['ep_poll', 'epoll_wait(2)'],
  ['do_wait', 'wait(2)'],
])('%s is probably %s', (wchan, call) => {
  expect(guessOf(process.pid, wchan)).toMatchObject({ likelyCall: call, blocker: { certain: false } })
})

test('an unknown kernel function makes no call likely', () => {
  expect(guessOf(process.pid, 'some_new_function')).toMatchObject({ blocker: { kind: 'unknown-call' } })
  expect(guessOf(process.pid, 'some_new_function').likelyCall).toBeUndefined()
})

test.runIf(process.platform === 'linux')('its only pipe leads to the other end', async () => {
  // Node's own pipes are Unix sockets; those of a shell are pipes.
  const { pid } = startShell('sleep 1000 | cat')
  const reader = await childNamed(pid, 'cat')
  await until(() => /pipe_read$/.test(readWchan(reader, reader) ?? ''))
  const sleep = await childNamed(pid, 'sleep')
  const pipe = { kind: 'pipe', access: 'reading', fd: 0, wakers: [sleep], certain: false }
  expect(guessOf(reader, 'anon_pipe_read')).toMatchObject({ blocker: pipe })
})

test.runIf(process.platform === 'linux')(
  'without the kernel function, the command line and the children remain',
  async () => {
    const { pid } = startShell('sleep 1000; exit 0')
    const child = await childNamed(pid, 'sleep')
    await until(() => readStat(child)?.state === 'S')
    expect(guessOf(child, undefined)).toMatchObject({ blocker: { kind: 'timer', certain: false } })
    const waits = { kind: 'child', wakers: [child], certain: false, steps: [] }
    expect(guessOf(pid, undefined)).toMatchObject({ blocker: waits })
    // They tell about the process, not about each of its threads.
    expect(guessOf(pid, undefined, pid + 1)).toMatchObject({ blocker: { kind: 'hidden', open: true } })
  },
)

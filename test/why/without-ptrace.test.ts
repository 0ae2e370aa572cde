/** What is said where the kernel shows where a process sleeps, but not in which system call: as under Yama. */
import { expect, test } from 'vitest'
import { readStat } from '../../src/proc/stat.js'
import { readWchan } from '../../src/proc/task.js'
import { createWorld } from '../../src/why/snapshot.js'
import { guess } from '../../src/why/without-ptrace.js'
import { makeFifo, start } from '../support/children.js'
import { until } from '../support/until.js'
import { startShell } from '../support/why-ask.js'

const guessOf = (pid: number, wchan: string | undefined) => guess(createWorld(), pid, pid, wchan)

test.runIf(process.platform === 'linux')(
  'the function of the kernel makes an answer probable, and says so',
  async () => {
    const { pid } = start('cat', [makeFifo()])
    const wchan = await until(() => readWchan(pid, pid))
    expect(guessOf(pid, wchan)).toMatchObject({
      does: 'waits, probably in open(2) of a FIFO',
      proofs: [{ source: `/proc/${pid}/task/${pid}/wchan`, value: wchan }],
    })
  },
)

test.each([
  ['anon_pipe_read', 'read(2) of an empty pipe'],
  ['pipe_write', 'write(2) to a full pipe'],
  ['inet_csk_accept', 'accept(2)'],
  ['hrtimer_nanosleep', 'a sleep'],
  ['futex_wait_queue', 'futex(2): a lock, a condition or the end of a thread'],
  ['ep_poll', 'epoll_wait(2)'],
  ['do_wait', 'wait(2)'],
])('%s is probably %s', (wchan, call) => {
  expect(guessOf(process.pid, wchan).does).toBe(`waits, probably in ${call}`)
})

test('a function that nobody knows is named, and nothing is made of it', () => {
  expect(guessOf(process.pid, 'some_new_function').does).toBe("waits in the kernel's some_new_function")
})

test.runIf(process.platform === 'linux')(
  'the only pipe that it has is told with who has the other end',
  async () => {
    // Node's own pipes are Unix sockets; those of a shell are pipes.
    const { pid } = startShell('sleep 1000 | cat')
    const children = () => createWorld().family().children(pid)
    const reader = await until(() =>
      children().find((child) => /pipe_read$/.test(readWchan(child, child) ?? '')),
    )
    await until(() => children().some((child) => readStat(child)?.comm === 'sleep'))
    const { other } = guessOf(reader, 'anon_pipe_read')
    expect(other?.who).toMatch(/Its writing end is open in sleep \(\d+\), fd 1/)
  },
)

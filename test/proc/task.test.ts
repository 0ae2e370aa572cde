import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openFiles } from '../../src/proc/fds.js'
import { readStat } from '../../src/proc/stat.js'
import { readSyscall } from '../../src/proc/syscall.js'
import { callName, syscallName } from '../../src/proc/syscall-names.js'
import { parseWchan, readWchan, threads, waitingThreads } from '../../src/proc/task.js'
import { makeFifo, NO_PID, start } from '../support/children.js'
import { until } from '../support/until.js'

test.each([
  ['0', undefined],
  ['', undefined],
  ['wait_for_partner', 'wait_for_partner'],
  ['do_sys_poll\n', 'do_sys_poll'],
])('a wchan file with %j means %j', (text, wchan) => {
  expect(parseWchan(text)).toBe(wchan)
})

const WANTED = (
  'read write openat accept accept4 connect recvfrom sendto recvmsg sendmsg futex epoll_pwait ppoll pselect6 ' +
  'nanosleep clock_nanosleep wait4 waitid flock fcntl mq_timedsend mq_timedreceive msgsnd msgrcv semop semtimedop ' +
  'rt_sigsuspend ioctl splice'
).split(' ')
const ONLY_X64 = ['open', 'epoll_wait', 'poll', 'select', 'pause']

describe.each([
  [
    'x64',
    ['/usr/include/x86_64-linux-gnu/asm/unistd_64.h', '/usr/include/asm/unistd_64.h'],
    [...WANTED, ...ONLY_X64],
  ],
  ['arm64', ['/usr/include/asm-generic/unistd.h'], WANTED],
])('the system calls of %s', (arch, headers, wanted) => {
  const names = new Map<string, number>()
  for (let number = -1; number < 1000; number++) {
    const name = syscallName(number, arch)
    if (name !== undefined) names.set(name, number)
  }

  test('are all there', () => {
    expect([...names.keys()]).toEqual(expect.arrayContaining(wanted))
  })

  test('have the numbers of the kernel headers', ({ skip }) => {
    const header = headers.find((path) => existsSync(path))
    if (header === undefined) return skip('needs the kernel headers for this machine')
    const lines = readFileSync(header, 'utf8').matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)/gm)
    const numbers = new Map([...lines].map(([, name, number]) => [name!, Number(number)]))
    for (const [name, number] of names) expect([name, number]).toEqual([name, numbers.get(name)])
  })
})

test('those of a 32-bit program have the numbers of their header', ({ skip }) => {
  const path = '/usr/include/x86_64-linux-gnu/asm/unistd_32.h'
  skip(!existsSync(path) || process.arch !== 'x64', 'needs the kernel headers of x86-64')
  const lines = readFileSync(path, 'utf8').matchAll(/^#define __NR_(\w+)\s+(\d+)/gm)
  // The second edition of a call has a new name there: fcntl64, ppoll_time64.
  const plain = (name: string) => name.replace(/(_time)?64$/, '').replace(/^_newselect/, 'select')
  const calls = new Map([...lines].map(([, name = '', number]) => [Number(number), plain(name)]))
  const named = [...calls].flatMap(([number, name]) => {
    const seen = callName({ number, args: [], is32: true })
    return seen === undefined ? [] : [[name, seen]]
  })
  expect(named.length).toBeGreaterThan(50)
  const differs = named.filter(([name, seen]) => name !== seen && `${name}64` !== seen)
  expect(differs).toEqual([['waitpid', 'wait4']])
})

test('system calls have no names on a machine that is not in the table', () => {
  expect(syscallName(0, 'riscv64')).toBeUndefined()
  expect(syscallName(-1)).toBeUndefined()
})

describe.runIf(process.platform === 'linux')('a real process', () => {
  test('blocks in open(2) of a FIFO that no other process has opened', async () => {
    const child = start('cat', [makeFifo()])
    const [thread] = await waiting(child.pid, /^open(at)?$/)
    expect(thread).toEqual({
      tid: child.pid,
      wchan: expect.stringMatching(/^\w+$/),
      syscall: thread?.syscall,
    })
  })

  test('blocks in read(2) of an empty pipe, and its first argument is the descriptor', async () => {
    const path = makeFifo()
    const fifo = openSync(path, 'r+')
    try {
      const child = start('cat', [path])
      const [thread] = await waiting(child.pid, /^read$/)
      expect(thread?.wchan).toMatch(/pipe_read$/)
      const call = readSyscall(child.pid, child.pid) as { args: bigint[] }
      expect(call.args).toHaveLength(6)
      expect(openFiles(child.pid).find((file) => file.target === path)?.fd).toBe(Number(call.args[0]))
    } finally {
      closeSync(fifo)
    }
  })

  test('has several threads, and idle ones block in futex(2)', async () => {
    const child = start(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])
    const all = await until(() => {
      const seen = waitingThreads(child.pid)
      const idle = seen.filter(({ syscall }) => syscall === 'futex')
      return /^epoll_p?wait$/.test(seen[0]?.syscall ?? '') && idle.length > 1 && seen
    })
    expect(all[0]?.tid).toBe(child.pid)
    expect(all.map(({ tid }) => tid)).toEqual(threads(child.pid))
  })

  test('is not waiting while it is running', async () => {
    const child = start('sh', ['-c', 'while :; do :; done'])
    await until(() => readSyscall(child.pid, child.pid) === 'running')
    // A shell in an endless loop is always running or ready.
    await until(() => readWchan(child.pid, child.pid) === undefined)
    const idle = { tid: child.pid, wchan: undefined, syscall: undefined }
    expect(waitingThreads(child.pid)).toEqual([idle])
  })
})

test('a process that does not exist has no threads', () => {
  expect(threads(NO_PID)).toEqual([])
  expect(waitingThreads(NO_PID)).toEqual([])
  expect(readWchan(NO_PID, NO_PID)).toBeUndefined()
  expect(readSyscall(NO_PID, NO_PID)).toBeUndefined()
})

/** The threads of a process, once the first one is blocked in that call. */
function waiting(pid: number, call: RegExp) {
  return until(() => {
    const all = waitingThreads(pid)
    const first = all[0]
    return first?.wchan && call.test(first.syscall ?? '') && readStat(pid)?.state === 'S' && all
  })
}

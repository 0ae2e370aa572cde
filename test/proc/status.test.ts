import { describe, expect, test } from 'vitest'
import { readStat } from '../../src/proc/stat.js'
import { hasCapability, parseStatus, quoteStatus, readStatus, signalsIn } from '../../src/proc/status.js'
import { threads } from '../../src/proc/task.js'
import { NO_PID, start } from '../support/children.js'
import { until } from '../support/until.js'

const STATUS = `\
Name:	a\\nCapEff:	1
Umask:	0022
State:	S (sleeping)
Tgid:	3660
Pid:	3661
Uid:	1000	1001	1002	1003
Groups:	 
VmHWM:	    9999 kB
VmRSS:	    1612 kB
Threads:	11
CapInh:	0000000000000000
CapPrm:	000001ffffffffff
CapEff:	000001fffeffffff
SigBlk:	0000000000004001
SigIgn:	0000000000001000
SigCgt:	8000000000000000
TracerPid:	17
NSpid:	3661	5	1
NSpgid:	3660	4	1
SigPnd:	0000000000000001
ShdPnd:	0000000000000400
VmSize:	    2000 kB
Cpus_allowed_list:	0-2,5
`

test('parses a status file, with sizes in bytes', () => {
  const status = {
    tgid: 3660,
    tracer: 17,
    namespaceIds: [3661, 5, 1],
    groupIds: [3660, 4, 1],
    threads: 11,
    rss: 1612 * 1024,
    mapped: 2000 * 1024,
    euid: 1001,
    capEff: 0x1fffeffffffn,
    blocked: 0x4001n,
    ignored: 0x1000n,
    caught: 1n << 63n,
    pending: 0x401n,
    cpusAllowed: '0-2,5',
  }
  expect(parseStatus(STATUS)).toEqual(status)
})

test('a kernel thread has no memory', () => {
  const text = 'Name:\tkthreadd\nTgid:\t2\nUid:\t0\t0\t0\t0\nThreads:\t1\nCapEff:\t000001ffffffffff\n'
  expect(parseStatus(text)).toMatchObject({ tgid: 2, threads: 1, rss: undefined, euid: 0 })
})

test('bit 0 of a set of signals is signal 1', () => {
  const { blocked, caught } = parseStatus(STATUS)
  expect([signalsIn(blocked), signalsIn(caught), signalsIn(0n)]).toEqual([[1, 15], [64], []])
})

test('reads a capability by its bit', () => {
  const status = parseStatus(STATUS)
  const missing = Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => !hasCapability(status, bit))
  // All capabilities except CAP_SYS_RESOURCE and those that are not defined yet.
  expect(missing).toEqual([24, ...Array.from({ length: 23 }, (_, index) => 41 + index)])
})

describe.runIf(process.platform === 'linux')('a real process', () => {
  test('shows its threads, its size and its owner', async () => {
    const before = process.memoryUsage.rss()
    const status = readStatus(process.pid)!
    expect(status).toMatchObject({ tgid: process.pid, euid: process.geteuid!() })
    await until(() => readStatus(process.pid)?.threads === threads(process.pid).length)
    expect(status.threads).toBeGreaterThan(1)
    expect(status.rss).toBeGreaterThan(before / 2)
    expect(status.rss).toBeLessThan(before * 2)
  })

  test('is the Tgid of each of its threads', () => {
    const tid = threads(process.pid).at(-1)!
    expect(tid).not.toBe(process.pid)
    expect(readStatus(process.pid, tid)?.tgid).toBe(process.pid)
  })

  test('has a capability only when it is effective', async ({ skip }) => {
    skip(process.getuid!() !== 0, 'needs root')
    const child = start('setpriv', ['--reuid', '65534', '--clear-groups', 'sleep', '100'])
    // setpriv has lost its capabilities at the latest when it executes sleep.
    await until(() => readStat(child.pid)?.comm === 'sleep')
    const status = readStatus(child.pid)!
    expect(status.euid).toBe(65534)
    expect(hasCapability(status, 10)).toBe(false)
    expect(hasCapability(readStatus(process.pid)!, 10)).toBe(true)
  })
})

test('a line of a status file is quoted', () => {
  expect(quoteStatus(process.pid, 'PPid')).toBe(`PPid: ${process.ppid}`)
  expect(quoteStatus(process.pid, 'NoSuchField')).toBeUndefined()
  expect(quoteStatus(NO_PID, 'PPid')).toBeUndefined()
})

test('a process that does not exist has no status', () => {
  expect(readStatus(NO_PID)).toBeUndefined()
})

import { execFileSync, spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  allowedCpus,
  parseCpuList,
  parsePolicy,
  parseSchedstat,
  parseSwitches,
  readPolicy,
  readSchedstat,
  readSwitches,
} from '../../src/proc/sched.js'
import { readStat } from '../../src/proc/stat.js'
import { NO_PID, start } from '../support/children.js'
import { until } from '../support/until.js'

test('parses the three numbers of schedstat', () => {
  expect(parseSchedstat('183111 221324 2\n')).toEqual({ run: 183111, delay: 221324, turns: 2 })
})

test('reads context switches from status, even when the name of a process looks like them', () => {
  const status =
    'Name:\tvoluntary_ctxt_switches:\\t9\\nvoluntary_ctxt_switches:\\t9\nState:\tS (sleeping)\n' +
    'voluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t545\n'
  expect(parseSwitches(status)).toEqual({ voluntary: 150, involuntary: 545 })
  expect(parseSwitches('Name:\tx\n')).toBeUndefined()
})

test.each([
  ['0\n', [0]],
  ['0-3\n', [0, 1, 2, 3]],
  ['1,4-5,9\n', [1, 4, 5, 9]],
  ['\n', []],
])('parses the list of CPUs %j', (text, cpus) => {
  expect(parseCpuList(text)).toEqual(cpus)
})

test('reads the policy, whatever the name of the process contains', () => {
  const rest = (policy: number) => `S 1${' 7'.repeat(36)} ${policy} 0 0 0\n`
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 16 }), (comm) => {
      expect(parsePolicy(`12 (${comm}) ${rest(0)}`)).toBe('SCHED_OTHER')
      expect(parsePolicy(`12 (${comm}) ${rest(5)}`)).toBe('SCHED_IDLE')
      expect(parsePolicy(`12 (${comm}) ${rest(77)}`)).toBe('policy 77')
    }),
  )
})

describe.runIf(process.platform === 'linux')('a real process', { timeout: 30_000 }, () => {
  test('that computes is running, and the kernel counts its CPU time and its turns', async () => {
    const child = start('sh', ['-c', 'while :; do :; done'])
    const before = readSchedstat(child.pid)!
    await until(() => {
      const now = readSchedstat(child.pid)!
      return now.run > before.run + 20e6 && now.turns >= 1
    })
    const { cpuTicks } = readStat(child.pid)!
    // Both counts have a resolution of 1/100 s at best.
    expect(readSchedstat(child.pid)!.run / 1e7).toBeGreaterThan(cpuTicks - 3)
  })

  test('that is stopped does not run', async () => {
    const child = start('sh', ['-c', 'while :; do :; done'])
    child.kill('SIGSTOP')
    await until(() => readStat(child.pid)?.state === 'T')
    const { run } = readSchedstat(child.pid)!
    execFileSync('sleep', ['0.05'])
    expect(readSchedstat(child.pid)!.run).toBe(run)
  })

  test('that sleeps makes voluntary switches', async () => {
    const child = start('sh', ['-c', 'while :; do read line; done'], ['pipe', 'ignore', 'inherit'])
    await until(() => readStat(child.pid)?.state === 'S')
    const before = readSwitches(child.pid)!.voluntary
    for (let line = 1; line <= 5; line++) {
      child.stdin!.write('x\n')
      await until(
        () => readStat(child.pid)?.state === 'S' && readSwitches(child.pid)!.voluntary >= before + line,
      )
    }
  })

  test('may use only the CPUs that taskset allows', async ({ skip }) => {
    skip(spawnSync('taskset', ['-V']).error !== undefined, 'needs taskset')
    const cpu = allowedCpus(process.pid).at(-1)!
    const child = start('taskset', ['-c', `${cpu}`, 'sleep', '100'])
    await until(() => readStat(child.pid)?.comm === 'sleep')
    expect(allowedCpus(child.pid)).toEqual([cpu])
  })

  test('shows its policy', async ({ skip }) => {
    skip(spawnSync('chrt', ['-V']).error !== undefined, 'needs chrt')
    const child = start('chrt', ['--idle', '0', 'sleep', '100'])
    await until(() => readStat(child.pid)?.comm === 'sleep')
    expect(readPolicy(child.pid)).toBe('SCHED_IDLE')
  })
})

test('a process that does not exist has no counts', () => {
  expect(readSchedstat(NO_PID)).toBeUndefined()
  expect(readSwitches(NO_PID)).toBeUndefined()
  expect(readPolicy(NO_PID)).toBeUndefined()
  expect(allowedCpus(NO_PID)).toEqual([])
})

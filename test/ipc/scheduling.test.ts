import { getPriority } from 'node:os'
import { describe, expect, test } from 'vitest'
import { pin, renice, setPolicy } from '../../src/ipc/scheduling.js'
import { allowedCpus, readPolicy } from '../../src/proc/sched.js'
import { NO_PID, start } from '../support/children.js'

describe.runIf(process.platform === 'linux')('a real process', () => {
  test('is restricted to one CPU, and released again', () => {
    const child = start('sleep', ['100'])
    for (const cpu of allowedCpus(process.pid)) {
      pin(child.pid, [cpu])
      expect(allowedCpus(child.pid)).toEqual([cpu])
    }
    pin(child.pid, allowedCpus(process.pid))
    expect(allowedCpus(child.pid)).toEqual(allowedCpus(process.pid))
  })

  test('cannot be restricted to a CPU that does not exist, and the error names both', () => {
    const child = start('sleep', ['100'])
    for (const cpu of [1023, 5000]) {
      expect(() => pin(child.pid, [cpu])).toThrow(
        `process ${child.pid} to CPU ${cpu}: sched_setaffinity: EINVAL`,
      )
    }
  })

  test('gets the nice value', () => {
    const child = start('sleep', ['100'])
    renice(child.pid, 19)
    expect(getPriority(child.pid)).toBe(19)
  })

  test('gets the scheduling policy, and the usual one again', () => {
    const child = start('sleep', ['100'])
    for (const policy of ['SCHED_BATCH', 'SCHED_OTHER'] as const) {
      setPolicy(child.pid, policy)
      expect(readPolicy(child.pid)).toBe(policy)
    }
  })

  test('that does not exist causes ESRCH', () => {
    expect(() => renice(NO_PID, 19)).toThrow('setpriority: ESRCH')
    expect(() => pin(NO_PID, [0])).toThrow('sched_setaffinity: ESRCH')
    expect(() => setPolicy(NO_PID, 'SCHED_BATCH')).toThrow('sched_setscheduler: ESRCH')
  })
})

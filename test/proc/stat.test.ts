import type { Readable, Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isAlive, parseStat, readStat } from '../../src/proc/stat.js'
import { NO_PID, start } from '../support/children.js'
import { until } from '../support/until.js'

/** `cat /proc/self/stat` on Linux 6.18, from field 3 on, with 3 ticks in the program and 4 in the kernel. */
const AFTER_COMM =
  'R 3650 3651 2797 0 -1 4194304 99 0 0 0 3 4 0 0 20 0 1 0 90414 3133440 358 18446744073709551615 94031125176320 ' +
  '94031125196201 140733766740080 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 94031125212208 94031125213824 94031630823424 ' +
  '140733766748899 140733766748919 140733766748919 140733766750187 0\n'

describe('parseStat', () => {
  test('reads the fields of a process', () => {
    const stat = { pid: 3658, comm: 'cat', state: 'R', ppid: 3650, cpuTicks: 7, startTicks: 90414 }
    expect(parseStat(`3658 (cat) ${AFTER_COMM}`)).toEqual(stat)
  })

  test('reads the fields of a thread of the kernel', () => {
    const text =
      '14 (kworker/0:1H-events_highpri) I 2 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 30 0 0 18446744073709551615 ' +
      '0 0 0 0 0 0 0 2147483647 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n'
    const stat = {
      pid: 14,
      comm: 'kworker/0:1H-events_highpri',
      state: 'I',
      ppid: 2,
      cpuTicks: 0,
      startTicks: 30,
    }
    expect(parseStat(text)).toEqual(stat)
  })

  test.each(['a) R 1 (b', 'a\nb) Z 1', '', ')', '((', ' ', 'größe→', '1 (x) S 1'])(
    'reads %j as a name',
    (comm) => {
      const stat = { pid: 3658, comm, state: 'R', ppid: 3650, cpuTicks: 7, startTicks: 90414 }
      expect(parseStat(`3658 (${comm}) ${AFTER_COMM}`)).toEqual(stat)
    },
  )

  test('reads any text as a name', () => {
    const natural = fc.integer({ min: 0, max: 2 ** 31 })
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 64 }),
        fc.constantFrom(...'RSDTtZXI'),
        natural,
        natural,
        natural,
        (...all) => {
          const [comm, state, pid, ppid, startTicks] = all
          const text = `${pid} (${comm}) ${state} ${ppid}${' 7'.repeat(17)} ${startTicks}${' 7'.repeat(30)}\n`
          expect(parseStat(text)).toEqual({ pid, comm, state, ppid, cpuTicks: 14, startTicks })
        },
      ),
    )
  })
})

describe.runIf(process.platform === 'linux')('a real process', () => {
  test('shows its pid, its parent and when it started', () => {
    const child = start('sleep', ['100'])
    const us = readStat(process.pid)!
    const stat = readStat(child.pid)!
    expect(us).toMatchObject({ pid: process.pid, ppid: process.ppid })
    expect(stat).toMatchObject({ pid: child.pid, ppid: process.pid })
    expect(stat.startTicks).toBeGreaterThan(us.startTicks)
  })

  test('shows the state of one of its threads', () => {
    expect(readStat(process.pid, process.pid)).toMatchObject({
      pid: process.pid,
      ppid: process.ppid,
      state: 'R',
    })
    expect(readStat(process.pid, NO_PID)).toBeUndefined()
  })

  test.each(['a) R 1 (b', 'a\nb) Z 1', 'größe'])('may call itself %j', async (comm) => {
    const child = start(
      'sh',
      ['-c', 'printf %s "$1" > /proc/$$/comm && read line', 'sh', comm],
      ['pipe', 'ignore', 'inherit'],
    )
    const stat = await until(() =>
      [readStat(child.pid)!].find(({ state, comm }) => state === 'S' && comm !== 'sh'),
    )
    expect(stat).toMatchObject({ pid: child.pid, comm, state: 'S', ppid: process.pid })
  })

  test('is in state T after SIGSTOP, and alive', async () => {
    const child = start('sleep', ['100'])
    child.kill('SIGSTOP')
    await until(() => readStat(child.pid)?.state === 'T')
    expect(isAlive(child.pid)).toBe(true)
    child.kill('SIGCONT')
    await until(() => readStat(child.pid)?.state === 'S')
  })

  test('is not alive once it is a zombie', async () => {
    // The shell becomes sleep, which never reaps the child. The child is cat, which exits when descriptor 3 is closed.
    const script = 'cat <&3 & echo $!; exec sleep 100'
    const child = start('sh', ['-c', script], ['ignore', 'pipe', 'inherit', 'pipe'])
    const zombie = Number(await line(child.stdout!))
    await until(() => readStat(zombie)?.comm === 'cat' && readStat(child.pid)?.comm === 'sleep')
    expect(isAlive(zombie)).toBe(true)
    const end = child.stdio[3] as Writable
    end.end()
    await until(() => readStat(zombie)?.state === 'Z')
    expect(isAlive(zombie)).toBe(false)
    expect(readStat(zombie)).toMatchObject({ comm: 'cat', ppid: child.pid })
  })

  test('is alive only with its own start time', () => {
    const { startTicks } = readStat(process.pid)!
    expect(isAlive(process.pid)).toBe(true)
    expect(isAlive(process.pid, startTicks)).toBe(true)
    expect(isAlive(process.pid, startTicks - 1)).toBe(false)
  })

  test('that has exited cannot be seen and is not alive', async () => {
    const child = start('sleep', ['100'])
    expect(isAlive(child.pid)).toBe(true)
    child.kill('SIGKILL')
    await until(() => child.signalCode)
    expect(readStat(child.pid)).toBeUndefined()
    expect(isAlive(child.pid)).toBe(false)
  })
})

test.each([NO_PID, 2 ** 40, 0, -1, 1.5, Number.NaN])(
  'no process has the pid %d, so it is not alive',
  (pid) => {
    expect(readStat(pid)).toBeUndefined()
    expect(isAlive(pid)).toBe(false)
  },
)

async function line(stream: Readable): Promise<string> {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  return until(() => text.includes('\n') && text)
}

/** Programs that wait for end of file, while a process in the background has the write end. */
import { describe, expect, test } from 'vitest'
import { readStat } from '../../../src/proc/stat.js'
import { until } from '../../support/until.js'
import {
  ask,
  childNamed,
  deadlockOf,
  gone,
  inCall,
  startPython,
  startShell,
  type,
  waitOf,
} from '../../support/why-ask.js'

const background = 'sleep 1000 & echo started'

/** The process in the background, once it is the one that the answer names. */
function jobThatHolds(pid: number): Promise<number> {
  return until(async () => {
    const { wakers } = waitOf(await ask(pid), pid) ?? {}
    return Array.isArray(wakers) && wakers.find((waker) => readStat(waker)?.comm === 'sleep')
  })
}

describe.runIf(process.platform === 'linux')('why', () => {
  test('a command substitution ends when the background job that has the write end is terminated', async () => {
    const { pid, printed } = startShell(`x=$(${background}); echo "got $x"`)
    await inCall(pid, /^read$/)
    const job = await jobThatHolds(pid)
    const answer = await ask(pid)
    expect(waitOf(answer, pid)).toMatchObject({ kind: 'pipe', wakers: expect.arrayContaining([job]) })
    // A line does not help, and its step says so: the shell reads until end of file.
    expect(answer.steps).toEqual(['wait', 'write', 'end-others'])
    type(answer)
    process.kill(job)
    await until(() => printed().startsWith('got started\n'))
  })

  test('a program of Node waits for a grandchild that has the other ends of its streams', async () => {
    const code = `require("child_process").spawn("sh", ["-c", "${background}"]).stdout.resume()`
    const { pid } = startShell(`exec '${process.execPath}' -e '${code}'`)
    await inCall(pid, /^epoll_/)
    const holder = await jobThatHolds(pid)
    process.kill(holder)
    await gone(pid)
  })

  test('a parent that reads one pipe while its child fills the other is a deadlock', async (context) => {
    const code = `import subprocess as s
p = s.Popen(["sh", "-c", "seq 100000; seq 100000 >&2"], stdout=s.PIPE, stderr=s.PIPE)
p.stderr.read()`
    const pid = startPython(context, code)
    const shell = await childNamed(pid, 'sh')
    const seq = await childNamed(shell, 'seq')
    await inCall(pid, /^read$/)
    await inCall(seq, /^write$/)
    expect(deadlockOf(await ask(pid))).toMatchObject({ members: [pid, shell, seq], certain: true })
  })
})

/** Processes that may not run, whatever the other end does: a background job, and the members of a frozen cgroup. */
import { accessSync, constants, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readStat } from '../../../src/proc/stat.js'
import { readWchan } from '../../../src/proc/task.js'
import { makeFifo, start } from '../../support/children.js'
import { until } from '../../support/until.js'
import { ask, gone, inCall, type, waitOf } from '../../support/why-ask.js'
import { hasCompiler, stuckPrograms } from './stuck.js'

const stuck = stuckPrograms({ 'background-read': { call: /^wait4$/ }, traced: { call: /^pause$/ } })

test.runIf(hasCompiler)('a background job that reads from its terminal needs the foreground', async () => {
  const { facts } = await stuck('background-read')
  const { job = 0 } = facts
  await until(() => readStat(job)?.state === 'T')
  const answer = await ask(job)
  expect(waitOf(answer, job)).toMatchObject({ kind: 'stopped', isBackgroundJob: true, needsForeground: true })
  expect(answer.steps).toEqual(['foreground', 'end-itself'])
  // What it says: SIGCONT does not help.
  process.kill(job, 'SIGCONT')
  await until(() => readStat(job)?.state === 'T')
  type(answer)
  await gone(job)
})

test.runIf(hasCompiler)(
  'a process that its tracer has stopped continues when the tracer is terminated',
  async ({ skip }) => {
    const { pid, facts } = await stuck('traced')
    const { other = 0 } = facts
    skip(readStat(other)?.state !== 't', 'needs the right to trace')
    const answer = await ask(other)
    expect(waitOf(answer, other)).toMatchObject({ kind: 'traced', tracer: pid, wakers: [pid] })
    expect(answer.steps).toEqual(['wait', 'end-others'])
    expect(answer.command).toBe(`kill ${pid}`)
    type(answer)
    await gone(other)
  },
)

/** A cgroup of the test; undefined where this user may not make one. */
function newCgroup(): string | undefined {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const mount = mounts.find((line) => / - cgroup2 /.test(line))?.split(' ')
  if (mount?.[3] !== '/' || mount[4] === undefined) return undefined
  const path = join(mount[4], `osdemo-test-${process.pid}`)
  try {
    mkdirSync(path)
    accessSync(join(path, 'cgroup.freeze'), constants.W_OK)
  } catch {
    return undefined
  }
  onTestFinished(async () => {
    writeFileSync(join(path, 'cgroup.freeze'), '0')
    // The kernel takes its time to remove a process that was killed.
    await until(() => /^populated 0$/m.test(readFileSync(join(path, 'cgroup.events'), 'utf8')))
    rmdirSync(path)
  })
  return path
}

describe.runIf(process.platform === 'linux')('why', () => {
  test('a process in a frozen cgroup continues when the cgroup is thawed, and no sooner', async ({
    skip,
  }) => {
    const cgroup = newCgroup()
    skip(cgroup === undefined, 'needs the right to make a cgroup')
    const { pid } = start('cat', [makeFifo()])
    await inCall(pid, /^open(at)?$/)
    writeFileSync(join(cgroup!, 'cgroup.procs'), `${pid}`)
    writeFileSync(join(cgroup!, 'cgroup.freeze'), '1')
    await until(() => /^frozen 1$/m.test(readFileSync(join(cgroup!, 'cgroup.events'), 'utf8')))
    const answer = await ask(pid)
    expect(waitOf(answer, pid)).toMatchObject({
      kind: 'frozen',
      cgroup: expect.stringContaining('osdemo-test-'),
    })
    expect(answer.steps).toEqual(['thaw'])
    type(answer)
    await until(() => readWchan(pid, pid) === 'wait_for_partner')
  })
})

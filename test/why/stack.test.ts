/** The functions of a program, which a debugger finds: it must change nothing in the process. */
import { spawnSync } from 'node:child_process'
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { attach, isInstalled } from '../../src/demos/why/attach.js'
import { readStat } from '../../src/proc/stat.js'
import { readStatus } from '../../src/proc/status.js'
import { threads, waitingThreads } from '../../src/proc/task.js'
import { ptraceScope } from '../../src/proc/yama.js'
import { start, temporaryFolder } from '../support/children.js'
import { newPlace } from '../support/osdemo.js'
import { until } from '../support/until.js'
import { type Answer, ask, inCall, startC } from '../support/why-ask.js'

/** The main thread is in epoll_wait(2), which would fail with EINTR after a stop; the other one waits in a function of a function. */
const source = `#include <pthread.h>
#include <unistd.h>
#include <sys/epoll.h>
int ends[2]; char byte;
void inner() { read(ends[0], &byte, 1); }
void *outer(void *none) { inner(); return none; }
int main(int many) { pthread_t thread; struct epoll_event event; pipe(ends);
  if (!EPOLL) outer(0);
  pthread_create(&thread, 0, outer, 0); return epoll_wait(epoll_create1(0), &event, 1, -1) != 0; }`

const withStack = { stack: true } as const

function framesOf({ events }: Answer, tid: number): unknown[] {
  return events.flatMap((event) => {
    const data = event.event === 'evidence' ? event.data : undefined
    const isFrame = typeof data === 'object' && !Array.isArray(data) && data.kind === 'frame'
    return isFrame && data.tid === tid ? [data.function] : []
  })
}

/** A folder for PATH, with only these programs of the machine. */
function onlyPath(programs: readonly string[]): string {
  const folder = temporaryFolder()
  for (const program of programs) {
    const path = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim()
    if (path !== '') symlinkSync(path, join(folder, program))
  }
  return folder
}

/** Waits until the main thread and the other one of a process are in these calls. */
async function allInCalls(pid: number, main: RegExp, other: RegExp): Promise<void> {
  await until(() => {
    const [one, two] = waitingThreads(pid)
    return one?.wchan && two?.wchan && main.test(one.syscall ?? '') && other.test(two.syscall ?? '')
  })
}

const mayTrace = process.getuid?.() === 0 || (ptraceScope() ?? 0) === 0

describe.runIf(process.platform === 'linux')('why --stack', () => {
  test.for(['eu-stack', 'gdb'])('%s finds the functions that a thread is in', async (program, context) => {
    context.skip(!isInstalled(program) || !mayTrace, `needs ${program}, and the right to trace`)
    const pid = startC(context, 'stuck', source.replace('EPOLL', '0'))
    await inCall(pid, /^read$/)
    vi.stubEnv('PATH', onlyPath(['sh', 'timeout', program]))
    const answer = await ask(pid, undefined, withStack).finally(() => vi.unstubAllEnvs())
    expect(framesOf(answer, pid)).toEqual([expect.stringMatching(/read$/), 'inner', 'outer', 'main'])
    await inCall(pid, /^read$/)
    expect(readStatus(pid)?.tracer).toBe(0)
  })

  test('a thread whose call would fail after a stop is left alone', async (context) => {
    context.skip(!isInstalled('eu-stack') || !mayTrace, 'needs eu-stack, and the right to trace')
    const pid = startC(context, 'stuck', source.replace('EPOLL', '1'))
    await allInCalls(pid, /^epoll_wait$/, /^read$/)
    const [, thread = 0] = threads(pid)
    const answer = await ask(pid, undefined, withStack)
    expect(framesOf(answer, thread).slice(1, 3)).toEqual(['inner', 'outer'])
    expect(framesOf(answer, pid)).toEqual([])
    // The program exits when epoll_wait(2) returns.
    await allInCalls(pid, /^epoll_wait$/, /^read$/)
  })

  test('without a debugger it says so', async () => {
    const { pid } = start('sleep', ['1000'])
    await inCall(pid, /nanosleep/)
    vi.stubEnv('PATH', onlyPath(['sh', 'timeout']))
    const { text } = await ask(pid, undefined, withStack).finally(() => vi.unstubAllEnvs())
    expect(text).toContain('apt-get install elfutils')
  })

  test('a debugger that is killed before it detaches leaves no thread stopped', async () => {
    const { pid } = start('sleep', ['1000'])
    await inCall(pid, /nanosleep/)
    const words = ['sh', '-c', `kill -STOP ${pid}; echo text; kill -KILL $$`]
    expect(await attach({ tid: pid, stops: true, limit: 10, words })).toContain('text\n')
    await until(() => readStat(pid)?.state === 'S')
  })

  test('no thread stays stopped when osdemo is killed meanwhile', async () => {
    const { pid } = start('sleep', ['1000'])
    await inCall(pid, /nanosleep/)
    const folder = onlyPath(['sh', 'timeout', 'sleep', 'node', 'env'])
    const go = join(folder, 'go')
    const lines = [
      '#!/bin/sh',
      `kill -STOP ${pid}`,
      `until [ -e ${go} ]; do sleep .05; done`,
      'kill -KILL $$',
    ]
    writeFileSync(join(folder, 'eu-stack'), lines.join('\n'), { mode: 0o755 })
    const run = newPlace().osdemo(['why', `${pid}`, '--stack'], { env: { PATH: folder } })
    await until(() => readStat(pid)?.state === 'T')
    process.kill(run.pid, 'SIGKILL')
    await run.exit
    writeFileSync(go, '')
    await until(() => readStat(pid)?.state === 'S')
  })
})

/** Processes that /proc hides, and a pid that another process has between two looks. */
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readStat } from '../../src/proc/stat.js'
import { makeFifo, start, temporaryFolder } from '../support/children.js'
import { asUser, eventsSoFar, newPlace } from '../support/osdemo.js'
import { ask, inCall } from '../support/why-ask.js'

test.runIf(process.platform === 'linux')(
  'of a process that hidepid hides, each report says that it is not visible',
  async (context) => {
    const { pid } = start('sleep', ['1000'])
    await inCall(pid, /nanosleep/)
    const { prefix } = asUser(65534, context)
    const mount = [
      'unshare',
      '-m',
      'sh',
      '-c',
      'mount -t proc -o hidepid=2 proc /proc && exec "$@"',
      'sh',
      ...prefix,
    ]
    context.skip(spawnSync('env', [...mount, 'true']).status !== 0, 'needs the right to mount /proc')
    const reports = [[], ['--files'], ['--signals'], ['--stack'], ['--watch']].map(async (options) => {
      const run = newPlace().osdemo(['why', `${pid}`, ...options, '--json'], { prefix: mount })
      return { exit: await run.exit, last: eventsSoFar(run).at(-1) }
    })
    const hint = expect.stringContaining('hidepid')
    for (const report of await Promise.all(reports))
      expect(report).toMatchObject({ exit: 1, last: { event: 'error', exit: 1, hint } })
  },
)

/** Whenever a byte arrives, its child is killed and reaped, and another child gets the same pid: clone3(2) with set_tid. */
const again = `#define _GNU_SOURCE
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
int main() { pid_t pid = 0; char byte;
  do {
    if (pid > 0) { kill(pid, SIGKILL); waitpid(pid, 0, 0); }
    struct clone_args args; memset(&args, 0, sizeof args); args.exit_signal = SIGCHLD;
    if (pid > 0) { args.set_tid = (uintptr_t)&pid; args.set_tid_size = 1; }
    pid_t child = syscall(SYS_clone3, &args, sizeof args);
    if (child == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); for (;;) pause(); }
    dprintf(1, "%d\\n", child);
    if (child < 0) return 1;
    pid = child;
  } while (read(0, &byte, 1) == 1);
  kill(pid, SIGKILL); }`

describe.runIf(process.platform === 'linux')('a pid that another process has between two looks', () => {
  test('is no reason to report about the wrong process', async ({ skip }) => {
    const program = join(temporaryFolder(), 'again')
    const words = ['-w', '-x', 'c', '-o', program, '-']
    skip(spawnSync('cc', words, { input: again }).status !== 0, 'needs a C compiler')
    const [go, said] = [makeFifo(), makeFifo()]
    // Both ways are synchronous: nothing returns to the event loop between two looks.
    const helper = spawn('sh', ['-c', `exec ${program} <> ${go} > ${said}`], { stdio: 'ignore' })
    onTestFinished(() => void helper.kill('SIGKILL'))
    const [toHelper, fromHelper] = [openSync(go, 'r+'), openSync(said, 'r')]
    onTestFinished(() => [toHelper, fromHelper].forEach(closeSync))
    const answer = () => {
      const text = Buffer.alloc(16)
      return Number(text.toString('utf8', 0, readSync(fromHelper, text)))
    }
    const change = () => {
      writeSync(toHelper, 'x')
      return answer()
    }
    const pid = answer()
    skip(pid < 0, 'needs clone3(2)')
    await inCall(pid, /^pause$/)
    // It has looked once, and rests now.
    const asked = ask(pid)
    const first = readStat(pid)?.startTicks
    // A clock tick is 10 ms: until it is over, the two could not be told apart.
    while (readStat(pid)?.startTicks === first) if (change() !== pid) break
    asked.catch(() => {})
    skip(readStat(pid) === undefined, 'needs the right to choose a pid')
    await expect(asked).rejects.toMatchObject({
      exit: 1,
      message: expect.stringContaining(`process ${pid} `),
    })
  })
})

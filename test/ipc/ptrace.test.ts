import { spawn } from 'node:child_process'
import { describe, expect, onTestFinished, test } from 'vitest'
import { holdAtFirstInstruction, runHeld } from '../../src/ipc/ptrace.js'
import { readCommandLine } from '../../src/proc/cmdline.js'
import { readEntryPoint } from '../../src/proc/entry-point.js'
import { readStat } from '../../src/proc/stat.js'
import { readPointers } from '../../src/proc/syscall.js'
import { until } from '../support/until.js'

/** A shell that stops itself and then executes what the script says. */
async function startShell(script: string) {
  const child = spawn('sh', ['-c', `kill -s STOP $$; ${script}`], { stdio: ['pipe', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const pid = child.pid!
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await until(() => readStat(pid)?.state === 'T')
  return { pid, child, ended, isCat: () => readCommandLine(pid)?.[0] === 'cat' }
}

describe.runIf(process.platform === 'linux')('a child that has stopped itself', () => {
  test('is held before the first instruction of its program, and runs when it is told to', async () => {
    // The end of sleep(1) is a signal for the shell.
    const { pid, child, ended, isCat } = await startShell('sleep 0.1; exec env cat')
    expect(holdAtFirstInstruction(pid, isCat)).toBe(true)
    expect(readStat(pid)?.state).toBe('t')
    expect(readEntryPoint(pid)).toBeGreaterThan(0n)
    expect(readPointers(pid)?.program).toBe(readEntryPoint(pid))
    runHeld(pid)
    child.stdin!.end('text')
    const [text] = await new Promise<Buffer[]>((resolve) => {
      child.stdout!.once('data', (...all) => resolve(all))
    })
    expect(String(text)).toBe('text')
    // Node has not taken a stop for the exit.
    expect(await ended).toBe(0)
    runHeld(pid)
  })

  test('is not held when it exits, and is no longer traced when it takes too long', async () => {
    const gone = await startShell('sleep 0.1; exit 3')
    expect(holdAtFirstInstruction(gone.pid, gone.isCat)).toBe(false)
    expect(await gone.ended).toBe(3)
    const slow = await startShell('exec sleep 2')
    expect(holdAtFirstInstruction(slow.pid, slow.isCat)).toBe(false)
    slow.child.kill('SIGSTOP')
    await until(() => readStat(slow.pid)?.state === 'T')
  })
})

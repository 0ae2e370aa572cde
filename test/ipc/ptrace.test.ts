import { spawn } from 'node:child_process'
import { describe, expect, onTestFinished, test } from 'vitest'
import { holdAtFirstInstruction, runHeld } from '../../src/ipc/ptrace.js'
import { readCommandLine } from '../../src/proc/cmdline.js'
import { readEntryPoint } from '../../src/proc/entry-point.js'
import { readStat } from '../../src/proc/stat.js'
import { readPointers } from '../../src/proc/syscall.js'
import { until } from '../support/until.js'

/** A shell that reads a line and then executes what the script says. */
async function startShell(script: string) {
  const child = spawn('sh', ['-c', `read -r _; ${script}`], { stdio: ['pipe', 'pipe', 'ignore'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const pid = child.pid!
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await until(() => readCommandLine(pid)?.[0] === 'sh' && readStat(pid)?.state === 'S')
  return { pid, child, ended, isCat: () => readCommandLine(pid)?.[0] === 'cat' }
}

describe.runIf(process.platform === 'linux')('a child that executes a program', () => {
  test('is held before its first instruction, passes signals on, and runs when it is let go', async () => {
    const { pid, child, ended, isCat } = await startShell('sleep 0.2; exec env cat')
    child.stdin!.write('go\n')
    expect(holdAtFirstInstruction(pid, isCat)).toBe(true)
    expect(readStat(pid)?.state).toBe('t')
    expect(readEntryPoint(pid)).toBeGreaterThan(0n)
    expect(readPointers(pid)?.program).toBe(readEntryPoint(pid))
    runHeld(pid)
    child.stdin!.end('text')
    const [text] = await new Promise<Buffer[]>((resolve) =>
      child.stdout!.once('data', (...all) => resolve(all)),
    )
    expect(String(text)).toBe('text')
    // Node has not taken a stop for the exit.
    expect(await ended).toBe(0)
    runHeld(pid)
  })

  test('is not held when it has executed its program before, or exits without it', async () => {
    const early = await startShell('exec cat')
    early.child.stdin!.write('go\n')
    await until(early.isCat)
    expect(holdAtFirstInstruction(early.pid, early.isCat)).toBe(false)
    const gone = await startShell('sleep 0.2; exit 3')
    gone.child.stdin!.write('go\n')
    expect(holdAtFirstInstruction(gone.pid, gone.isCat)).toBe(false)
    expect(await gone.ended).toBe(3)
  })
})

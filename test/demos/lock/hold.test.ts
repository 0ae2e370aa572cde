/** `osdemo lock hold` in two terminals, with the locks as the kernel lists them. */
import { spawnSync } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readLocks } from '../../../src/proc/locks.js'
import { start } from '../../support/children.js'
import { noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { temporaryFolder } from '../../support/folders.js'
import { newPlace, outcome } from '../../support/osdemo.js'
import { until } from '../../support/until.js'

const kinds = [
  ['flock', 'FLOCK'],
  ['fcntl', 'POSIX'],
  ['ofd', 'OFDLCK'],
] as const

/** `exclusive`, `exclusive waits`: the locks of a file. */
function locksOf(path: string, name: string): string[] {
  const { ino } = statSync(path)
  return (readLocks() ?? [])
    .filter(({ kind, file }) => kind === name && file.endsWith(`:${ino}`))
    .map(({ access, waits }) => `${access}${waits ? ' waits' : ''}`)
}

async function takeTurns(kind: string, name: string): Promise<void> {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, 'content')
  const hold = (...words: string[]) => newPlace().osdemo(['lock', 'hold', path, '--kind', kind, ...words])
  const first = hold()
  await until(() => first.stdout() === 'locked\n')
  expect(locksOf(path, name)).toEqual(['WRITE'])
  const second = hold('--shared')
  await until(() => second.stderr().includes('osdemo'))
  await until(() => locksOf(path, name).includes('READ waits'))
  expect(second.stdout()).toBe('')
  process.kill(first.pid, 'SIGINT')
  expect(await first.exit).toBe(130)
  await until(() => second.stdout() === 'locked\n')
  expect(locksOf(path, name)).toEqual(['READ'])
  const third = hold('--shared')
  await until(() => third.stdout() === 'locked\n')
  // Nothing can be cleaned up after SIGKILL, and the kernel releases the lock all the same.
  process.kill(third.pid, 'SIGKILL')
  process.kill(second.pid, 'SIGTERM')
  expect(await second.exit).toBe(143)
  await until(() => locksOf(path, name).length === 0)
}

describe.skipIf(noCompiler)(`locks in two terminals${whyNoCompiler}`, () => {
  // Side by side in one test: a test that is over kills the runs of those beside it.
  test('the second one waits until the first one is terminated, for each kind', async () => {
    await Promise.all(kinds.map(([kind, name]) => takeTurns(kind, name)))
  })

  test('lslocks lists the lock, and programs in C and Python wait for it and hold it', async ({ skip }) => {
    for (const program of ['lslocks', 'flock', 'python3'])
      skip(spawnSync(program, ['--version']).status !== 0, `needs ${program}`)
    const lockf =
      'import fcntl, sys, time; file = open(sys.argv[1], "r+"); fcntl.lockf(file, fcntl.LOCK_EX | int(sys.argv[2]))'
    const others = {
      flock: {
        tries: ['flock', '--nonblock', 'PATH', 'true'],
        holds: ['flock', '--no-fork', 'PATH', 'sleep', '1000'],
      },
      fcntl: {
        tries: ['python3', '-c', lockf, 'PATH', '4'],
        holds: ['python3', '-c', `${lockf}; time.sleep(1000)`, 'PATH', '0'],
      },
    }
    for (const [kind, name] of kinds) {
      // lslocks of Debian 12 does not list open file description locks.
      if (kind === 'ofd') continue
      const path = join(temporaryFolder(), 'file')
      writeFileSync(path, 'content')
      const [tries, holds] = [others[kind].tries, others[kind].holds].map((words) =>
        words.map((word) => (word === 'PATH' ? path : word)),
      )
      const run = newPlace().osdemo(['lock', 'hold', path, '--kind', kind])
      await until(() => run.stdout() === 'locked\n')
      const listed = spawnSync('lslocks', ['--json', '--output', 'TYPE,MODE,PATH'], { encoding: 'utf8' })
      expect(JSON.parse(listed.stdout).locks).toContainEqual({ type: name, mode: 'WRITE', path })
      const other = (words: string[] = []) => spawnSync(words[0]!, words.slice(1)).status
      expect(other(tries)).toBe(1)
      process.kill(run.pid, 'SIGINT')
      await run.exit
      expect(other(tries)).toBe(0)
      const holder = start(holds![0]!, holds!.slice(1))
      await until(() => locksOf(path, name).length === 1)
      const waiting = newPlace().osdemo(['lock', 'hold', path, '--kind', kind])
      await until(() => locksOf(path, name).includes('WRITE waits'))
      expect(waiting.stdout()).toBe('')
      holder.kill('SIGKILL')
      await until(() => waiting.stdout() === 'locked\n')
    }
  })

  test('what cannot be locked is an error, and a wrong kind a usage error', async () => {
    const folder = temporaryFolder()
    const missing = outcome(newPlace().osdemo(['lock', 'hold', join(folder, 'missing')]))
    const ofFolder = outcome(newPlace().osdemo(['lock', 'hold', folder, '--kind', 'fcntl']))
    const wrong = outcome(newPlace().osdemo(['lock', 'hold', folder, '--kind', 'lease']))
    expect(await missing).toMatchObject({ exit: 1, stdout: '', stderr: expect.stringContaining('ENOENT') })
    expect(await ofFolder).toMatchObject({ exit: 1, stdout: '', stderr: expect.stringContaining('EBADF') })
    expect(await wrong).toMatchObject({ exit: 2 })
  })
})

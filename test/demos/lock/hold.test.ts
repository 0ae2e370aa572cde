/** `osdemo lock hold` in two terminals, with the locks as the kernel lists them. */
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readLocks } from '../../../src/proc/locks.js'
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

/** How other programs start, and how they end with their supervisor. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { readText } from '../../src/proc/read.js'
import { isAlive, readStat } from '../../src/proc/stat.js'
import { findProgram } from '../../src/run/start-program.js'
import { pathWith } from '../support/folders.js'
import { temporaryFolder } from '../support/osdemo.js'
import { until } from '../support/until.js'

const fixture = fileURLToPath(new URL('fixtures/program-holder.ts', import.meta.url))

/** A separate process that starts a program: unlike the test's own process, it can be killed. */
function hold(words: string[], env: Record<string, string> = {}) {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', fixture, ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  child.stdout!.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  const lines = () => text.split('\n').slice(0, -1)
  return { child, lines, tell: (line: string) => child.stdin!.write(`${line}\n`) }
}

test.each([
  ['setpriv', undefined],
  ['a shell that watches, where there is no setpriv', ['sh', 'sleep']],
])('a stopped program dies with a supervisor killed by SIGKILL: by %s', async (_, programs) => {
  const { child, lines } = hold(['sleep', '1000'], programs && { PATH: pathWith(...programs) })
  const pid = await until(() => Number(lines()[0]))
  await until(() => readStat(pid)?.comm === 'sleep')
  onTestFinished(() => void spawnSync('sh', ['-c', `kill -s KILL ${pid} 2>/dev/null`]))
  process.kill(pid, 'SIGSTOP')
  await until(() => readStat(pid)?.state === 'T')
  child.kill('SIGKILL')
  await until(() => !isAlive(pid), 2000)
})

test('a program is not executed when its supervisor has died before setpriv could ask for the death signal', async () => {
  const folder = temporaryFolder()
  const [go, started] = [join(folder, 'go'), join(folder, 'started')]
  const stub = `#!/bin/sh
PATH='${process.env.PATH}'
for word; do last=$word; done
test "$last" = true || { echo $$ >'${started}'; while [ ! -e '${go}' ]; do sleep 0.02; done; }
exec setpriv "$@"
`
  writeFileSync(join(folder, 'setpriv'), stub, { mode: 0o755 })
  const { child } = hold(['sleep', '1000'], { PATH: `${folder}:${process.env.PATH}` })
  const pid = await until(() => Number(readText(started)))
  onTestFinished(() => void spawnSync('sh', ['-c', `kill -s KILL ${pid} 2>/dev/null`]))
  child.kill('SIGKILL')
  await until(() => !isAlive(child.pid!))
  writeFileSync(go, '')
  await until(() => !isAlive(pid), 2000)
})

test('after its exit, input is read by a child that it has left behind', async () => {
  const { lines, tell } = hold(['sh', '-c', 'exec 3<&0; sh -c "read word; echo heard \\$word" <&3 & exit 5'])
  await until(() => lines().includes('ended 5'))
  tell('hello')
  await until(() => lines().includes('heard hello'))
  expect(lines()).toHaveLength(3)
})

test('a program that is missing is reported so, also when a folder of PATH cannot be searched', () => {
  const folder = temporaryFolder()
  // ENOTDIR is an error for root too, unlike EACCES.
  writeFileSync(join(folder, 'file'), '')
  mkdirSync(join(folder, 'bin'))
  onTestFinished(() => void vi.unstubAllEnvs())
  vi.stubEnv('PATH', `${join(folder, 'file')}:${join(folder, 'bin')}`)
  expect(() => findProgram('missing')).toThrow('there is no such program in PATH')
  writeFileSync(join(folder, 'bin', 'missing'), '', { mode: 0o644 })
  expect(() => findProgram('missing')).toThrow('EACCES')
})

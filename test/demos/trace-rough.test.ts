/** `osdemo trace` of programs that behave badly, and where the kernel refuses to trace. */
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readCommandLine } from '../../src/proc/cmdline.js'
import { readPids } from '../../src/proc/pids.js'
import { cc, noCompiler, whyNoCompiler } from '../support/compiler.js'
import { denier } from '../support/deny.js'
import { expectNothingLeft, newPlace, parseEvents, temporaryFolder } from '../support/osdemo.js'
import { noStrace, whyNoStrace } from '../support/strace.js'

const lastOf = (stdout: string) => parseEvents(stdout).at(-1)

/** It closes all descriptors before it talks to its child, or it forks without end. */
const rough = `#include <sys/wait.h>
#include <unistd.h>
int main(int count, char **word) {
  int p[2]; char b[9];
  if (word[1][0] == 'f')
    for (int i = 0; i < 1100; i++) if (fork() == 0) pause();
  for (int i = 0; i < 1024; i++) close(i);
  pipe(p);
  if (fork() == 0) _exit(write(p[1], "hi", 2));
  read(p[0], b, 9);
  wait(0);
  return 5;
}`

describe.skipIf(noStrace || noCompiler)(`trace of rough programs${whyNoStrace || whyNoCompiler}`, () => {
  test('closed descriptors, bytes of any kind, and a loop of fork(2)', async () => {
    const place = newPlace()
    const folder = temporaryFolder()
    const program = join(folder, 'rough')
    writeFileSync(`${program}.c`, rough)
    expect(spawnSync(cc, ['-w', '-o', program, `${program}.c`]).status).toBe(0)
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7 + (i >> 8)) % 256))
    writeFileSync(join(folder, 'bytes'), bytes)

    const closing = place.osdemo(['trace', '--json', '--', program, 'close'])
    const binary = place.osdemo(['trace', '--', 'sh', '-c', 'cat bytes | cat'], { cwd: folder })
    const forking = place.osdemo(['trace', '--json', '--', program, 'fork'])
    expect(await closing.exit).toBe(5)
    const sent = parseEvents(closing.stdout()).filter(({ event }) => event === 'sent')
    expect(sent).toMatchObject([{ bytes: 2, text: 'hi' }])
    expect(await binary.exit).toBe(0)
    expect(binary.bytes().equals(readFileSync(join(folder, 'bytes')))).toBe(true)
    expect(await forking.exit).toBe(1)
    expect(lastOf(forking.stdout())).toMatchObject({ event: 'error', exit: 1 })
    expect(readPids().filter((pid) => readCommandLine(pid)?.[0] === program)).toEqual([])
    expectNothingLeft(place)
  })

  test('where ptrace(2) is refused, and under another strace, the exit code is 69', async (context) => {
    const prefix = denier(context)('ptrace')
    const place = newPlace()
    const sleep = spawn('sleep', ['60'], { stdio: 'ignore' })
    onTestFinished(() => void sleep.kill())
    const runs = [
      place.osdemo(['trace', '--json', '--', 'true'], { prefix }),
      place.osdemo(['trace', '--json', '--pid', `${sleep.pid}`], { prefix }),
      place.osdemo(['trace', '--json', '--', 'true'], { prefix: ['strace', '-f', '-o', '/dev/null'] }),
    ]
    expect(await Promise.all(runs.map(({ exit }) => exit))).toEqual([69, 69, 69])
    for (const run of runs) expect(lastOf(run.stdout())).toMatchObject({ event: 'error', exit: 69 })
  })

  test.skipIf(process.getuid?.() !== 0)(
    'an ordinary user is told that a setuid program has no additional rights',
    async () => {
      const folder = temporaryFolder()
      chmodSync(folder, 0o755)
      const program = join(folder, 'whoever')
      copyFileSync('/bin/true', program)
      chmodSync(program, 0o4755)
      const user = ['setpriv', '--reuid', '1234', '--regid', '1234', '--clear-groups']
      const run = newPlace().osdemo(['trace', '--json', '--', program], {
        prefix: user,
        env: { XDG_RUNTIME_DIR: '' },
      })
      expect(await run.exit).toBe(0)
      expect(parseEvents(run.stdout())).toContainEqual(
        expect.objectContaining({ data: { setuid: 'whoever' } }),
      )
    },
  )
})

/** `osdemo trace` of a program that does not end: why each of its processes is blocked. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lookInSilence, type Standing } from '../../src/demos/trace/standing.js'
import { readCommandLine } from '../../src/proc/cmdline.js'
import { readPids } from '../../src/proc/pids.js'
import { waitingThreads } from '../../src/proc/task.js'
import { cc, noCompiler, whyNoCompiler } from '../support/compiler.js'
import { expectNothingLeft, newPlace, parseEvents, temporaryFolder } from '../support/osdemo.js'
import { noStrace, whyNoStrace } from '../support/strace.js'
import { until } from '../support/until.js'

/** Two processes with two locks, a reader that has the write end itself, and a parent of a child in pause(2). */
const stuck = `#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int count, char **word) {
  int there[2], back[2]; char b;
  pipe(there); pipe(back);
  if (word[1][0] == 'r') return read(there[0], &b, 1);
  int child = fork() == 0;
  if (word[1][0] == 'p') return child ? pause() : wait(0);
  int mine = open(child ? "one" : "two", O_RDWR | O_CREAT, 0600), other = open(child ? "two" : "one", O_RDWR | O_CREAT, 0600);
  flock(mine, LOCK_EX);
  write(child ? there[1] : back[1], "x", 1);
  read(child ? back[0] : there[0], &b, 1);
  return flock(other, LOCK_EX);
}`

describe.skipIf(noStrace || noCompiler)(`blocked processes of a trace${whyNoStrace || whyNoCompiler}`, () => {
  test('two locks and a lonely reader are deadlocks, a parent of a child in pause(2) is none', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'stuck.c'), stuck)
    expect(spawnSync(cc, ['-w', '-o', join(folder, 'stuck'), join(folder, 'stuck.c')]).status).toBe(0)
    await Promise.all([
      check(folder, 'locks', ['flock', 'flock']),
      check(folder, 'reader', ['read']),
      check(folder, 'pause', ['wait4', 'pause']),
    ])
  })

  async function check(folder: string, kind: string, calls: string[]): Promise<void> {
    const place = newPlace()
    const run = place.osdemo(['trace', '--json', '--', join(folder, 'stuck'), kind], { cwd: folder })
    const pids = () =>
      readPids().filter((pid) => readCommandLine(pid)?.join(' ') === `${join(folder, 'stuck')} ${kind}`)
    // They stay blocked for half a second: a shorter call does not count, and osdemo has to read about it first.
    let looks = 0
    await until(() => {
      const seen = pids().map((pid) => waitingThreads(pid)[0]?.syscall)
      looks = seen.toSorted().join() === calls.toSorted().join() ? looks + 1 : 0
      return looks > 25
    })
    const members = pids()
    run.child.kill('SIGINT')
    // It kills the program, and not the child of the program.
    await until(() => pids().length < members.length)
    if (pids().length > 0) run.child.kill('SIGINT')
    const exit = await run.exit
    const error = parseEvents(run.stdout()).findLast((event) => event.event === 'error')
    expect({ kind, exit, error }).toMatchObject({ exit: 130 })
    const notes = parseEvents(run.stdout()).flatMap((event) =>
      event.event === 'note' && event.data && !event.row ? [event.data as Record<string, unknown>] : [],
    )
    const circles = notes.filter(({ kind: of }) => of === 'deadlock')
    if (kind === 'pause') expect(circles).toEqual([])
    else {
      expect(circles).toHaveLength(1)
      expect(circles[0]!.certain).toBe(true)
      expect([...(circles[0]!.members as number[])].sort()).toEqual(members.sort())
    }
    const blocked = notes.filter(({ since }) => since !== undefined)
    expect(blocked.map(({ pid }) => pid).sort()).toEqual(members)
    expect(blocked.map(({ call }) => call).sort()).toEqual(calls.toSorted())
    expectNothingLeft(place)
  }
})

test('what was seen in a silence counts at its end too, and then no more', async () => {
  let looks = 0
  const silence = lookInSilence((): Standing => ({ circles: [], threads: [], more: ++looks }))
  try {
    silence.heard()
    await until(() => looks === 1)
    expect(silence.last()?.more).toBe(1)
    silence.heard()
    const more = silence.last()?.more ?? 0
    await until(() => (silence.last()?.more ?? 0) > more)
  } finally {
    silence.stop()
  }
})

/** `osdemo trace`: what it reports agrees with the raw log, and the program does not notice it. */
import { spawnSync } from 'node:child_process'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../src/events.js'
import { readPids } from '../../src/proc/pids.js'
import { readStatus } from '../../src/proc/status.js'
import { cc, noCompiler } from '../support/compiler.js'
import {
  expectNothingLeft,
  invalidEvents,
  newPlace,
  parseEvents,
  processesOf,
  temporaryFolder,
} from '../support/osdemo.js'
import { has, movesIn, noStrace, readTimesIn, threadsIn, traced, whyNoStrace } from '../support/strace.js'
import { until } from '../support/until.js'

const forkAndPipe = `#include <unistd.h>
#include <stdio.h>
#include <sys/wait.h>
int main(void) {
  int p[2], status; char b[100];
  pipe(p);
  if (fork() == 0) { close(p[1]); while (read(p[0], b, 100) > 0); _exit(3); }
  close(p[0]);
  for (int i = 0; i < 5; i++) { usleep(5000); dprintf(p[1], "Message %d\\n", i); }
  close(p[1]);
  wait(&status);
  puts("done");
  return WEXITSTATUS(status);
}`

const queue = `import multiprocessing as m
def work(q, r):
    for x in iter(q.get, None): r.put(x * x)
q, r = m.Queue(), m.Queue()
p = m.Process(target=work, args=(q, r)); p.start()
for i in range(5): q.put(i)
q.put(None)
print(sum(r.get() for _ in range(5))); p.join()`

const fifos = 'mkfifo a b; (read x < a; echo "got $x" > b) & echo question > a; cat b; wait'

/** The rows of a table of the report. */
function rows(events: Event[], table: string) {
  return events.flatMap((event) =>
    event.event === 'note' && event.row?.table === table
      ? [event.data as Record<string, string | number | null>]
      : [],
  )
}

describe.skipIf(noStrace)(`trace${whyNoStrace}`, () => {
  const python = '/usr/bin/python3'
  test.each([
    ['fork and pipe in C', !noCompiler, () => ['./pair'], 3, 1],
    ['a pipeline of four', true, () => ['sh', '-c', 'seq 1 2000 | sort -r | tr 1 2 | wc -l'], 0, 3],
    ['a queue of Python', has(python), () => [python, '-c', queue], 0, 2],
    ['two FIFOs', true, () => ['sh', '-c', fifos], 0, 2],
  ])('%s: objects, messages and bytes agree with the raw log', async (_, isHere, words, code, objects) => {
    if (!isHere) return
    const cwd = temporaryFolder()
    if (words()[0] === './pair') {
      writeFileSync(join(cwd, 'pair.c'), forkAndPipe)
      expect(spawnSync(cc, ['-w', '-o', join(cwd, 'pair'), join(cwd, 'pair.c')]).status).toBe(0)
    }
    const log = await traced(words(), cwd)
    const threads = threadsIn(log)
    const place = newPlace()
    const run = place.osdemo(['trace', '--from', log, '--json'])
    expect(await run.exit).toBe(0)
    const events = parseEvents(run.stdout())
    expect(invalidEvents(events)).toEqual([])
    // A sentence names only the processes that there are.
    expect(run.stdout()).not.toMatch(/"text":"[^"]* by -/)

    const moved = movesIn(log, /^pipe:|\/[ab]$/)
    const sum = (pids: (pid: number) => boolean, call: string, of: 'calls' | 'bytes') =>
      moved
        .filter((each) => each.call === call && pids(threads.get(each.pid) ?? each.pid))
        .reduce((all, each) => all + each[of], 0)
    const talks = rows(events, 'Messages')
    expect(talks).toHaveLength(objects)
    for (const { from, to, messages, bytes } of talks) {
      expect({ messages, bytes }).toEqual({
        messages: sum((pid) => pid === from, 'write', 'calls'),
        bytes: sum((pid) => pid === from, 'write', 'bytes'),
      })
      expect(bytes).toBe(sum((pid) => pid === to, 'read', 'bytes'))
    }
    // Each process with its end, as strace wrote it.
    const text = readFileSync(log, 'latin1')
    const ends = [...text.matchAll(/^(\d+) +[\d.]+ \+\+\+ exited with (\d+)/gm)].filter(
      ([, tid]) => !threads.has(Number(tid)),
    )
    const seen = rows(events, 'Processes').map(({ pid, code }) => `${pid} ${code}`)
    expect(seen.sort()).toEqual(ends.map(([, pid, status]) => `${pid} ${status}`).sort())
    // The time in calls of 1 ms or more, of reads of pipes.
    const long = rows(events, 'Calls of 1 ms or longer').filter(
      ({ call, object }) => call === 'read' && `${object}`.startsWith('pipe'),
    )
    const times = readTimesIn(log)
    if (talks.every(({ object }) => `${object}`.startsWith('pipe')))
      expect(long.reduce((all, { total }) => all + Number(total), 0)).toBe(
        times.filter((time) => time >= 1000).reduce((all, time) => all + time, 0),
      )

    // Live, the same program tells the same.
    const live = place.osdemo(['trace', '--save', join(cwd, 'live.ndjson'), '--', ...words()], { cwd: cwd })
    if (words()[2] === fifos) for (const name of ['a', 'b']) spawnSync('rm', ['-f', join(cwd, name)])
    expect(await live.exit).toBe(code)
    const again = parseEvents(readFileSync(join(cwd, 'live.ndjson'), 'utf8'))
    expect(invalidEvents(again)).toEqual([])
    const amounts = (list: Event[]) => rows(list, 'Messages').map(({ bytes, object }) => `${object} ${bytes}`)
    expect(amounts(again)).toEqual(amounts(events))
    const [sent, received] = (['sent', 'received'] as const).map((kind) =>
      again.filter(({ event }) => event === kind),
    )
    expect(sent?.length).toBe(received?.length)
    // The process that has saved the file may exit a moment later.
    await until(() => processesOf(place).length === 0)
    expectNothingLeft(place)
  })

  test('the program has its own stdin, stdout, stderr and exit code, and no other descriptor', async () => {
    const script = 'cat; echo error >&2; ls /proc/self/fd | tr "\\n" " "; exit 7'
    const run = newPlace().sh(
      `echo input | sh -c '${script}'; echo input | osdemo trace -- sh -c '${script}'; echo $?`,
      { cwd: temporaryFolder() },
    )
    await run.exit
    // The same as without osdemo.
    const [first, second] = run.stdout().split('input\n').slice(1)
    expect(second).toBe(`${first}7\n`)
    expect(run.stderr()).toMatch(/^error\nerror\nsh exited with code 7/)
  })

  test('what cannot be run has the exit codes of a shell, and leaves nothing', async () => {
    const cwd = temporaryFolder()
    writeFileSync(join(cwd, 'text'), 'x')
    writeFileSync(join(cwd, 'bad'), '\x7fnonsense', { mode: 0o755 })
    const place = newPlace()
    const exits = ['nosuch', './text', './bad', 'sh -c "kill -9 $$"'].map(
      (line) => place.sh(`osdemo trace -- ${line}`, { cwd }).exit,
    )
    const empty = temporaryFolder()
    symlinkSync(process.execPath, join(empty, 'node'))
    const without = place.osdemo(['trace', '--json', '--', '/bin/true'], { env: { PATH: empty } })
    expect(await Promise.all(exits)).toEqual([127, 126, 126, 137])
    expect(await without.exit).toBe(69)
    expect(parseEvents(without.stdout()).at(-1)).toMatchObject({ event: 'error', exit: 69 })
    expectNothingLeft(place)
  })

  test('--timeout ends everything that the program has started, and tells in which calls it was', async () => {
    const place = newPlace()
    const mark = `7${process.pid}`
    const run = place.osdemo([
      'trace',
      '--timeout',
      '3s',
      '--json',
      '--',
      'sh',
      '-c',
      `sleep ${mark} | setsid cat & wait`,
    ])
    await until(() => readPids().some((pid) => isSleep(pid, mark)))
    expect(await run.exit).toBe(124)
    expect(readPids().filter((pid) => isSleep(pid, mark))).toEqual([])
    const blocked = parseEvents(run.stdout()).flatMap((event) =>
      event.event === 'note' && event.data && !event.row ? [event.data] : [],
    )
    expect(blocked).toContainEqual(expect.objectContaining({ call: 'read', object: 'pipe 1' }))
    expect(blocked).toContainEqual(expect.objectContaining({ call: 'clock_nanosleep' }))
    expectNothingLeft(place)
  })

  test('a killed osdemo leaves nothing of the program behind, whatever its children have left', async () => {
    const place = newPlace()
    const mark = `8${process.pid}`
    const run = place.osdemo(['trace', '--', 'sh', '-c', `sleep ${mark} | setsid sleep ${mark}`])
    await until(() => readPids().filter((pid) => isSleep(pid, mark)).length === 2)
    run.child.kill('SIGKILL')
    await until(() => !readPids().some((pid) => isSleep(pid, mark)))
  })

  test('SIGTERM reaches the program first, and a second signal ends what is left', async () => {
    const place = newPlace()
    const run = place.osdemo([
      'trace',
      '--',
      'sh',
      '-c',
      'trap "echo caught" TERM; echo ready; while :; do sleep 0.1; done',
    ])
    await until(() => run.stdout().includes('ready'))
    run.child.kill('SIGTERM')
    await until(() => run.stdout().includes('caught'))
    run.child.kill('SIGTERM')
    expect(await run.exit).toBe(143)
    expectNothingLeft(place)
  })
})

function isSleep(pid: number, mark: string): boolean {
  try {
    return (
      readFileSync(`/proc/${pid}/cmdline`, 'utf8') === `sleep\0${mark}\0` && readStatus(pid) !== undefined
    )
  } catch {
    return false
  }
}

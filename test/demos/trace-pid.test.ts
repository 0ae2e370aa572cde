/** `osdemo trace --pid`: what a process does from now on, and what it had before. The process never suffers. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Event } from '../../src/events.js'
import { readText } from '../../src/proc/read.js'
import { readStat } from '../../src/proc/stat.js'
import { readStatus } from '../../src/proc/status.js'
import {
  expectNothingLeft,
  invalidEvents,
  newPlace,
  parseEvents,
  temporaryFolder,
} from '../support/osdemo.js'
import { noStrace, whyNoStrace } from '../support/strace.js'
import { until } from '../support/until.js'

/** A shell that answers the first line through a child and a pipe, and exits with code 3 at the second line. */
const answering = 'read first; echo "$first" | cat; read second; exit 3'

function start(line: string): {
  pid: number
  child: ChildProcess
  said: () => string
  code: Promise<number | null>
} {
  const child = spawn('sh', ['-c', line], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  return {
    pid: child.pid!,
    child,
    said: () => text,
    code: new Promise((resolve) => child.once('exit', resolve)),
  }
}

const tracerOf = (pid: number) => readStatus(pid)?.tracer ?? 0

function rows(events: Event[], table: string) {
  return events.flatMap((event) =>
    event.event === 'note' && event.row?.table === table ? [event.data as Record<string, unknown>] : [],
  )
}

const dataOf = (events: Event[], name: string) =>
  events.flatMap((event) =>
    event.event === 'note' && event.data && !event.row ? [(event.data as Record<string, unknown>)[name]] : [],
  )

describe.skipIf(noStrace)(`trace --pid${whyNoStrace}`, () => {
  test('Ctrl-C ends the trace, and the process continues as if nothing had been', async () => {
    const place = newPlace()
    const { pid, child, said, code } = start(answering)
    const file = join(temporaryFolder(), 'run.ndjson')
    const run = place.osdemo(['trace', '--pid', `${pid}`, '--save', file])
    await until(() => tracerOf(pid) > 0 && run.stderr().includes(`(${pid})`))
    child.stdin!.write('one\n')
    await until(() => said() === 'one\n')
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(0)
    expect(tracerOf(pid)).toBe(0)
    child.stdin!.write('two\n')
    expect(await code).toBe(3)

    const events = parseEvents(readText(file)!)
    expect(invalidEvents(events)).toEqual([])
    // Node gives a child sockets for stdin and stdout.
    const open = rows(events, 'Open when the trace began')
    expect(open.map(({ fd }) => fd)).toEqual(expect.arrayContaining([0, 1, 2]))
    const processes = rows(events, 'Processes')
    expect(processes[0]).toMatchObject({ pid, code: null })
    expect(processes.slice(1).map(({ parent, code }) => [parent, code])).toEqual([
      [pid, 0],
      [pid, 0],
    ])
    expect(rows(events, 'Messages')).toEqual([expect.objectContaining({ messages: 1, bytes: 4 })])
    expect(dataOf(events, 'continues')).toContainEqual([pid])
    // It did not start in this run.
    expect(events.some((event) => event.event === 'started' && event.child === pid)).toBe(false)
    expectNothingLeft(place)
  })

  test('after SIGKILL and at --timeout too, the process continues untraced', async () => {
    const place = newPlace()
    const [one, other] = [start('read x; exit 4'), start('read x; exit 5')]
    const killed = place.osdemo(['trace', '--pid', `${one.pid}`])
    const timed = place.osdemo(['trace', '--pid', `${other.pid}`, '--timeout', '2s', '--json'])
    await until(() => tracerOf(one.pid) > 0)
    killed.child.kill('SIGKILL')
    await until(() => tracerOf(one.pid) === 0)
    expect(await timed.exit).toBe(124)
    expect(tracerOf(other.pid)).toBe(0)
    const events = parseEvents(timed.stdout())
    expect(dataOf(events, 'call')).toContain('read')
    expect(events.at(-1)).toMatchObject({ event: 'error', exit: 124 })
    for (const { child } of [one, other]) child.stdin!.write('x\n')
    expect(await Promise.all([one.code, other.code])).toEqual([4, 5])
  })

  test('a process that exits ends the trace, with exit code 0', async () => {
    const place = newPlace()
    const { pid, child } = start('sh -c "read x; exit 6"; exit 7')
    const run = place.osdemo(['trace', '--pid', `${pid}`, '--json'])
    await until(() => dataOf(parseEvents(run.stdout().replace(/[^\n]*$/, '')), 'before').length > 0)
    // The child of before is named, and is not traced.
    const [before] = dataOf(parseEvents(run.stdout().replace(/[^\n]*$/, '')), 'before')
    expect(before).toHaveLength(1)
    child.stdin!.write('x\n')
    expect(await run.exit).toBe(0)
    expect(rows(parseEvents(run.stdout()), 'Processes')).toEqual([expect.objectContaining({ pid, code: 7 })])
    expectNothingLeft(place)
  })

  test('what cannot be traced is an error that names the reason', async () => {
    const place = newPlace()
    const { pid } = start('read x')
    // sleep(1) reaps no child.
    const zombie = start('exec 3<&0; { read x <&3; } & echo $!; exec sleep 60')
    await until(() => zombie.said() !== '' && readStat(zombie.pid)?.comm === 'sleep')
    zombie.child.stdin!.write('x\n')
    await until(() => readStat(Number(zombie.said()))?.state === 'Z')
    const error = async (id: number, prefix: string[] = []) => {
      const run = place.osdemo(['trace', '--json', '--pid', `${id}`], { prefix })
      const exit = await run.exit
      return [exit, parseEvents(run.stdout()).at(-1)?.event]
    }
    const first = place.osdemo(['trace', '--pid', `${pid}`])
    await until(() => tracerOf(pid) > 0)
    const failures = await Promise.all([
      error(4_194_303),
      error(process.pid),
      error(Number(zombie.said())),
      error(pid),
    ])
    expect(failures).toEqual(failures.map(() => [1, 'error']))
    first.child.kill('SIGINT')
    expect(await first.exit).toBe(0)
  })

  test.skipIf(process.getuid?.() !== 0)(
    'a process of another user is exit code 69, and is not touched',
    async () => {
      const { pid } = start('read x')
      const place = newPlace()
      const words = ['setpriv', '--reuid', '1234', '--regid', '1234', '--clear-groups']
      const run = place.osdemo(['trace', '--json', '--pid', `${pid}`], {
        prefix: words,
        env: { XDG_RUNTIME_DIR: '' },
      })
      expect(await run.exit).toBe(69)
      expect(parseEvents(run.stdout()).at(-1)).toMatchObject({ event: 'error', exit: 69 })
      expect(tracerOf(pid)).toBe(0)
    },
  )
})

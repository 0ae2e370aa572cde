/** `osdemo signal wait`, and processes that send signals to it. */
import { describe, expect, test } from 'vitest'
import { native } from '../../../src/ipc/libc.js'
import { isAlive } from '../../../src/proc/stat.js'
import { quoteStatus } from '../../../src/proc/status.js'
import { noCompiler, whyNoCompiler } from '../../support/compiler.js'
import { dataFrom } from '../../support/facts.js'
import { eventsSoFar, newPlace, outcome, parseEvents, type Run } from '../../support/osdemo.js'
import { until } from '../../support/until.js'

const waiterOf = async (run: Run) => Number(await until(() => /^pid (\d+)$/m.exec(run.stdout())?.[1]))

const uid = process.getuid?.()

describe.skipIf(noCompiler)(`signals from another process${whyNoCompiler}`, () => {
  test('each signal is a line, with pid and uid of its sender, and the value of a queued one', async () => {
    const run = newPlace().osdemo(['signal', 'wait', '--count', '5'])
    const pid = await waiterOf(run)
    expect(quoteStatus(pid, 'PPid')).toBe(`PPid: ${run.pid}`)
    const queue = native('sigqueue', 'int sigqueue(int pid, int signal, long value)')
    const sent = [
      () => process.kill(pid, 'SIGUSR1'),
      () => process.kill(pid, 'SIGHUP'),
      () => process.kill(pid, 'SIGTSTP'),
      () => queue(pid, 35, 7),
      () => queue(pid, 34, -1),
    ]
    // Signals that are pending together come in the order of their numbers.
    for (const [at, send] of sent.entries()) {
      send()
      await until(() => run.stdout().split('\n').length === at + 3)
    }
    expect(await run.exit).toBe(0)
    const from = `from pid ${process.pid} uid ${uid}`
    expect(run.stdout()).toBe(
      `pid ${pid}\nSIGUSR1 ${from}\nSIGHUP ${from}\nSIGTSTP ${from}\nSIGRTMIN+1 ${from} value 7\nSIGRTMIN ${from} value -1\n`,
    )
    expect(run.stderr()).toContain(`kill -USR1 ${pid}`)
    expect(isAlive(pid)).toBe(false)
  })

  test('SIGTERM ends it as usual, and with --json each signal is an event', async () => {
    const run = newPlace().osdemo(['signal', 'wait', '--json'])
    const pid = await until(
      () => eventsSoFar(run).flatMap((event) => (event.event === 'started' ? event.child : []))[0],
    )
    await until(() => eventsSoFar(run).some((event) => event.event === 'note' && event.role === 'next'))
    process.kill(pid, 'SIGUSR2')
    await until(() => eventsSoFar(run).some((event) => event.event === 'evidence'))
    process.kill(pid, 'SIGTERM')
    expect(await run.exit).toBe(143)
    expect(dataFrom(parseEvents(run.stdout()), 'sigwaitinfo(2)')).toEqual([
      { signal: 'SIGUSR2', pid: process.pid, uid },
    ])
  })

  test('Ctrl-C leaves no process behind', async () => {
    const run = newPlace().osdemo(['signal', 'wait'])
    const pid = await waiterOf(run)
    process.kill(run.pid, 'SIGINT')
    expect(await run.exit).toBe(130)
    expect(await until(() => !isAlive(pid))).toBe(true)
  })

  test.each(['0', '-1', 'x'])('--count %s is a usage error', async (count) => {
    expect(await outcome(newPlace().osdemo(['signal', 'wait', `--count=${count}`]))).toMatchObject({
      exit: 2,
    })
  })
})

/** A run that waits wakes up rarely: it must not cost the battery of a laptop. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { unlinkQueue } from '../../src/ipc/posix-mq.js'
import { readText } from '../../src/proc/read.js'
import { start } from '../support/children.js'
import { serve } from '../support/echo-peers.js'
import { childrenOf, newPlace, type Run, waitingActor } from '../support/osdemo.js'
import { isThere } from '../support/queues.js'
import { until } from '../support/until.js'

/** How often all threads of a run have given up the CPU to wait: each time, something woke them up. */
function waits({ pid }: Run): number {
  const folders = [pid, ...childrenOf(pid)].map((each) => `/proc/${each}/task`)
  const text = execFileSync('sh', ['-c', `cat ${folders.map((each) => `${each}/*/status`).join(' ')}`], {
    encoding: 'utf8',
  })
  return [...text.matchAll(/^voluntary_ctxt_switches:\s*(\d+)/gm)].reduce((sum, [, n]) => sum + Number(n), 0)
}

const seconds = 3

/** In the last one only osdemo itself wakes up, once a second. The actor waits in read(2) without a timer. */
const limits: Partial<Record<string, number>> = { connected: 2 }

describe.runIf(process.platform === 'linux')('a run that waits', () => {
  test('wakes up fewer than 5 times a second', async () => {
    const place = newPlace()
    const at = (name: string) => ['--path', join(place.folder, name)]
    const reader = place.osdemo(['pipe', 'read', ...at('read')])
    const follower = place.osdemo(['pipe', 'read', '--follow', ...at('follow')])
    const writer = place.osdemo(['pipe', 'write', 'hello', ...at('write')])
    const connected = place.osdemo(['pipe', 'read', ...at('connected')])
    await Promise.all([reader, follower, writer, connected].map(waitingActor))
    const open = place.sh(`exec 3> '${join(place.folder, 'connected')}'; echo; read -r line`, {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const waiter = place.osdemo(['why', `${start('sleep', ['1000']).pid}`, '--watch', '--json'])
    execFileSync('sh', ['-c', `echo first > '${join(place.folder, 'follow')}'`])
    await until(() => follower.stdout() === 'first\n' && open.stdout() === '\n')
    await waitingActor(follower)
    await until(() => waiter.stdout().includes('"claim"') || waiter.stdout().includes('"next"'))
    // One queue only: the kernel limits the memory of all queues of a user.
    const queue = `/osdemo-idle-send-${process.pid}`
    const sender = place.osdemo(['queue', 'send', 'hello', '--name', queue])
    // The test kills it with SIGKILL, so nothing else would remove its queue.
    onTestFinished(() => {
      if (isThere(queue)) unlinkQueue(queue)
    })
    await until(() => sender.stderr() !== '')
    const server = await serve()
    let rates: { name: string; rate: number }[] = []
    const tooOften = () => rates.filter(({ name, rate }) => rate >= (limits[name] ?? 5))
    const runs = { reader, follower, writer, connected, waiter, sender, server }

    // A start takes a while, and on a busy machine it is measured again.
    await until(async () => {
      const before = Object.values(runs).map(waits)
      const begin = performance.now()
      await until(() => performance.now() - begin > seconds * 1000)
      const elapsed = (performance.now() - begin) / 1000
      rates = Object.entries(runs).map(([name, run], index) => ({
        name,
        rate: (waits(run) - before[index]!) / elapsed,
      }))
      return tooOften().length === 0
    }, 20_000).catch(() => {})
    expect(tooOften()).toEqual([])
    for (const run of Object.values(runs))
      expect(readText(`/proc/${run.pid}/status`)).toMatch(/^State:\t[SR]/m)
  })
})

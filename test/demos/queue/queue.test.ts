/** Blocking and nonblocking calls, capacity 0, bounded and unbounded: the claims of the demos, compared with their events. */

import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../../src/events.js'
import type { Queue } from '../../../src/ipc/open-mq.js'
import { openQueue } from '../../../src/ipc/posix-mq.js'
import { readQueueLimits } from '../../../src/proc/mqueue.js'
import type { EventOf } from '../../../src/run/actor.js'
import { tellStory } from '../../../src/views/story/index.js'
import { drawMatrix } from '../../../src/views/svg/figures/matrix.js'
import { claimIdsOf, dataFrom, only } from '../../support/facts.js'
import {
  childrenOf,
  eventsSoFar,
  expectNothingLeft,
  newPlace,
  outcome,
  type Place,
  placeOfNobody,
  playDemo,
  processesOf,
  type Run,
} from '../../support/osdemo.js'
import { isThere } from '../../support/queues.js'
import { until } from '../../support/until.js'

/** The messages of one direction, by channel. */
function byChannel(events: Event[], kind: 'sent' | 'received'): Map<string, EventOf<'sent'>[]> {
  const channels = new Map<string, EventOf<'sent'>[]>()
  for (const event of events) {
    if (event.event === kind) channels.set(event.channel, [...(channels.get(event.channel) ?? []), event])
  }
  return channels
}

/** The names of the queues that a run created. */
function queuesOf(events: Event[]): string[] {
  return only(events, 'created').flatMap(({ kind, id }) => (kind === 'queue' ? [id] : []))
}

function expectNoQueues(events: Event[], count: number): void {
  const queues = queuesOf(events)
  expect(queues).toHaveLength(count)
  expect(queues.filter(isThere)).toEqual([])
  expect(only(events, 'removed').map(({ id }) => id)).toEqual(expect.arrayContaining(queues))
}

/** Receives a message. @returns whether the queue had one */
function takes(queue: Queue): boolean {
  try {
    queue.receive()
    return true
  } catch {
    return false
  }
}

function ends(words: string[], place: Place = newPlace(), options = {}) {
  return outcome(place.osdemo(words, options))
}

/** Starts a run and waits until its sender is blocked: the queue is full, and the receiver has received one message. */
async function heldSender(place: Place, words: string[] = []): Promise<Run> {
  const run = place.osdemo(['queue', '--receive-every', '30s', '--json', ...words])
  await until(
    () => only(eventsSoFar(run), 'claim').length > 0 && only(eventsSoFar(run), 'received').length > 0,
  )
  return run
}

describe('queue', () => {
  test('a full queue blocks the sender in mq_timedsend until the receiver starts', async () => {
    const events = await playDemo(['queue', '--receive-every', '10ms'])
    expect(claimIdsOf(events)).toEqual([
      'queue/sender-blocks-when-full',
      'queue/blocked-side-continues-when-other-comes',
      'queue/holds-at-most-its-capacity',
      'queue/messages-arrive-in-order',
    ])
    const { pid } = only(events, 'sent')[0]!
    expect(only(events, 'evidence')).toContainEqual(
      expect.objectContaining({ source: `/proc/${pid}/task/${pid}/syscall`, value: 'mq_timedsend' }),
    )
    const depths = only(events, 'sent').map(({ depth }) => [depth!.before, depth!.after, depth!.capacity])
    expect(depths.slice(0, 4)).toEqual([0, 1, 2, 3].map((before) => [before, before + 1, 4]))
    // Every call is reported with its beginning and its end.
    const calls = only(events, 'call').filter(({ call }) => call === 'mq_send' || call === 'mq_receive')
    expect(calls.filter(({ phase }) => phase === 'begin')).toHaveLength(16)
    expect(calls.filter(({ phase }) => phase === 'end')).toHaveLength(16)
    const waited = calls.find(({ phase, waits }) => phase === 'begin' && waits)!
    const returned = calls.find(({ t, tid, phase }) => t > waited.t && tid === waited.tid && phase === 'end')!
    // The receiver's call makes room, so it begins before the sender's call returns.
    const received = calls.find(({ phase, call }) => phase === 'begin' && call === 'mq_receive')!
    expect(received.t).toBeLessThan(returned.t)
    // The receiver starts after the claim that the sender is blocked.
    expect(returned.t).toBeGreaterThan(only(events, 'claim')[0]!.t)
    expectNoQueues(events, 1)
  })

  test('a slow sender: the receiver blocks in mq_timedreceive', async () => {
    const events = await playDemo([
      'queue',
      '--send-every',
      '10ms',
      '--receive-every',
      '0ms',
      '--messages',
      '4',
    ])
    expect(claimIdsOf(events)[0]).toBe('queue/receiver-blocks-when-empty')
    const { pid } = only(events, 'received')[0]!
    expect(only(events, 'evidence')).toContainEqual(
      expect.objectContaining({ source: `/proc/${pid}/task/${pid}/syscall`, value: 'mq_timedreceive' }),
    )
    expect(only(events, 'received').map(({ text }) => text)).toEqual(
      [0, 1, 2, 3].map((seq) => `Message ${seq}`),
    )
  })

  test('nonblocking calls fail with EAGAIN, and no message is lost', async () => {
    const words = [
      '--send',
      'nonblocking',
      '--receive',
      'nonblocking',
      '--capacity',
      '2',
      '--receive-every',
      '5ms',
    ]
    const events = await playDemo(['queue', ...words])
    expect(claimIdsOf(events)[0]).toBe('queue/nonblocking-send-is-refused-when-full')
    const refused = only(events, 'call').filter(({ errno }) => errno !== undefined)
    expect(new Set(refused.map(({ errno }) => errno))).toEqual(new Set(['EAGAIN']))
    expect(only(events, 'call').filter(({ waits }) => waits)).toEqual([])
    expect(only(events, 'received').map(({ text }) => text)).toEqual(
      only(events, 'sent').map(({ text }) => text),
    )
  })

  test('messages that fit into the queue are sent without blocking, before the receiver starts', async () => {
    const events = await playDemo(['queue', '--messages', '3', '--receive-every', '5ms'])
    expect(claimIdsOf(events)).toContain('queue/sender-with-room-never-waits')
    expect(only(events, 'sent').at(-1)!.t).toBeLessThan(only(events, 'received')[0]!.t)
  })

  test.each([
    ['blocking', 'blocking'],
    ['nonblocking', 'blocking'],
    ['blocking', 'nonblocking'],
  ])(
    'capacity 0: 100 messages pass without a pause, each while both sides are in their calls: %s send, %s receive',
    async (send, receive) => {
      const ways = ['--send', send, '--receive', receive, '--messages', '100', '--receive-every', '0ms']
      const events = await playDemo(['queue', '--capacity', '0', ...ways])
      const [sent, received] = [only(events, 'sent'), only(events, 'received')]
      const stop =
        send === 'blocking' ? 'queue/rendezvous-blocks-lone-sender' : 'queue/rendezvous-refuses-lone-sender'
      expect(claimIdsOf(events)[0]).toBe(stop)
      expect(claimIdsOf(events)).toContain('queue/rendezvous-stores-nothing')
      expect(received.map(({ text }) => text)).toEqual(
        Array.from({ length: 100 }, (_, seq) => `Message ${seq}`),
      )
      expect(sent.every(({ depth }) => depth!.before === 0 && depth!.after === 0)).toBe(true)
      // A send returns only after its message was received, so never before that receive began.
      const begins = (call: string) =>
        only(events, 'call')
          .filter((one) => one.call === call && one.phase === 'begin')
          .map(({ t }) => t)
      const succeeded = (call: string) => {
        const calls = only(events, 'call').filter((one) => one.call === call)
        return calls.flatMap((one, index) =>
          one.phase === 'end' && !one.errno ? [{ begin: calls[index - 1]!.t, end: one.t }] : [],
        )
      }
      const [sends, receives] = [succeeded('send'), succeeded('receive')]
      expect(begins('send').length).toBeGreaterThanOrEqual(100)
      for (const [index, one] of sends.entries()) {
        expect(one.end).toBeGreaterThanOrEqual(receives[index]!.begin)
        expect(receives[index]!.end).toBeGreaterThanOrEqual(one.begin)
      }
      expectNoQueues(events, 3)
    },
  )

  test('capacity 0 and both sides nonblocking: no message passes', async () => {
    const events = await playDemo([
      'queue',
      '--capacity',
      '0',
      '--send',
      'nonblocking',
      '--receive',
      'nonblocking',
    ])
    expect([...only(events, 'sent'), ...only(events, 'received')]).toEqual([])
    expect(only(events, 'call').filter(({ errno }) => errno === 'EAGAIN')).toHaveLength(10)
    expect(claimIdsOf(events)).toEqual([
      'queue/rendezvous-refuses-lone-sender',
      'queue/rendezvous-needs-a-side-that-waits',
    ])
  })

  test('an unbounded queue never blocks the sender, and is in its memory', async () => {
    const events = await playDemo(['queue', '--capacity', 'unbounded', '--receive-every', '1ms'])
    const [before, after] = dataFrom(events, /^\/proc\/\d+\/status$/) as [number, number]
    expect(after - before).toBeGreaterThan(4 * 2 ** 20)
    expect(claimIdsOf(events)).toContain('queue/unbounded-queue-lies-in-sender')
    const sent = only(events, 'sent')
    expect(sent.map(({ depth }) => depth!.after)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(sent.at(-1)!.t).toBeLessThan(only(events, 'received')[0]!.t)
    expect(only(events, 'received').map(({ bytes, text }) => [bytes, text])).toEqual(
      sent.map(({ seq }) => [2 ** 20, `Message ${seq}`]),
    )
  })
})

describe('queue matrix', () => {
  test('all combinations, as two tables of twelve claims, and every message as an event', async () => {
    const events = await playDemo(['queue', 'matrix'])
    const rows = only(events, 'claim').map(({ row }) => row!)
    expect(rows).toHaveLength(24)
    for (const table of ['fast sender, slow receiver', 'fast receiver, slow sender']) {
      const cells = rows.filter((row) => row.table === table).map(({ cells }) => cells)
      expect(new Set(cells.map(({ capacity, send, receive }) => `${capacity} ${send} ${receive}`)).size).toBe(
        12,
      )
    }
    const [sent, received] = [byChannel(events, 'sent'), byChannel(events, 'received')]
    // All but the two in which both sides are nonblocking.
    expect([sent.size, received.size]).toEqual([22, 22])
    for (const [channel, messages] of sent) {
      expect(messages).toHaveLength(6)
      expect(received.get(channel)!.map(({ text }) => text)).toEqual(messages.map(({ text }) => text))
    }
    const [held, refused] = ['is-held', 'is-refused'] as const
    const [never, room] = ['queue/rendezvous-needs-a-side-that-waits', 'queue/fast-sender-has-room']
    const stops = (side: string, words: string[]) => words.map((word) => `queue/fast-${side}-${word}`)
    expect(claimIdsOf(events)).toEqual([
      ...[...stops('sender', [held, held, refused]), never],
      ...stops('sender', [held, held, refused, refused]),
      ...[room, room, room, room],
      ...[...stops('receiver', [held, refused, held]), never],
      ...stops('receiver', [held, refused, held, refused]),
      ...stops('receiver', [held, refused, held, refused]),
    ])
    const fast = rows.slice(0, 12).map(({ cells }) => cells)
    expect(fast.map(({ depth }) => depth)).toEqual([...'000044446666'])
    expect(fast.map((cell) => cell.sender!.replace(/ .*/, ''))).toEqual([
      'waited',
      'waited',
      'EAGAIN',
      'EAGAIN',
      'waited',
      'waited',
      'EAGAIN',
      'EAGAIN',
      '-',
      '-',
      '-',
      '-',
    ])
    expect(rows.slice(12).map(({ cells }) => cells.receiver!.replace(/ .*/, ''))).toEqual(
      Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? 'waited' : 'EAGAIN')),
    )
    const seen = dataFrom(events, /syscall, wchan$/) as { syscall: string }[]
    expect(seen.map(({ syscall }) => syscall).sort()).toEqual([
      ...Array<string>(6).fill('mq_timedreceive'),
      ...Array<string>(2).fill('mq_timedsend'),
      ...Array<string>(2).fill('read'),
    ])
    expect(drawMatrix(tellStory(events, false))!.claims).toHaveLength(24)
    expectNoQueues(events, 4)
  })

  test('fits into 80 columns, as a table', async () => {
    const { exit, stdout } = await ends(['queue', 'matrix'])
    expect(exit).toBe(0)
    const lines = stdout.split('\n')
    expect(lines.filter((line) => line.length > 80)).toEqual([])
    expect(lines.filter((line) => /^✔ (0|4|unbounded) +(non)?blocking /.test(line))).toHaveLength(24)
    expect(lines.length).toBeLessThan(80)
    expect(stdout).toContain('24 of 24 claims hold.')
  })
})

describe('errors', () => {
  test.each([
    [['--capacity', '-1'], /0, a number of messages, or unbounded/],
    [['--capacity', 'many'], /0, a number of messages, or unbounded/],
    [['--send', 'maybe'], /blocking, nonblocking/],
    [['--messages', '0'], /from 1 to 1000/],
    [['--send-every', '5'], /such as 250ms/],
    [['--limit', 'much'], /such as 64, 4KiB/],
  ])('%j: exit 2', async (words, message) => {
    const { exit, stdout, stderr } = await ends(['queue', ...words])
    expect([exit, stdout, stderr]).toEqual([2, '', expect.stringMatching(message)])
  })

  test('a capacity above the limit: exit 1, with the limit and where it is set', async ({ skip }) => {
    const limits = readQueueLimits()!
    const place = newPlace()
    const { exit, stderr } = await ends(['queue', '--capacity', '65537', '--quiet'], place)
    expect([exit, stderr]).toEqual([1, expect.stringMatching(/mq_open: EINVAL.*\n.*\b65536\b/)])
    expectNothingLeft(place)
    const more = await ends(['queue', '--capacity', `${limits.capacity + 1}`, '--quiet'], place)
    skip(more.exit === 0, 'this user may exceed msg_max')
    expect(more.stderr).toMatch(new RegExp(`limit, ${limits.capacity} \\(/proc/sys/fs/mqueue/msg_max\\)`))
    expectNothingLeft(place)
  })

  test('the limit of an unbounded queue: exit 1, and nothing is left behind', async () => {
    const place = newPlace()
    const words = ['queue', '--capacity', 'unbounded', '--limit', '3MiB', '--quiet']
    const { exit, stderr } = await ends(words, place)
    expect([exit, stderr]).toEqual([
      1,
      expect.stringMatching(/limit.*3 messages of 1048576 bytes.*\n.*--limit/),
    ])
    expectNothingLeft(place)
  })

  test('the limit of bytes in queues of this user: exit 1, and nothing is left behind', async ({ skip }) => {
    const limited = ['bash', '-c', 'ulimit -q 100 && exec "$0" "$@"']
    skip(spawnSync(limited[0]!, [...limited.slice(1), 'true']).status !== 0, 'needs bash with ulimit -q')
    const place = newPlace()
    const { exit, stderr } = await ends(['queue', '--quiet'], place, { prefix: limited })
    expect([exit, stderr]).toEqual([1, expect.stringMatching(/mq_open: EMFILE.*\n.*ulimit -q/)])
    expectNothingLeft(place)
  })
})

describe('nothing is left behind', () => {
  test('when the receiver is killed while the sender is blocked: exit 1, and the error names the receiver', async () => {
    const place = newPlace()
    const run = await heldSender(place)
    const receiver = only(eventsSoFar(run), 'received')[0]!.pid
    process.kill(receiver, 'SIGKILL')
    expect(await run.exit).toBe(1)
    expect(run.stderr()).toMatch(/the receiver \(pid \d+\) was killed by SIGKILL/)
    expectNoQueues(eventsSoFar(run), 1)
    expectNothingLeft(place)
  })

  test('when another process takes a message away: exit 1, and the error names the calls that block', async () => {
    const place = newPlace()
    const words = ['--capacity', '0', '--receive-every', '300ms', '--json']
    const run = place.osdemo(['queue', ...words])
    const offer = await until(() => queuesOf(eventsSoFar(run)).find((name) => name.endsWith('offer')))
    await until(() => only(eventsSoFar(run), 'received').length > 0)
    const thief = openQueue(offer, 'read', { nonblocking: true })
    await until(() => takes(thief))
    thief.close()
    expect(await run.exit).toBe(1)
    expect(run.stderr()).toMatch(
      /the sender .* is blocked in mq_\w+\(2\), and the receiver .* is blocked in mq_\w+/,
    )
    expectNoQueues(eventsSoFar(run), 3)
    expectNothingLeft(place)
  })

  test('while the receiver is stopped by a signal: a note with the command that continues it, and Ctrl-C works', async () => {
    const place = newPlace()
    const run = await heldSender(place)
    const { pid } = only(eventsSoFar(run), 'received')[0]!
    process.kill(pid, 'SIGSTOP')
    await until(() =>
      only(eventsSoFar(run), 'note').some(
        ({ role, text }) => role === 'next' && text.endsWith(`kill -CONT ${pid}`),
      ),
    )
    run.child.kill('SIGINT')
    expect(await run.exit).toBe(130)
    expectNothingLeft(place)
  })

  test.each([['4'], ['0']])(
    'after Ctrl-C while the sender is blocked, capacity %s: exit 130',
    async (capacity) => {
      const place = newPlace()
      const run = await heldSender(place, ['--capacity', capacity])
      run.child.kill('SIGINT')
      expect(await run.exit).toBe(130)
      expectNoQueues(eventsSoFar(run), capacity === '0' ? 3 : 1)
      expectNothingLeft(place)
    },
  )

  test('after SIGKILL no process remains, and osdemo clean removes the queues', async () => {
    const place = newPlace()
    const run = await heldSender(place, ['--capacity', '0'])
    expect(childrenOf(run.pid)).toHaveLength(2)
    const queues = queuesOf(eventsSoFar(run))
    run.child.kill('SIGKILL')
    await run.exit
    await until(() => processesOf(place).length === 0, 2000)
    expect(queues.filter(isThere)).toHaveLength(3)
    expect((await ends(['clean'], place)).exit).toBe(0)
    expect(queues.filter(isThere)).toEqual([])
    expectNothingLeft(place)
  })

  test('an ordinary user gets the same result', async (context) => {
    const { place, options } = placeOfNobody(context)
    const events = await playDemo(['queue', '--receive-every', '1ms'], options, place)
    expect(claimIdsOf(events)[0]).toBe('queue/sender-blocks-when-full')
    expectNoQueues(events, 1)
  })
})

/** Demos of osdemo under strace: what they report is what their processes called, and what the trace says about them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../src/events.js'
import { straceFlags } from '../../src/run/start-traced.js'
import { createModel, type Trace, tracedCalls } from '../../src/trace/model.js'
import { createParser } from '../../src/trace/parse.js'
import { noCompiler } from '../support/compiler.js'
import { newPlace, parseEvents, temporaryFolder } from '../support/osdemo.js'
import { noStrace, threadsIn, wholeLines, whyNoStrace } from '../support/strace.js'

interface Traced {
  /** What the demo says. */
  events: Event[]
  /** What strace says. */
  lines: { pid: number; text: string }[]
  trace: Trace
  /** The locks of files after each call, where they changed. */
  locks: string[]
}

async function traceDemo(words: string[]): Promise<Traced> {
  const folder = temporaryFolder()
  const [log, file] = [join(folder, 'strace.log'), join(folder, 'demo.ndjson')]
  const calls = tracedCalls.map((name) => `?${name}`).join()
  const prefix = ['strace', ...straceFlags, '--seccomp-bpf', '-e', `trace=${calls}`, '-q', '-o', log]
  const run = newPlace().osdemo([...words, '--save', file], { prefix })
  expect(await run.exit).toBe(0)
  const threads = threadsIn(log)
  const locks: string[] = []
  const model = createModel({ onCall: () => see() })
  function see(): void {
    const open = model.alive().flatMap(({ table }) => [...table.values()].map(({ thing }) => thing))
    const held = [...new Set(open)].flatMap((thing) => thing.locks ?? [])
    const now = written(
      held.map(({ kind, isShared, by, from, to }) => ({ kind, isShared, pid: by.pid, from, to })),
    )
    if (locks.at(-1) !== now) locks.push(now)
  }
  const parser = createParser(model.take)
  parser.push(readFileSync(log))
  parser.end()
  expect(parser.unreadable).toMatchObject({ count: 0 })
  return {
    events: parseEvents(readFileSync(file, 'utf8')),
    lines: wholeLines(log).map(([tid, text]) => ({ pid: threads.get(Number(tid)) ?? Number(tid), text })),
    trace: model.finish(),
    locks,
  }
}

interface Held {
  kind: string
  isShared: boolean
  pid: number
  from: number
  to: number
}

const written = (list: Held[]) =>
  list
    .map(({ kind, isShared, pid, from, to }) => `${kind} ${isShared ? 'READ' : 'WRITE'} ${pid} ${from} ${to}`)
    .sort()
    .join(', ')

/** Messages and bytes of each process, as the demo reports them. */
function reported(events: Event[], kind: 'sent' | 'received') {
  const sums = new Map<number, { pid: number; messages: number; bytes: number }>()
  for (const event of events) {
    if (event.event !== kind) continue
    const sum = sums.get(event.pid) ?? { pid: event.pid, messages: 0, bytes: 0 }
    sums.set(event.pid, sum)
    sum.messages++
    sum.bytes += event.bytes
  }
  return [...sums.values()]
}

describe.skipIf(noStrace)(`traced demos${whyNoStrace}`, () => {
  test('pipe demo: the FIFO, its messages, and the calls that opened it', async () => {
    const { events, lines, trace } = await traceDemo(['pipe', 'demo'])
    const created = events.find((event) => event.event === 'created')
    const path = created?.event === 'created' ? created.id : ''
    const fifo = trace.things.find(({ id }) => id === path)
    expect(fifo).toMatchObject({ kind: 'fifo', removed: { by: { pid: created?.pid } } })
    const [sent, received] = [reported(events, 'sent'), reported(events, 'received')]
    expect(sent).toHaveLength(1)
    expect(received).toMatchObject([{ messages: sent[0]?.messages, bytes: sent[0]?.bytes }])
    expect(trace.talks.filter(({ thing }) => thing === fifo)).toMatchObject([
      {
        from: { pid: sent[0]?.pid },
        to: { pid: received[0]?.pid },
        messages: sent[0]?.messages,
        bytes: received[0]?.bytes,
      },
    ])
    // Each has opened it once, for its direction.
    const opened = lines.filter(({ text }) => text.startsWith('openat(') && text.includes(`<${path}> <`))
    const modes = opened.map(({ pid, text }) => [pid, /O_(RDONLY|WRONLY)/.exec(text)?.[1]])
    expect(modes).toContainEqual([received[0]?.pid, 'RDONLY'])
    expect(modes).toContainEqual([sent[0]?.pid, 'WRONLY'])
  })

  test('queue demo --kind sysv: each call that it reports, with its errno, and what each process got', async () => {
    const { events, lines, trace } = await traceDemo(['queue', 'demo', '--kind', 'sysv'])
    const reports = events.flatMap((event) =>
      event.event === 'call' && event.phase === 'end' && /^msg/.test(event.call)
        ? `${event.pid} ${event.call} ${event.errno ?? event.result}`
        : [],
    )
    expect(reports.length).toBeGreaterThan(20)
    const actors = new Set(reports.map((report) => Number(report.split(' ')[0])))
    const called = lines.flatMap(({ pid, text }) => {
      const [, call, result, errno] = /^(msgsnd|msgrcv)\(.*\) += (-?\d+)(?: (E\w+))?/s.exec(text) ?? []
      return call && actors.has(pid) ? `${pid} ${call} ${errno ?? result}` : []
    })
    expect(called.sort()).toEqual(reports.sort())
    const received = reported(events, 'received')
    expect(received).toHaveLength(1)
    const [{ pid, messages, bytes } = { pid: 0 }] = received
    const talks = trace.talks.filter(({ thing, to }) => thing.kind === 'queue' && to.pid === pid)
    expect(talks).toMatchObject([{ messages, bytes }])
    const queues = trace.things.filter(({ kind }) => kind === 'queue')
    const made = events.flatMap((event) => (event.event === 'created' ? event.id : []))
    expect(queues.map(({ id }) => `id ${id}`)).toEqual(made)
    expect(queues.every((queue) => queue.removed)).toBe(true)
  })

  test.skipIf(noCompiler)('socket pair: what each end received', async () => {
    const { events, trace } = await traceDemo(['socket', 'pair'])
    const got = new Map<number, number>()
    for (const event of events) {
      if (event.event !== 'evidence') continue
      const [, pid] = /^recvmsg\(2\) of pid (\d+)$/.exec(event.source) ?? []
      if (pid !== undefined)
        got.set(Number(pid), (got.get(Number(pid)) ?? 0) + Number.parseInt(event.value, 10))
    }
    const talks = trace.talks.filter(
      ({ thing, from, to }) => thing.kind === 'socket' && got.has(from.pid) && got.has(to.pid),
    )
    expect(new Set(talks.map(({ thing }) => thing)).size).toBe(1)
    expect(new Map(talks.map(({ to, bytes }) => [to.pid, bytes]))).toEqual(got)
  })

  test.skipIf(noCompiler)('lock demo: the kernel lists the locks that the calls give', async () => {
    const { events, locks } = await traceDemo(['lock', 'demo'])
    const kinds: Record<string, string> = { FLOCK: 'flock', OFDLCK: 'ofd', POSIX: 'fcntl' }
    const moments = new Map<string, Held[]>()
    for (const event of events) {
      if (event.event !== 'evidence' || event.source !== '/proc/locks') continue
      // The first of the processes that share a description has made the lock.
      const [first] = event.data as { moment: string; pid: number }[]
      const held = moments.get(first!.moment) ?? []
      moments.set(first!.moment, held)
      const [, kind = '', access, from, to] =
        /^\d+: (\w+) +(READ|WRITE) -?\d+ \S+ (\d+) (\d+|EOF)$/.exec(event.value) ?? []
      if (!access) continue
      const end = to === 'EOF' ? Number.POSITIVE_INFINITY : Number(to) + 1
      const isShared = access === 'READ'
      held.push({ kind: kinds[kind] ?? '', isShared, pid: first!.pid, from: Number(from), to: end })
    }
    expect(moments.size).toBeGreaterThan(8)
    // The moments come in this order, among the states between them.
    let from = 0
    for (const [moment, held] of moments) {
      const at = locks.indexOf(written(held), from)
      expect([moment, written(held), at >= 0]).toEqual([moment, written(held), true])
      from = at
    }
  })
})

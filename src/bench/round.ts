/** One round of a benchmark: so many messages of one size, each of them checked. */
import { DemoFailed } from '../errors.js'
import { threadUsage } from '../ipc/thread-usage.js'
import { startIoCount } from '../proc/io.js'
import type { End, OpenChannel } from './end.js'
import { quantile } from './statistics.js'

/** `latency`: each message comes back before the next is sent. `throughput`: one side sends, the other answers once. */
export type Mode = 'latency' | 'throughput'

export interface Task {
  mode: Mode
  /** Bytes of a message. */
  size: number
  /** Messages, or round trips. */
  count: number
  /** In `throughput` the receiver answers after so many messages. Then a channel that drops messages drops none. */
  window: number
  /** The pid of the other side. */
  peer: number
}

/** What one side has measured and counted. Microseconds are those of the whole round, where nothing else is said. */
export interface Side {
  elapsed: number
  /** CPU time of this thread. */
  cpu: number
  /** Context switches of this thread. */
  voluntary: number
  involuntary: number
  /** System calls, or calls of the C library where it decides whether it needs the kernel; -1 where nothing counts them. */
  calls: number
  /** Microseconds of one round trip; 0 where none was measured. */
  p50: number
  p90: number
  p99: number
  /** How many round trips took less than 0.25 µs, then less than 0.5 µs, and so on. The last number counts all longer ones. */
  histogram: number[]
}

export const [histogramStart, histogramLength] = [0.25, 18]

/** Plays one side of a round. @throws DemoFailed where a message arrived changed */
export async function playRound(channel: OpenChannel, task: Task, begins: boolean): Promise<Side> {
  const { mode, size, count } = task
  const end = channel.end(size, task.peer)
  // A pattern in which each byte differs from its neighbours.
  for (let at = 0; at < size; at++) end.out[at] = (at * 31 + 7) & 255
  const play = { latency: begins ? ask : answer, throughput: begins ? send : take }[mode]
  const io = startIoCount()
  const called = channel.calls?.() ?? 0
  const before = threadUsage()
  const since = performance.now()
  const times = await play(end, task)
  const elapsed = (performance.now() - since) * 1000
  const after = threadUsage()
  const counts = io?.()
  const calls = channel.calls ? channel.calls() - called : counts ? counts.reads + counts.writes : -1
  times.sort()
  const histogram = Array.from({ length: times.length > 0 ? histogramLength : 0 }, () => 0)
  for (const time of times) {
    const at = Math.ceil(Math.log2(Math.max(time, 1e-9) / histogramStart))
    // The index is within the list.
    histogram[Math.min(Math.max(at, 0), histogramLength - 1)]! += 1
  }
  return {
    elapsed,
    cpu: after.cpu - before.cpu,
    voluntary: after.voluntary - before.voluntary,
    involuntary: after.involuntary - before.involuntary,
    calls,
    p50: quantile(times, 0.5),
    p90: quantile(times, 0.9),
    p99: quantile(times, 0.99),
    histogram,
  }

  async function ask({ out, send, receive }: End): Promise<Float64Array> {
    const times = new Float64Array(count)
    const check = checker(end)
    for (let at = 0, time = performance.now(); at < count; at++) {
      stamp(out, at)
      send()
      const arrived = receive(check)
      if (typeof arrived !== 'number') await arrived
      const now = performance.now()
      times[at] = (now - time) * 1000
      time = now
    }
    return times
  }
}

const none = new Float64Array(0)

/** Numbers the message, so that no message equals the one before it. */
function stamp(out: Uint8Array, number: number): void {
  out[0] = out[out.length - 1] = number & 255
}

/** A function that compares the message that has arrived with the one that is expected. */
function checker({ out, into }: End): () => void {
  const expected = Buffer.from(out.buffer, out.byteOffset, out.length)
  return () => {
    if (!expected.equals(into)) throw new DemoFailed('a message arrived changed')
  }
}

/** A function that compares each message with the next of its sender. */
function countingChecker(end: End): () => void {
  const check = checker(end)
  let number = 0
  return () => {
    stamp(end.out, number++)
    check()
  }
}

/** Sends back each message. */
async function answer(end: End, { count }: Task): Promise<Float64Array> {
  const check = countingChecker(end)
  for (let at = 0; at < count; at++) {
    const arrived = end.receive(check)
    if (typeof arrived !== 'number') await arrived
    // What has arrived equals what is sent: the check has made the same message.
    end.send()
  }
  return none
}

async function send(end: End, { count, window }: Task): Promise<Float64Array> {
  const check = checker(end)
  for (let at = 0; at < count; at++) {
    stamp(end.out, at)
    end.send()
    if ((at + 1) % window !== 0 && at + 1 < count) continue
    const arrived = end.receive(check)
    if (typeof arrived !== 'number') await arrived
  }
  return none
}

async function take(end: End, { count, window }: Task): Promise<Float64Array> {
  const check = countingChecker(end)
  for (let got = 0, answered = 0; got < count; ) {
    const arrived = end.receive(check)
    got += typeof arrived === 'number' ? arrived : await arrived
    if (got - answered < window && got < count) continue
    answered = got
    end.send()
  }
  return none
}

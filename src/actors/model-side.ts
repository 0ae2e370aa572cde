/** Sends or receives numbered messages, through a FIFO or through shared memory, and reports what the kernel counted meanwhile. */
import { closeSync, readSync, writeSync } from 'node:fs'
import { now, type Say } from '../events.js'
import { openFifo } from '../ipc/fifo.js'
import { openMemory, type SharedMemory } from '../ipc/shared-memory.js'
import { consumerOf } from '../ipc/shared-ring/consumer.js'
import { producerOf } from '../ipc/shared-ring/producer.js'
import type { Waiter } from '../ipc/shared-ring/waiting.js'
import { startIoCount } from '../proc/io.js'
import { readSwitches } from '../proc/sched.js'
import { counted, thousands } from '../text.js'
import { messageOf } from './lib/ring-sides.js'
import { runActor } from './lib/runtime.js'

export interface ModelSideConfig {
  side: 'sender' | 'receiver'
  /** The path of a FIFO, or a segment with a ring buffer. */
  channel: string | SharedMemory
  messages: number
  /** Bytes of each message, at most PIPE_BUF, so that write(2) does not cut it. */
  size: number
}

declare module '../actor-types.js' {
  interface Actors {
    'model-side': { config: ModelSideConfig; word: 'begin'; runsAs: 'process' }
  }
}

/** One end of a channel. Its calls report nothing, because a report is a system call too. */
interface End {
  send(messages: readonly Buffer[]): void
  /** Receives until the sender has closed its end. `take` gets each message, which is valid only until it returns. */
  receive(take: (bytes: Uint8Array) => void): void
  /** Calls of futex(2) so far. A FIFO needs none. */
  futexCalls?: () => number
}

/**
 * Keeps messages in memory that is allocated before: an allocation may start the garbage collector, whose tasks wake the event loop
 * with write(2).
 */
function createStore(messages: number, size: number) {
  const bytes = Buffer.alloc(messages * size)
  const lengths = new Uint32Array(messages)
  let count = 0
  return {
    take(message: Uint8Array): void {
      // A message that is too long did not come from the sender.
      if (count < messages && message.length <= size) bytes.set(message, count * size)
      if (count < messages) lengths[count] = message.length
      count++
    },
    get count() {
      return count
    },
    /** How many of these messages arrived as they were sent, in their order. */
    unchanged: (expected: readonly Buffer[]) =>
      expected.filter((message, index) => {
        const stored = bytes.subarray(index * size, index * size + message.length)
        return index < count && lengths[index] === message.length && stored.equals(message)
      }).length,
  }
}

runActor<'model-side'>(async ({ say, config, nextWord }) => {
  const { side, channel, messages, size } = config
  const expected = Array.from({ length: messages }, (_, index) => Buffer.from(messageOf(index, size)))
  const end =
    typeof channel === 'string' ? await openPipe(say, channel, side, size) : attachRing(say, channel, side)
  const store = createStore(messages, size)
  await nextWord()
  const sleeps = readSwitches(process.pid)?.voluntary ?? 0
  const count = startIoCount()
  const since = now()
  if (side === 'sender') end.send(expected)
  else end.receive(store.take)
  const until = now()
  const io = count?.()
  const slept = (readSwitches(process.pid)?.voluntary ?? 0) - sleeps
  const done = side === 'sender' ? messages : store.count
  const direction = side === 'sender' ? 'sent' : 'received'
  const name = typeof channel === 'string' ? channel : 'ring'
  say({ event: 'tally', channel: name, direction, messages: done, bytes: done * size, since }, until)
  const source = `/proc/${process.pid}/status`
  const value = `voluntary_ctxt_switches: +${slept}`
  say({ event: 'evidence', source, value, about: `how often the ${side} waited`, data: { slept } })
  if (end.futexCalls) {
    const calls = end.futexCalls()
    const about = `the ${side} sleeps, or wakes the other side`
    say({ event: 'evidence', source: 'futex(2)', value: counted(calls, 'call'), about, data: { calls } })
  }
  if (io) {
    const { reads, bytesRead, writes, bytesWritten } = io
    const value = `syscr +${reads}, rchar +${bytesRead}, syscw +${writes}, wchar +${bytesWritten}`
    // A ring says by itself that it is closed.
    const last =
      side === 'receiver' && typeof channel === 'string' ? ': the last read(2) returns end of file' : ''
    say({ event: 'evidence', source: ioFile, value, about: `the ${side}${last}`, data: { ...io } })
  }
  if (side === 'sender') return
  const unchanged = store.unchanged(expected)
  const text = `Received ${counted(done, 'message')}: ${thousands(unchanged)} of ${thousands(messages)} as they were sent.`
  say({ event: 'note', text, data: { unchanged } })
})

/** The counts are those of the main thread, which makes all calls here. */
const ioFile = `/proc/${process.pid}/task/${process.pid}/io`

async function openPipe(say: Say, path: string, side: 'sender' | 'receiver', size: number): Promise<End> {
  const purpose = side === 'sender' ? 'writing' : 'reading'
  const about = { event: 'call', call: 'open', object: `the FIFO for ${purpose}` } as const
  say({ ...about, phase: 'begin' })
  const fd = await openFifo(path, purpose, true)
  say({ ...about, phase: 'end', result: fd })
  return {
    send(messages) {
      for (const message of messages) writeSync(fd, message)
      closeSync(fd)
    },
    receive(take) {
      const message = Buffer.alloc(size)
      for (let length = readSync(fd, message); length > 0; length = readSync(fd, message)) {
        take(message.subarray(0, length))
      }
    },
  }
}

function attachRing(say: Say, segment: SharedMemory, side: 'sender' | 'receiver'): End {
  const { memory, waiter } = openMemory(segment)
  say({ event: 'call', phase: 'end', call: 'shmat', object: `the segment, by the ${side}` })
  let calls = 0
  const countingWaiter: Waiter = {
    wait(...args) {
      calls++
      waiter.wait(...args)
    },
    notify(...args) {
      calls++
      waiter.notify(...args)
    },
  }
  return {
    send(messages) {
      const ring = producerOf(memory, countingWaiter)
      for (const message of messages) {
        ring.write(message)
        ring.publish()
      }
      ring.close()
    },
    receive(take) {
      const ring = consumerOf(memory, countingWaiter)
      while (ring.wait()) ring.drain((buffer, start, end) => take(buffer.subarray(start, end)))
    },
    futexCalls: () => calls,
  }
}

/**
 * Messages of 64 bytes from one thread to another through osdemo's ring, ringbuf.js, postMessage and C. Each side needs
 * a CPU of its own: both spin for a while before they sleep.
 */
import { strictEqual } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { buildSync } from 'esbuild'
import { RingBuffer } from 'ringbuf.js'
import { consumerOf } from '../src/ipc/shared-ring/consumer.js'
import { newRing } from '../src/ipc/shared-ring/layout.js'
import { threadWaiter } from '../src/ipc/shared-ring/waiting.js'
import { compare, compileC, type Side, timed } from './sides.js'

const folder = mkdtempSync(join(tmpdir(), 'osdemo-bench-'))
// A worker thread cannot run TypeScript.
const senderFile = join(folder, 'ring-sender.mjs')
buildSync({
  entryPoints: [fileURLToPath(new URL('./peers/ring-sender.ts', import.meta.url))],
  outfile: senderFile,
  bundle: true,
  platform: 'node',
  format: 'esm',
})

const capacity = 65_536
const many = 4_000_000

/** The sum of the first bytes of so many numbered messages. */
function sumOf(messages: number): number {
  let sum = 0
  for (let i = 0; i < messages; i++) sum += i & 255
  return sum
}

/** A thread that is ready to send. It must be loaded before: loading needs this thread, which blocks in the ring. */
async function sender(way: string, memory?: SharedArrayBuffer): Promise<Worker> {
  const worker = new Worker(senderFile, { workerData: { way, memory } })
  await once(worker, 'message')
  return worker
}

/** Receives so many messages, in milliseconds per message. @param take returns the sum of their first bytes */
function side(worker: Worker, messages: number, take: () => number | Promise<number>): Side {
  const expected = sumOf(messages)
  return async () => {
    const milliseconds = await timed(async () => {
      worker.postMessage(messages)
      strictEqual(await take(), expected)
    })
    return milliseconds / messages
  }
}

async function ours(): Promise<Side> {
  const memory = newRing(capacity)
  const ring = consumerOf(memory, threadWaiter)
  return side(await sender('ours', memory), many, () => {
    let sum = 0
    for (let got = 0; got < many; ) {
      ring.wait()
      got += ring.drain((bytes, start) => {
        sum += bytes[start]!
      })
    }
    return sum
  })
}

async function ringbuf(): Promise<Side> {
  const messages = many / 4
  const memory = RingBuffer.getStorageForCapacity(capacity, Uint8Array as never)
  const ring = new RingBuffer(memory, Uint8Array as never)
  const message = new Uint8Array(64)
  return side(await sender('ringbuf.js', memory), messages, () => {
    let sum = 0
    for (let got = 0; got < messages; got++) {
      while (ring.available_read() < 64);
      ring.pop(message, 64)
      sum += message[0]!
    }
    return sum
  })
}

async function posted(): Promise<Side> {
  const messages = many / 40
  const worker = await sender('postMessage')
  return side(worker, messages, () => {
    let sum = 0
    let got = 0
    return new Promise((resolve) => {
      worker.removeAllListeners('message')
      worker.on('message', (message: Uint8Array) => {
        sum += message[0]!
        if (++got === messages) resolve(sum)
      })
    })
  })
}

const ring = await ours()
await compare('ring between threads, 64 B / postMessage', ring, await posted(), { timesAsFast: 50 })
await compare('ring between threads, 64 B / ringbuf.js', ring, await ringbuf(), { timesAsFast: 5 })

const c = compileC('ring', folder)
if (c) {
  const inC: Side = () => {
    const { stdout } = spawnSync(c, [`${many}`, `${capacity}`], { encoding: 'utf8' })
    const [nanoseconds, sum] = stdout.split(' ').map(Number)
    strictEqual(sum, sumOf(many))
    return nanoseconds! / 1e6 / many
  }
  await compare('ring between threads, 64 B / C', ring, inC, { timesAsFast: 0.6 })
}
rmSync(folder, { recursive: true })
process.exit()

/**
 * An actor's line to the supervisor: it starts with the config, carries events out and words in, and ends when the supervisor
 * dies. The other side of this protocol is run/start-process.ts and run/start-thread.ts.
 */
import { readSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { Unavailable } from '../../errors.js'
import type { Event } from '../../events.js'
import { dieWithParent } from '../../ipc/libc.js'
import { ownThreadId } from '../../proc/links.js'
import { lineSplitter } from '../../text.js'

export const lineOut = 3
const lineIn = 4

export interface Line {
  name: string
  config: unknown
  tid: number
  send(event: Event): void
  onWord(listen: (word: unknown) => void): void
  /** Whether this line alone keeps the actor alive. */
  keepAlive(alive: boolean): void
}

interface FirstLine {
  name: string
  config: unknown
  /** Whether setpriv(1) has asked the kernel to kill us when the supervisor dies. */
  hasDeathSignal: boolean
}

/** Exits with the supervisor. Not by process.exit: that waits for a thread of the pool which is blocked in open(2). */
export function die(): never {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('unreachable: SIGKILL cannot be caught')
}

/** The line of an actor that is a process: descriptors 3 and 4. @param write puts text on descriptor 3 */
export function processLine(write: (text: string) => void): Line {
  // The terminal sends these to the whole foreground group. The supervisor decides what they mean.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => {})
  const { text, rest } = firstLine()
  // What run/start-process.ts writes first.
  const { hasDeathSignal, ...start } = JSON.parse(text) as FirstLine
  if (!hasDeathSignal) askForDeathSignal()
  const socket = new Socket({ fd: lineIn })
  return {
    ...start,
    tid: process.pid,
    send: (event) => write(`${JSON.stringify(event)}\n`),
    onWord(listen) {
      const take = lineSplitter((line) => listen(JSON.parse(line)))
      // A word may have arrived together with the config.
      take(rest)
      socket.on('data', take)
      // Unreferenced: an actor that is done exits, although the supervisor still holds the line.
      socket.on('end', die).on('error', die).unref()
    },
    keepAlive: (alive) => void (alive ? socket.ref() : socket.unref()),
  }
}

/**
 * Where setpriv(1) has not done it, we ask the kernel to kill us when the supervisor dies. Without FFI there is only the end
 * of descriptor 4, which an actor does not notice while its event loop waits in a call.
 */
function askForDeathSignal(): void {
  const supervisor = process.ppid
  try {
    dieWithParent()
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
  }
  if (process.ppid !== supervisor) die()
}

/** Read synchronously, before anything else: the config decides what this process is. @returns also what came after it */
function firstLine(): { text: string; rest: Buffer } {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.alloc(65_536)
    const length = readSync(lineIn, chunk)
    if (length === 0) die()
    const end = chunk.subarray(0, length).indexOf('\n')
    if (end >= 0) {
      const text = Buffer.concat([...chunks, chunk.subarray(0, end)]).toString()
      return { text, rest: chunk.subarray(end + 1, length) }
    }
    chunks.push(chunk.subarray(0, length))
  }
}

/** Writes synchronously, so that what is reported before a call that blocks is known while it blocks. */
export function writeLine(text: string): void {
  const bytes = Buffer.from(text)
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(lineOut, bytes, done)
  } catch {
    die()
  }
}

/** The line of an actor that is a thread: messages. */
export function threadLine(): Line {
  // What run/start-thread.ts passes.
  const { name, config } = workerData as { name: string; config: unknown }
  // A worker has a port to its parent.
  const port = parentPort!
  const tid = ownThreadId() ?? 0
  port.postMessage({ tid })
  return {
    name,
    config,
    tid,
    send: (event) => port.postMessage(event),
    onWord: (listen) => port.on('message', listen).unref(),
    keepAlive: (alive) => (alive ? port.ref() : port.unref()),
  }
}

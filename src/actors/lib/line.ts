/**
 * An actor's line to the supervisor: first the config, then events to the supervisor and commands from it. When the supervisor
 * dies, so does the actor. The other end of this protocol is in run/start-process.ts and run/start-thread.ts.
 */
import { readSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { isSystemError, OsdemoError } from '../../errors.js'
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
  /** With true, the event loop continues while it only waits for a command. */
  keepAlive(alive: boolean): void
}

interface FirstLine {
  name: string
  config: unknown
  /** Whether setpriv(1) has asked the kernel to kill this process when the supervisor dies. */
  hasDeathSignal: boolean
}

/** Dies with the supervisor. process.exit is no alternative: it waits for a pool thread, which may be blocked in open(2). */
export function die(): never {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('unreachable: SIGKILL cannot be caught')
}

/** The line of an actor that is a process: descriptors 3 and 4. @param write writes text to descriptor 3 */
export function processLine(write: (text: string) => void): Line {
  // The terminal sends these to the whole foreground process group. Only the supervisor reacts to them.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => {})
  const { text, rest } = firstLine()
  // The cast holds because run/start-process.ts writes this record first.
  const { hasDeathSignal, ...start } = JSON.parse(text) as FirstLine
  if (!hasDeathSignal) askForDeathSignal()
  const socket = new Socket({ fd: lineIn })
  return {
    ...start,
    tid: process.pid,
    send: (event) => write(`${JSON.stringify(event)}\n`),
    onWord(listen) {
      const take = lineSplitter((line) => listen(JSON.parse(line)))
      // A command may have arrived together with the config.
      take(rest)
      socket.on('data', take)
      // Unreferenced, so that an actor exits when it is done, although the supervisor still has the line open.
      socket.on('end', die).on('error', die).unref()
    },
    keepAlive: (alive) => void (alive ? socket.ref() : socket.unref()),
  }
}

/**
 * Where setpriv(1) has not done it, the actor asks the kernel to kill it when the supervisor dies. Without FFI, or where a filter of
 * system calls denies prctl(2), only end of file on descriptor 4 remains. An actor does not read that while its event loop is
 * blocked in a call.
 */
function askForDeathSignal(): void {
  const supervisor = process.ppid
  try {
    dieWithParent()
  } catch (error) {
    if (!(error instanceof OsdemoError || isSystemError(error))) throw error
  }
  if (process.ppid !== supervisor) die()
}

/** Reads the config synchronously, because the actor needs it before anything else. @returns also the bytes after it */
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

/** Writes synchronously, so that an event before a blocking call reaches the supervisor while the call blocks. */
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
  // The cast holds because run/start-thread.ts passes this record.
  const { name, config } = workerData as { name: string; config: unknown }
  // A worker thread always has a port to its parent.
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

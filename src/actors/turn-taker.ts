/**
 * One side of a dialogue in turns over one FIFO. It never has both directions open: it writes and closes, then it reads to end of
 * file and closes. The other side does the opposite, so open(2) and end of file pass the turn.
 */
import { closeSync, read, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { systemCallError } from '../errors.js'
import { now } from '../events.js'
import { type End, openFifo } from '../ipc/fifo.js'
import { accessMode, fdFlags } from '../proc/fds.js'
import { runActor } from './lib/runtime.js'

export interface TurnTakerConfig {
  path: string
  /** What it says, one text in each of its turns. */
  texts: string[]
  /** Whether it speaks before it listens. */
  begins: boolean
}

declare module '../actor-types.js' {
  interface Actors {
    'turn-taker': { config: TurnTakerConfig; word: never; runsAs: 'process' }
  }
}

/** A text that is longer is no text of this dialogue: another process has written to the FIFO. */
const longest = 256

runActor<'turn-taker'>(async ({ say, config: { path, texts, begins } }) => {
  let sent = 0
  let received = 0

  async function open(end: End): Promise<number> {
    const object = `the FIFO for ${end}`
    say({ event: 'call', phase: 'begin', call: 'open', object })
    const fd = await openFifo(path, end, true)
    say({ event: 'call', phase: 'end', call: 'open', object, result: fd })
    const info = fdFlags(process.pid, fd)
    if (!info) return fd
    const access = accessMode(info.flags) ?? ''
    const source = `/proc/${process.pid}/fdinfo/${fd}`
    say({
      event: 'evidence',
      source,
      value: `flags: 0${info.flags.toString(8)}`,
      about: access,
      data: { access },
    })
    return fd
  }

  function close(fd: number, end: End): void {
    const begin = now()
    closeSync(fd)
    // With the time before the call: the other side may get end of file before it returns.
    say({ event: 'call', phase: 'end', call: 'close', object: `the FIFO for ${end}`, result: 0 }, begin)
  }

  async function speak(text: string): Promise<void> {
    const fd = await open('writing')
    const line = Buffer.from(text)
    const begin = now()
    try {
      writeSync(fd, line)
    } catch (error) {
      throw systemCallError(error, 'cannot write to the FIFO')
    }
    say({ event: 'sent', channel: path, seq: sent++, bytes: line.length, text }, begin)
    close(fd, 'writing')
  }

  async function listen(): Promise<void> {
    const fd = await open('reading')
    const chunk = Buffer.alloc(longest + 1)
    let bytes = 0
    for (let got = -1; got !== 0 && bytes <= longest; bytes += got) {
      got = (await promisify(read)(fd, chunk, bytes, chunk.length - bytes, null)).bytesRead
    }
    const text = chunk.toString('utf8', 0, bytes)
    say({ event: 'received', channel: path, seq: received++, bytes, text })
    close(fd, 'reading')
  }

  for (const text of texts) {
    if (begins) await speak(text)
    await listen()
    if (!begins) await speak(text)
  }
})

/** Named pipes: the two tools `pipe read` and `pipe write`, and the demo that shows both ends at once. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { FifoReaderConfig } from '../../actors/fifo-reader.js'
import type { FifoWriterConfig } from '../../actors/fifo-writer.js'
import type { Event } from '../../events.js'
import { fdFlags, openFiles } from '../../proc/fds.js'
import { isAlive } from '../../proc/stat.js'
import type { Actor } from '../../run/actor.js'
import { runtimeFolder } from '../../run/runtime-folder.js'
import type { Demo, Stage } from '../../run/stage.js'
import { quoted } from '../../shell-quote.js'
import { seeWait } from '../shared/claim-waiting.js'
import { ensureFifo, makePrivateFifo } from '../shared/fifo.js'
import { requireProc } from '../shared/require-proc.js'

/** Where the user has `--path`, and else where two terminals of one user find each other. */
function choosePath(path: string | undefined): { path: string; ours: boolean } {
  return path === undefined ? { path: join(runtimeFolder(), 'pipe'), ours: true } : { path, ours: false }
}

/** The words to type in the other terminal. */
function otherTerminal(end: 'read' | 'write', path: string | undefined): string {
  return `in another terminal: osdemo pipe ${end}${path === undefined ? '' : ` --path ${quoted(path)}`}`
}

export interface PipeReadOptions {
  path?: string | undefined
  follow: boolean
  max: number | null
  /** Copy what comes to stdout. */
  copy: boolean
  /** Make an event of every message. */
  report: boolean
}

export function pipeRead(options: PipeReadOptions): Demo {
  return async (stage) => {
    const { path, ours } = choosePath(options.path)
    await ensureFifo(stage, path)
    stage.note(otherTerminal('write', options.path))
    const config: FifoReaderConfig = {
      path,
      ours,
      follow: options.follow,
      max: options.max,
      copy: options.copy,
      report: options.report,
    }
    const reader = await stage.start(
      { program: 'fifo-reader', name: 'reader', config },
      { stdout: options.copy },
    )
    await reader.ended
  }
}

export interface PipeWriteOptions {
  path?: string | undefined
  /** A number stands for so many numbered ones; null copies stdin. */
  messages: string[] | number | null
  rounds: number
  intervalMs: number
}

export function pipeWrite(options: PipeWriteOptions): Demo {
  return async (stage) => {
    const { path, ours } = choosePath(options.path)
    await ensureFifo(stage, path)
    stage.note(otherTerminal('read', options.path))
    const { messages, rounds, intervalMs } = options
    const config: FifoWriterConfig = { path, ours, messages, rounds, intervalMs, hold: false }
    const writer = await stage.start(
      { program: 'fifo-writer', name: 'writer', config },
      { stdin: messages === null },
    )
    await writer.ended
  }
}

/** Ten messages, as in the lecture, but ten a second. */
const messages = Array.from({ length: 10 }, (_, i) => `Message ${i}`)

/** Both ends as two processes; the supervisor looks at them through /proc. */
export const pipeDemo: Demo = async (stage) => {
  requireProc('pipe demo')
  const path = join(runtimeFolder(), `pipe-demo-${process.pid}`)
  const fifo = await makePrivateFifo(stage, path)
  stage.evidence(
    `stat ${path}`,
    `a FIFO, inode ${fifo.ino}, size ${statSync(path).size}`,
    'a name in the file system',
  )

  const reader = await stage.start({
    program: 'fifo-reader',
    name: 'reader',
    config: {
      path,
      ours: true,
      follow: false,
      max: null,
      copy: false,
      report: true,
    } satisfies FifoReaderConfig,
  })
  await reader.until('call', ({ call }) => call === 'open')
  await seeWait(stage, {
    pid: reader.id,
    calls: ['openat', 'open'],
    id: 'fifo/reader-blocks-in-open',
    claim: 'the reader waits in open(2): there is no writer yet',
  })

  const writer = await stage.start({
    program: 'fifo-writer',
    name: 'writer',
    config: { path, ours: true, messages, rounds: 1, intervalMs: 100, hold: true } satisfies FifoWriterConfig,
  })
  await reader.until('call', ({ call, phase }) => call === 'open' && phase === 'end')
  await reader.until('received', ({ seq }) => seq === 2)
  seeBothEnds(stage, [reader, writer], fifo.ino)

  await reader.until('received', ({ seq }) => seq === messages.length - 1)
  const early = reader.events.some(isEndOfFile)
  writer.tell('close')
  await Promise.all([reader.ended, writer.ended])
  const got = reader.events.flatMap((event) => (event.event === 'received' ? [event.text] : []))
  stage.claim(
    'pipe/messages-arrive-in-order',
    `all ${messages.length} messages came, in order and unchanged`,
    JSON.stringify(got) === JSON.stringify(messages),
  )
  stage.claim(
    'pipe/end-of-file-after-last-writer',
    'the reader saw end of file when the writer had closed, not before',
    !early && reader.events.some(isEndOfFile),
  )
  stage.claim('process/none-is-left', 'both processes are gone', !isAlive(reader.id) && !isAlive(writer.id))
}

function isEndOfFile(event: Event): boolean {
  return event.event === 'call' && event.call === 'read' && event.result === 0
}

/** Claims that both processes hold the one inode open, one for reading and one for writing. */
function seeBothEnds(stage: Stage, actors: Actor[], ino: number): void {
  const ends = actors.map((actor) => {
    const file = openFiles(actor.id).find((open) => open.ino === ino)
    const way = file && ['O_RDONLY', 'O_WRONLY'][(fdFlags(actor.id, file.fd)?.flags ?? 0) & 3]
    const source = `/proc/${actor.id}/fd/${file?.fd ?? ''}`
    stage.evidence(
      source,
      file ? `inode ${file.ino}, ${way}` : 'not open',
      `the end that the ${actor.name} holds`,
    )
    return way
  })
  stage.claim(
    'fifo/both-ends-open-one-inode',
    `both hold inode ${ino} open, the reader read-only and the writer write-only`,
    ends[0] === 'O_RDONLY' && ends[1] === 'O_WRONLY',
  )
}

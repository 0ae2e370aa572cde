/** A reader and a writer of one FIFO as two processes; the supervisor observes them through /proc. */
import { realpathSync, statSync } from 'node:fs'
import { type Event, isEndOfFile, now } from '../../events.js'
import { accessMode, fdFlags, holders } from '../../proc/fds.js'
import { isAlive } from '../../proc/stat.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { seeWait } from '../shared/claim-waiting.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { requireProc } from '../shared/require-proc.js'

/** The lecture's ten messages. The writer sends ten a second, so that the demo stays short. */
const messages = Array.from({ length: 10 }, (_, i) => `Message ${i}`)

/** The name of the private FIFO in events of the actors: its path is long, and there is only this one. */
const label = 'the FIFO'

export const pipeDemo: Demo = async (stage) => {
  requireProc('pipe demo')
  stage.note(
    'Opening a FIFO blocks until the other end is opened too. ' +
      'Watch the reader wait in open(2) until the writer arrives.',
    'opening',
  )
  const path = await makePrivateFifo(stage, 'fifo')
  const { ino, size } = statSync(path)
  const fifo = { path: realpathSync(path), ino }
  stage.evidence(`stat ${path}`, `Size: ${size}, fifo, Inode: ${ino}`, 'a FIFO stores nothing on disk', {
    data: { ino, size },
  })

  const reader = await stage.start({
    program: 'fifo-reader',
    name: 'reader',
    config: {
      path,
      label,
      ours: true,
      follow: false,
      max: null,
      copy: false,
      report: true,
    },
  })
  await reader.until('call', ({ call }) => call === 'open')
  const isOpen = (event: Event) => event.event === 'call' && event.call === 'open' && event.phase === 'end'
  await seeWait(stage, {
    pid: reader.id,
    calls: ['openat', 'open'],
    hasReturned: () => reader.events.some(isOpen),
    id: 'fifo/reader-blocks-in-open',
    claim: 'Opening a FIFO for reading blocks until a writer opens it: the reader is blocked in open(2).',
  })

  stage.note('The writer starts. When it opens the FIFO, both calls of open(2) return.')
  const writer = await stage.start({
    program: 'fifo-writer',
    name: 'writer',
    config: { path, label, ours: true, messages, rounds: 1, intervalMs: 100, hold: true },
  })
  await reader.until('call', ({ call, phase }) => call === 'open' && phase === 'end')
  await reader.until('received', ({ seq }) => seq === 2)
  seeBothEnds(stage, [reader, writer], fifo)

  await reader.until('received', ({ seq }) => seq === messages.length - 1)
  const closing = now()
  writer.tell('close')
  await Promise.all([reader.ended, writer.ended])
  const got = reader.events.flatMap((event) => (event.event === 'received' ? [event.text] : []))
  stage.claim(
    'pipe/messages-arrive-in-order',
    `A pipe delivers bytes in the order in which they were written: all ${messages.length} messages arrived unchanged.`,
    JSON.stringify(got) === JSON.stringify(messages),
  )
  stage.claim(
    'pipe/end-of-file-after-last-writer',
    "End of file comes when the last writer closes: only then did the reader's read(2) return 0.",
    (reader.events.find(isEndOfFile)?.t ?? 0) > closing,
  )
  stage.claim(
    'process/none-is-left',
    `A reaped process leaves nothing behind: pids ${reader.id} and ${writer.id} no longer exist.`,
    !isAlive(reader.id) && !isAlive(writer.id),
  )
  stage.note(
    'A FIFO connects processes that share nothing but a path. ' +
      'They wait for each other in open(2), and close(2) by the last writer becomes end of file.',
    'closing',
  )
  stage.note('Next: run `osdemo pipe read`, and in another terminal `osdemo pipe write`.', 'next')
}

/** Shows that both processes have the same inode open, one for reading and one for writing. */
function seeBothEnds(stage: Stage, actors: Actor[], { path, ino }: { path: string; ino: number }): void {
  const ends = actors.map((actor) => {
    const [file] = holders(path, ino, [actor.id])
    const info = file && fdFlags(actor.id, file.fd)
    const way = info && accessMode(info.flags)
    const source = `/proc/${actor.id}/fdinfo/${file?.fd ?? ''}`
    // Linux before 5.14 does not list the inode there.
    const inode = info?.ino === undefined ? '' : `, ino: ${info.ino}`
    const fields = info ? `flags: 0${info.flags.toString(8)}${inode}` : 'no such descriptor'
    const end = way === 'O_RDONLY' ? 'read end' : 'write end'
    stage.evidence(source, fields, way ? `${way}, ${end}` : '', {
      data: { ino: file ? ino : null, access: way ?? null },
    })
    return way
  })
  stage.claim(
    'fifo/both-ends-open-one-inode',
    `Both ends of a FIFO are one inode: the reader has ${ino} open read-only, the writer write-only.`,
    ends[0] === 'O_RDONLY' && ends[1] === 'O_WRONLY',
  )
}

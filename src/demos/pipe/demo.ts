/** Both ends of a FIFO as two processes; the supervisor looks at them through /proc. */
import { realpathSync, statSync } from 'node:fs'
import { isEndOfFile } from '../../events.js'
import { accessMode, fdFlags, holders } from '../../proc/fds.js'
import { isAlive } from '../../proc/stat.js'
import type { Actor } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { seeWait } from '../shared/claim-waiting.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { requireProc } from '../shared/require-proc.js'

/** Ten messages, as in the lecture, but ten a second. */
const messages = Array.from({ length: 10 }, (_, i) => `Message ${i}`)

export const pipeDemo: Demo = async (stage) => {
  requireProc('pipe demo')
  const path = await makePrivateFifo(stage, 'fifo')
  const { ino, size } = statSync(path)
  stage.evidence(`stat ${path}`, `a FIFO, inode ${ino}, size ${size}`, 'a name in the file system', {
    data: { ino, size },
  })

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
    },
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
    config: { path, ours: true, messages, rounds: 1, intervalMs: 100, hold: true },
  })
  await reader.until('call', ({ call, phase }) => call === 'open' && phase === 'end')
  await reader.until('received', ({ seq }) => seq === 2)
  seeBothEnds(stage, [reader, writer], path, ino)

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

/** Claims that both processes hold the one inode open, one for reading and one for writing. */
function seeBothEnds(stage: Stage, actors: Actor[], path: string, ino: number): void {
  const ends = actors.map((actor) => {
    const [file] = holders(realpathSync(path), ino, [actor.id])
    const info = file && fdFlags(actor.id, file.fd)
    const way = info && accessMode(info.flags)
    const source = `/proc/${actor.id}/fd/${file?.fd ?? ''}`
    stage.evidence(
      source,
      file ? `inode ${ino}, ${way}` : 'not open',
      `the end that the ${actor.name} holds`,
      { data: { ino: file ? ino : null, access: way ?? null } },
    )
    return way
  })
  stage.claim(
    'fifo/both-ends-open-one-inode',
    `both hold inode ${ino} open, the reader read-only and the writer write-only`,
    ends[0] === 'O_RDONLY' && ends[1] === 'O_WRONLY',
  )
}

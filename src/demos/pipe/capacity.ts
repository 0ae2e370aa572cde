/** How much a pipe holds: the demo fills it until write(2) fails, and compares that with what the kernel reports. */
import type { FifoWriterConfig } from '../../actors/fifo-writer.js'
import type { FillerSource, PipeFillerConfig } from '../../actors/pipe-filler.js'
import { now } from '../../events.js'
import { pipeSizeLimit } from '../../proc/limits.js'
import type { Actor, ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted, thousands } from '../../text.js'
import { seeWait } from '../shared/claim-waiting.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { requireProc } from '../shared/require-proc.js'
import { toldNumber } from '../shared/told-number.js'

export interface PipeCapacityOptions {
  /** Show small writes of one size only. */
  brief: boolean
}

/** A pipe, the actor that holds both its ends, and its sizes in bytes. */
interface Pipe {
  filler: ActorOf<'pipe-filler'>
  path: string
  capacity: number
  page: number
}

export function pipeCapacity({ brief }: PipeCapacityOptions): Demo {
  return async (stage) => {
    requireProc('pipe capacity')
    stage.note(
      'A pipe is a ring of memory pages, and it is full when every page is in use. ' +
        'Watch a full pipe refuse one writer and block another.',
      'opening',
    )
    const path = await makePrivateFifo(stage, 'pipe-capacity')
    const config: PipeFillerConfig = { path }
    const filler = await stage.start({ program: 'pipe-filler', name: 'filler', config })
    const page = await answer(filler, 'getpagesize(2)')
    const capacity = await answer(filler, 'fcntl F_GETPIPE_SZ')
    const pipe: Pipe = { filler, path, page, capacity }

    await showFull(stage, pipe)
    await showRoom(stage, pipe)
    await showBlocked(stage, pipe)
    await showSmallWrites(stage, pipe, brief)
    await showLimit(stage, pipe)
    filler.tell('end')
    await filler.ended
    stage.note(
      'A pipe is a bounded buffer: a full pipe blocks the writer, and an empty pipe blocks the reader. ' +
        'So a fast writer is never more than the capacity ahead of a slow reader.',
      'closing',
    )
    stage.note('Next: `osdemo pipe half-duplex` shows why a dialogue needs two pipes.', 'next')
  }
}

/** The number that the filler reported from this source, after `since`. */
function answer(filler: Actor, source: FillerSource, since = 0): Promise<number> {
  return toldNumber(filler, { source, since })
}

/** Has the filler do this, and returns how many bytes the kernel counts in the pipe afterwards. */
function countAfter({ filler }: Pipe, word: 'count' | `fill ${number}`): Promise<number> {
  const begin = now()
  filler.tell(word)
  return answer(filler, 'ioctl FIONREAD', begin)
}

async function take({ filler }: Pipe, bytes: number): Promise<void> {
  const begin = now()
  filler.tell(`take ${bytes}`)
  await filler.until('tally', ({ t }) => t >= begin)
}

/** Whether poll(2) reports that a write would not block. */
async function pollRoom({ filler }: Pipe): Promise<boolean> {
  const begin = now()
  filler.tell('poll')
  return (await answer(filler, 'poll(2)', begin)) > 0
}

/** Fills the pipe with writes of this size until one fails. */
async function fill(pipe: Pipe, size: number) {
  const begin = now()
  const held = await countAfter(pipe, `fill ${size}`)
  const { errno } = await pipe.filler.until('call', ({ call, t }) => call === 'write' && t >= begin)
  const tally = pipe.filler.events.findLast((event) => event.event === 'tally' && event.t >= begin)
  const { messages, bytes } = tally?.event === 'tally' ? tally : { messages: 0, bytes: 0 }
  return { held, messages, bytes, errno }
}

async function showFull(stage: Stage, pipe: Pipe): Promise<void> {
  const { page, capacity } = pipe
  stage.note('The filler has both ends open. It writes page after page until write(2) fails.')
  const { held, bytes, errno } = await fill(pipe, page)
  stage.claim(
    'pipe/holds-its-capacity',
    `A pipe holds exactly its capacity: it took ${thousands(bytes)} bytes, then write(2) failed with ${errno}.`,
    bytes === capacity && held === capacity && errno === 'EAGAIN',
  )
}

async function showRoom(stage: Stage, pipe: Pipe): Promise<void> {
  const { page } = pipe
  stage.note('It reads one byte of the first page, and then the rest of that page.')
  await take(pipe, 1)
  const early = await pollRoom(pipe)
  const refused = await fill(pipe, 1)
  stage.claim(
    'pipe/partly-read-page-gives-no-room',
    'Room in a pipe is counted in pages: after one byte is read, write(2) still fails with EAGAIN.',
    !early && refused.bytes === 0 && refused.errno === 'EAGAIN',
  )
  await take(pipe, page - 1)
  const ready = await pollRoom(pipe)
  const { bytes } = await fill(pipe, page)
  stage.claim(
    'pipe/wholly-read-page-gives-room',
    `A page is free when all of it has been read: now write(2) takes ${thousands(bytes)} bytes.`,
    ready && bytes === page,
  )
}

/** Shows that a process without O_NONBLOCK blocks where the filler got EAGAIN. */
async function showBlocked(stage: Stage, pipe: Pipe): Promise<void> {
  const { path, page, capacity } = pipe
  const message = 'one more'
  const config: FifoWriterConfig = {
    path,
    ours: true,
    messages: [message],
    rounds: 1,
    intervalMs: 0,
    hold: false,
    label: 'the FIFO',
  }
  stage.note('Another process, without O_NONBLOCK, writes to the full pipe.')
  const writer = await stage.start({ program: 'fifo-writer', name: 'writer', config })
  // A writer that does not block does not report this call.
  await Promise.race([
    writer.until('call', ({ call, phase }) => call === 'write' && phase === 'begin'),
    writer.ended,
  ])
  await seeWait(stage, {
    pid: writer.id,
    calls: ['write'],
    hasReturned: () => writer.events.some(({ event }) => event === 'sent'),
    id: 'pipe/writer-blocks-when-full',
    claim: 'Without O_NONBLOCK, a writer blocks while the pipe is full: this one is blocked in write(2).',
  })
  await take(pipe, page)
  await writer.ended
  const held = await countAfter(pipe, 'count')
  const expected = capacity - page + message.length + 1
  stage.claim(
    'pipe/blocked-writer-continues-after-read',
    `A blocked writer continues when a page becomes free: the pipe now holds ${thousands(held)} bytes.`,
    held === expected && writer.events.some(isWritten),
  )
  await take(pipe, held)
}

function isWritten(event: { event: string; call?: string; phase?: string }): boolean {
  return event.event === 'call' && event.call === 'write' && event.phase === 'end'
}

async function showSmallWrites(stage: Stage, pipe: Pipe, brief: boolean): Promise<void> {
  const { page, capacity } = pipe
  const half = page / 2 + 1
  let asPages = true
  stage.note('Now the pipe is empty, and the filler fills it with small writes.')
  for (const size of brief ? [half] : [half, 1000, 1]) {
    const { held, messages, bytes, errno } = await fill(pipe, size)
    asPages &&= messages === (capacity / page) * Math.floor(page / size)
    stage.claim(
      'pipe/small-writes-fill-it',
      `Small writes fill a pipe too: ${counted(messages, 'write')} of ${counted(size, 'byte')} (${thousands(bytes)} in all), then ${errno}.`,
      held === bytes && errno === 'EAGAIN',
    )
    await take(pipe, held)
  }
  if (!asPages)
    return stage.note('Not observed: this kernel does not pack small writes page by page.', 'aside')
  stage.note(
    'Small writes share a page until one does not fit, and that one starts a new page. ' +
      `So a pipe holds only one write of ${thousands(half)} bytes per page.`,
    'aside',
  )
}

/** Shows the largest capacity that an ordinary user may set, and that the kernel refuses more. */
async function showLimit(stage: Stage, { filler, page }: Pipe): Promise<void> {
  const limit = pipeSizeLimit()
  if (limit === undefined)
    return stage.note('Not observed: /proc/sys/fs/pipe-max-size cannot be read here.', 'aside')
  stage.evidence(
    '/proc/sys/fs/pipe-max-size',
    `${limit}`,
    'the largest capacity that an ordinary user may set',
    {
      data: limit,
    },
  )
  stage.note('The filler asks for a larger capacity than that.')
  const resize = async (verb: 'resize' | 'resize-plainly') => {
    const begin = now()
    filler.tell(`${verb} ${limit + page}`)
    return filler.until('call', ({ call, t }) => call === 'fcntl' && t >= begin)
  }
  let { errno } = await resize('resize')
  if (errno === undefined) {
    stage.note(
      'The kernel allowed it, because this process has CAP_SYS_RESOURCE. The filler drops that and tries again.',
      'aside',
    )
    errno = (await resize('resize-plainly')).errno
  }
  stage.claim(
    'pipe/growing-beyond-limit-is-refused',
    `An ordinary user cannot grow a pipe beyond ${thousands(limit)} bytes: F_SETPIPE_SZ ${errno === undefined ? 'succeeded' : `failed with ${errno}`}.`,
    errno === 'EPERM',
  )
}

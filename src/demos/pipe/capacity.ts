/** How much a pipe holds: it is filled until the kernel refuses, and the kernel is asked. */
import type { FifoWriterConfig } from '../../actors/fifo-writer.js'
import type { FillerSource, PipeFillerConfig } from '../../actors/pipe-filler.js'
import { now } from '../../events.js'
import { pipeSizeLimit } from '../../proc/limits.js'
import type { Actor, ActorOf } from '../../run/actor.js'
import type { Demo, Stage } from '../../run/stage.js'
import { seeWait } from '../shared/claim-waiting.js'
import { makePrivateFifo } from '../shared/fifo.js'
import { requireProc } from '../shared/require-proc.js'
import { toldNumber } from '../shared/told-number.js'

export interface PipeCapacityOptions {
  /** Fills it in one size of small writes only. */
  brief: boolean
}

/** A pipe and what is known of it, sizes in bytes. */
interface Pipe {
  filler: ActorOf<'pipe-filler'>
  path: string
  capacity: number
  page: number
}

export function pipeCapacity({ brief }: PipeCapacityOptions): Demo {
  return async (stage) => {
    requireProc('pipe capacity')
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
  }
}

/** What the kernel answered the filler, since this time. */
function answer(filler: Actor, source: FillerSource, since = 0): Promise<number> {
  return toldNumber(filler, { source, since })
}

/** How many bytes the kernel counts in the pipe, after this step. */
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

/** Whether poll(2) says that a write would pass. */
async function pollRoom({ filler }: Pipe): Promise<boolean> {
  const begin = now()
  filler.tell('poll')
  return (await answer(filler, 'poll(2)', begin)) > 0
}

/** Fills the pipe in writes of this size. */
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
  const { held, bytes, errno } = await fill(pipe, page)
  stage.claim(
    'pipe/holds-its-capacity',
    `it took ${bytes} bytes, as much as F_GETPIPE_SZ and FIONREAD say, and then answered ${errno}`,
    bytes === capacity && held === capacity && errno === 'EAGAIN',
  )
}

async function showRoom(stage: Stage, pipe: Pipe): Promise<void> {
  const { page } = pipe
  await take(pipe, 1)
  const early = await pollRoom(pipe)
  const refused = await fill(pipe, 1)
  stage.claim(
    'pipe/partly-read-page-gives-no-room',
    'one byte read makes no room for one: no POLLOUT, and EAGAIN again',
    !early && refused.bytes === 0 && refused.errno === 'EAGAIN',
  )
  await take(pipe, page - 1)
  const ready = await pollRoom(pipe)
  const { bytes } = await fill(pipe, page)
  stage.claim(
    'pipe/wholly-read-page-gives-room',
    `when the whole page of ${page} bytes is read there is: POLLOUT, and a write of ${bytes} bytes passes`,
    ready && bytes === page,
  )
  stage.note(
    'A pipe is a ring of pages, and room is counted in pages: one is free when all of it was read.',
    'aside',
  )
}

/** Another process that has not set O_NONBLOCK waits where the filler got EAGAIN. */
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
  }
  const writer = await stage.start({ program: 'fifo-writer', name: 'writer', config })
  await writer.until('call', ({ call, phase }) => call === 'write' && phase === 'begin')
  await seeWait(stage, {
    pid: writer.id,
    calls: ['write'],
    id: 'pipe/writer-blocks-when-full',
    claim: 'without O_NONBLOCK a writer waits in write(2) for room',
  })
  await take(pipe, page)
  await writer.ended
  const held = await countAfter(pipe, 'count')
  const expected = capacity - page + message.length + 1
  stage.claim(
    'pipe/blocked-writer-continues-after-read',
    `a page is read, and its write returns: ${held} bytes are in the pipe`,
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
  for (const size of brief ? [half] : [half, 1000, 1]) {
    const { held, messages, bytes, errno } = await fill(pipe, size)
    asPages &&= messages === (capacity / page) * Math.floor(page / size)
    const pieces = size === 1 ? 'single bytes' : `writes of ${size} bytes`
    stage.claim(
      'pipe/small-writes-fill-it',
      `${messages} ${pieces} fill it with ${bytes} of ${capacity} bytes; the next is ${errno}`,
      held === bytes && errno === 'EAGAIN',
    )
    await take(pipe, held)
  }
  if (!asPages) return stage.note('this kernel does not keep such writes in pages of their own', 'aside')
  stage.note(
    'As many as fit into a page went into each, and none into two: what does not fit behind the last begins a new page. ' +
      `So writes of ${half} bytes, one a page, waste almost half of it.`,
    'aside',
  )
}

/** How much more an ordinary user may have, and that the kernel refuses what is beyond. */
async function showLimit(stage: Stage, { filler, page }: Pipe): Promise<void> {
  const limit = pipeSizeLimit()
  if (limit === undefined) return stage.note('/proc/sys/fs/pipe-max-size cannot be read here', 'aside')
  stage.evidence('/proc/sys/fs/pipe-max-size', `${limit}`, 'the most that an ordinary user may give a pipe', {
    data: limit,
  })
  const resize = async (verb: 'resize' | 'resize-plainly') => {
    const begin = now()
    filler.tell(`${verb} ${limit + page}`)
    return filler.until('call', ({ call, t }) => call === 'fcntl' && t >= begin)
  }
  let { errno } = await resize('resize')
  if (errno === undefined) {
    stage.note('allowed, for this process has CAP_SYS_RESOURCE; it lays that down and asks again', 'aside')
    errno = (await resize('resize-plainly')).errno
  }
  stage.claim(
    'pipe/growing-beyond-limit-is-refused',
    `beyond ${limit} bytes F_SETPIPE_SZ is refused to an ordinary user: ${errno}`,
    errno === 'EPERM',
  )
}

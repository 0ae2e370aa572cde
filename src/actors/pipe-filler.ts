/** Has both ends of a FIFO open, nonblocking. It fills and empties the pipe on command, and reports what the kernel counts. */
import { readSync, writeSync } from 'node:fs'
import { errnoOf, systemCallError } from '../errors.js'
import { now } from '../events.js'
import { openBothEnds } from '../ipc/fifo.js'
import { withoutCapability } from '../ipc/libc.js'
import { bytesInPipe, hasRoom, pageSize, pipeCapacity, resizePipe } from '../ipc/pipe-room.js'
import { counted } from '../text.js'
import { runActor, splitWord } from './lib/runtime.js'

export interface PipeFillerConfig {
  path: string
}

/**
 * What the supervisor may send. `fill N`: write N bytes at a time until EAGAIN. `take N`: read N bytes. `resize N`: set the
 * capacity to N bytes. `resize-plainly N`: the same without the capability to exceed the limit. `poll`: report whether there is
 * room. `fill` and `count` report how many bytes the kernel counts in the pipe.
 */
export type FillerWord =
  | `${'fill' | 'take' | 'resize' | 'resize-plainly'} ${number}`
  | 'count'
  | 'poll'
  | 'end'

/** The source of its evidence. */
export type FillerSource = 'getpagesize(2)' | 'fcntl F_GETPIPE_SZ' | 'ioctl FIONREAD' | 'poll(2)'

/** CAP_SYS_RESOURCE of linux/capability.h. */
const sysResource = 24

declare module '../actor-types.js' {
  interface Actors {
    'pipe-filler': { config: PipeFillerConfig; word: FillerWord; runsAs: 'process' }
  }
}

runActor<'pipe-filler'>(async ({ say, config: { path }, nextWord }) => {
  const { reading, writing } = openBothEnds(path)
  say({ event: 'call', phase: 'end', call: 'open', object: 'both ends of the FIFO with O_NONBLOCK' })
  const tell = (source: FillerSource, data: number, about: string, value = `${data}`) =>
    say({ event: 'evidence', source, value, about, data })

  function fill(size: number): void {
    const piece = Buffer.alloc(size, '.')
    const since = now()
    let messages = 0
    let bytes = 0
    for (;;) {
      try {
        bytes += writeSync(writing, piece)
        messages++
      } catch (error) {
        const errno = errnoOf(error)
        if (errno !== 'EAGAIN') throw systemCallError(error, 'cannot write to the FIFO')
        if (messages > 0) say({ event: 'tally', channel: path, direction: 'sent', messages, bytes, since })
        say({ event: 'call', phase: 'end', call: 'write', object: `of ${counted(size, 'more byte')}`, errno })
        return
      }
    }
  }

  function take(size: number): void {
    const since = now()
    const chunk = Buffer.alloc(size)
    let bytes = 0
    for (let got = -1; got !== 0 && bytes < size; bytes += got) got = readNow(reading, chunk, size - bytes)
    // With the time when the read began: a writer that waits for room may report its write before this call returns.
    say({ event: 'tally', channel: path, direction: 'received', messages: 0, bytes, since }, since)
  }

  function resize(bytes: number): void {
    const about = { event: 'call', phase: 'end', call: 'fcntl', object: `F_SETPIPE_SZ to ${bytes}` } as const
    try {
      say({ ...about, result: resizePipe(writing, bytes) })
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === undefined) throw error
      say({ ...about, errno })
    }
  }

  function tellRoom(): void {
    const room = hasRoom(writing)
    const gloss = room ? 'a write would not block' : 'a write would block'
    tell('poll(2)', room ? 1 : 0, gloss, room ? 'POLLOUT' : 'no event')
  }

  tell('getpagesize(2)', pageSize(), 'bytes in a page of memory')
  tell('fcntl F_GETPIPE_SZ', pipeCapacity(writing), 'capacity of this pipe in bytes')
  for (let word = await nextWord(); word !== 'end'; word = await nextWord()) {
    const [verb, number] = splitWord(word)
    if (verb === 'take') take(Number(number))
    if (verb === 'resize') resize(Number(number))
    if (verb === 'resize-plainly') withoutCapability(sysResource, () => resize(Number(number)))
    if (verb === 'poll') tellRoom()
    if (verb === 'fill') fill(Number(number))
    if (verb === 'fill' || verb === 'count') tell('ioctl FIONREAD', bytesInPipe(reading), 'bytes in the pipe')
  }
})

/** How many bytes a nonblocking read(2) returned: 0 where the pipe is empty, because another process has read from it too. */
function readNow(fd: number, chunk: Buffer, most: number): number {
  try {
    return readSync(fd, chunk, 0, most, null)
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return 0
    throw systemCallError(error, 'cannot read the FIFO')
  }
}

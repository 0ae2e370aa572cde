/** Lets the kernel move the bytes between a FIFO and stdin or stdout; what it refuses to move, the caller copies. */
import type { Say } from '../../events.js'
import { enlargePipe, findSplice, largePipe, maySplice } from '../../ipc/splice.js'
import { counted } from '../../text.js'
import type { Meter } from './meter.js'
import { watchCalls } from './report-slow-call.js'

export interface Move {
  from: number
  to: number
  /** As events name it: `stdin to FIFO PATH`. */
  object: string
}

/** `1,000 bytes`, and whether the kernel moved them, or how many of them. */
export function bytesMoved(bytes: number, spliced: number): string {
  const part = spliced === bytes ? '' : `${counted(spliced, 'byte')} of them `
  return `${counted(bytes, 'byte')}${spliced > 0 ? `, ${part}by splice(2)` : ''}`
}

/** Moves bytes until the input ends (true), or until the kernel refuses (false): then not one byte is lost or in between. */
export type MoveBytes = (move: Move, meter: Meter, say: Say) => Promise<boolean>

/** How long one call may wait before we report it, in milliseconds. */
const patience = 1000

/** What a pipe holds at first, in bytes. A call that moves so much has filled or emptied it, so more is to be expected. */
const pipeSize = 65_536

/**
 * Loads what it takes to splice between a FIFO and this descriptor. To be called before the FIFO is opened, because loading
 * FFI takes some milliseconds, and from then on the other end waits for us.
 */
export function prepareMove(fd: number): MoveBytes {
  const splice = maySplice(fd) ? findSplice() : undefined
  return async ({ from, to, object }, meter, say) => {
    if (!splice) return false
    using watch = watchCalls(say, { call: 'splice', object, patience, reportEnd: true })
    for (let enlarged = false; ; ) {
      const moved = await watch.wait(splice(from, to, largePipe))
      // Whatever the reason is, read(2) or write(2) will meet it too, and report its errno.
      if (moved < 0) return false
      if (moved === 0) return true
      meter.bulk(0, moved)
      if (enlarged || moved < pipeSize) continue
      enlarged = true
      const result = enlargePipe(from === fd ? to : from)
      // The pipe belongs to the process at the other end too, so this is worth an event.
      if (result !== undefined)
        say({ event: 'call', phase: 'end', call: 'fcntl', object: 'F_SETPIPE_SZ of the FIFO', result })
    }
  }
}

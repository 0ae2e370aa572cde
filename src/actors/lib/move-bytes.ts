/** Lets the kernel move bytes between a FIFO and stdin or stdout. Where it refuses, the caller copies them. */
import type { Say } from '../../events.js'
import { enlargePipe, findSplice, largePipe, maySplice } from '../../ipc/splice.js'
import { counted, thousands } from '../../text.js'
import type { Meter } from './meter.js'
import { watchCalls } from './report-slow-call.js'

export interface Move {
  from: number
  to: number
  /** The object of its events, as in `stdin to FIFO PATH`. */
  object: string
}

/** As in `1,000 bytes`, and how many of them the kernel moved. */
export function bytesMoved(bytes: number, spliced: number): string {
  const all = counted(bytes, 'byte')
  if (spliced === 0) return all
  return spliced === bytes ? `${all} by splice(2)` : `${all}, ${thousands(spliced)} of them by splice(2)`
}

/** Moves bytes until end of file (true), or until the kernel refuses (false). Then every byte read has been written. */
export type MoveBytes = (move: Move, meter: Meter, say: Say) => Promise<boolean>

/** How long one call may take, in milliseconds, before it is reported as a call that blocks. */
const patience = 1000

/** A new pipe's capacity in bytes. A call that moves this much has filled or emptied it, so a larger pipe pays off. */
const pipeSize = 65_536

/**
 * Loads what splice(2) between a FIFO and this descriptor needs. Call it before the FIFO is opened: loading the foreign function
 * interface takes some milliseconds, in which the other end would wait.
 */
export function prepareMove(fd: number): MoveBytes {
  const splice = maySplice(fd) ? findSplice() : undefined
  return async ({ from, to, object }, meter, say) => {
    if (!splice) return false
    using watch = watchCalls(say, { call: 'splice', object, patience, reportEnd: true })
    for (let enlarged = false; ; ) {
      const moved = await watch.wait(splice(from, to, largePipe))
      // If it is an error, read(2) or write(2) of the caller will meet it too and report it with its errno.
      if (moved < 0) return false
      if (moved === 0) return true
      meter.bulk(0, moved)
      if (enlarged || moved < pipeSize) continue
      enlarged = true
      const result = enlargePipe(from === fd ? to : from)
      // The capacity changes for the process at the other end too, so it is reported.
      if (result !== undefined)
        say({ event: 'call', phase: 'end', call: 'fcntl', object: 'F_SETPIPE_SZ of the FIFO', result })
    }
  }
}

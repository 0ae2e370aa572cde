/** Writes a text into a System V segment, for a reader in another terminal: the tool `shm write`. */
import type { SegmentWriterConfig } from '../../actors/segment-writer.js'
import { DemoFailed } from '../../errors.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted } from '../../text.js'
import {
  channelOf,
  existing,
  makeRecorded,
  named,
  optionsFor,
  removeNow,
  requireSegments,
  type SegmentChoice,
  showSegment,
} from './segment.js'

export interface ShmWriteOptions {
  text: string
  which: SegmentChoice
  /** Minimum size in bytes; undefined: an existing segment may have any size, a new one gets `defaultSize`. */
  size: number | undefined
  mode: number
  /** Stay attached until Ctrl-C, then remove the segment. */
  hold: boolean
}

/** Bytes of a segment that is created without --size. */
export const defaultSize = 1024

export function shmWrite(options: ShmWriteOptions): Demo {
  return async (stage) => {
    const { text, which, hold } = options
    const { id, key, size, keep } = findOrMake(stage, options)
    const config: SegmentWriterConfig = { id, size, channel: channelOf({ key, id }), text }
    const writer = await stage.start({ program: 'segment-writer', name: 'writer', config })
    await writer.until('sent')
    showSegment(stage, id, 'the writer is attached')
    const bytes = counted(Buffer.byteLength(text), 'byte')
    stage.note(`Wrote ${bytes} and a NUL to ${named({ id, key })}.`, 'closing')
    stage.note(`Read it in another terminal: osdemo shm read${optionsFor(which)}`, 'next')
    if (hold) stage.note('Stop with Ctrl-C, which also removes the segment.', 'next')
    else writer.tell('detach')
    await writer.ended
    const after = showSegment(stage, id, 'the writer has detached')
    // Another process has removed it: it goes with its last detach.
    if (!after || after.removed) return
    stage.note(`The segment stays in the kernel. Remove it: osdemo shm remove${optionsFor(which)}`, 'next')
    // Only here: a run that is aborted before this line must not keep the segment.
    keep()
  }
}

/** @throws DemoFailed when the text does not fit; then no segment was created or changed */
function findOrMake(stage: Stage, { text, which, size, mode, hold }: ShmWriteOptions) {
  const needed = Buffer.byteLength(text) + 1
  for (;;) {
    const segments = requireSegments('shm write')
    if ('id' in which || segments.some(({ key }) => key === which.key)) {
      const { id, key, size: room } = existing(which, 'write', size)
      const again = `Remove it (osdemo shm remove${optionsFor(which)}), then write again with --size ${needed}.`
      requireRoom(needed, room, 'id' in which ? 'A segment cannot grow: write a shorter text.' : again)
      stage.note(`Its size and mode stay: ${named({ id, key })} exists already.`, 'aside')
      if (hold) stage.scope.defer(() => removeNow(stage, key, id))
      return { id, key, size: room, keep: () => {} }
    }
    const { key } = which
    const room = size ?? defaultSize
    requireRoom(needed, room, `Write with --size ${needed} or more.`)
    const made = makeRecorded(stage, key, room, mode)
    if (!made) continue
    let kept = false
    stage.scope.defer(() => {
      if (kept) return
      removeNow(stage, key, made.id)
      made.entry.forget()
    })
    const keep = () => {
      kept = true
      made.entry.keep()
    }
    return { id: made.id, key, size: room, keep }
  }
}

function requireRoom(needed: number, room: number, hint: string): void {
  if (needed <= room) return
  const message = `nothing was written: the text and its NUL take ${needed} bytes, the segment has ${room}`
  throw new DemoFailed(message, { hint })
}

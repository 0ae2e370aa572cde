/** Writes a text into a System V segment, for a reader in another terminal: the tool `shm write`. */
import type { SegmentWriterConfig } from '../../actors/segment-writer.js'
import { DemoFailed } from '../../errors.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted } from '../../text.js'
import { existing, keyWords, makeRecorded, removeNow, requireSegments, showSegment } from './segment.js'

export interface ShmWriteOptions {
  text: string
  key: number
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
    const { text, key, hold } = options
    const { id, size, keep } = findOrMake(stage, options)
    const config: SegmentWriterConfig = { id, size, channel: `${key}`, text }
    const writer = await stage.start({ program: 'segment-writer', name: 'writer', config })
    await writer.until('sent')
    showSegment(stage, id, 'the writer is attached')
    const bytes = counted(Buffer.byteLength(text), 'byte')
    stage.note(`Wrote ${bytes} and a NUL to segment ${id} (key ${key}).`, 'closing')
    stage.note(`Read it in another terminal: osdemo shm read${keyWords(key)}`, 'next')
    if (hold) stage.note('Stop with Ctrl-C, which also removes the segment.', 'next')
    else writer.tell('detach')
    await writer.ended
    const after = showSegment(stage, id, 'the writer has detached')
    if (!after) return
    stage.note(`The segment stays in the kernel. Remove it: osdemo shm remove${keyWords(key)}`, 'next')
    // Only here: a run that is aborted before this line must not keep the segment.
    keep()
  }
}

/** @throws DemoFailed when the text does not fit; then no segment was created or changed */
function findOrMake(stage: Stage, { text, key, size, mode, hold }: ShmWriteOptions) {
  const needed = Buffer.byteLength(text) + 1
  for (;;) {
    if (requireSegments('shm write').some((segment) => segment.key === key)) {
      const { id, size: room } = existing(key, 'write', size)
      requireRoom(
        needed,
        room,
        `Remove it (osdemo shm remove${keyWords(key)}), then write again with --size ${needed}.`,
      )
      stage.note(`Segment ${id} with key ${key} exists already, and its size and mode stay.`, 'aside')
      if (hold) stage.scope.defer(() => removeNow(stage, key, id))
      return { id, size: room, keep: () => {} }
    }
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
    return { id: made.id, size: room, keep }
  }
}

function requireRoom(needed: number, room: number, hint: string): void {
  if (needed <= room) return
  const message = `nothing was written: the text and its NUL take ${needed} bytes, the segment has ${room}`
  throw new DemoFailed(message, { hint })
}

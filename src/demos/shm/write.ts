/** Writes a text into a System V segment, where another terminal reads it: the tool `shm write`. */
import type { SegmentWriterConfig } from '../../actors/segment-writer.js'
import { DemoFailed } from '../../errors.js'
import type { Demo, Stage } from '../../run/stage.js'
import { defaultKey, existing, makeRecorded, removeNow, requireSegments, showSegment } from './segment.js'

export interface ShmWriteOptions {
  text: string
  key: number
  /** Bytes; undefined takes a segment as it is, or makes one of `defaultSize`. */
  size: number | undefined
  mode: number
  /** Stay attached, and remove the segment at the end. */
  hold: boolean
}

/** Bytes of a segment that is made without --size. */
export const defaultSize = 1024

export function shmWrite(options: ShmWriteOptions): Demo {
  return async (stage) => {
    const { text, key, hold } = options
    const { id, size, keep } = findOrMake(stage, options)
    const config: SegmentWriterConfig = { id, size, channel: `${key}`, text }
    const writer = await stage.start({ program: 'segment-writer', name: 'writer', config })
    await writer.until('sent')
    showSegment(stage, id, 'the segment, while its writer has it attached')
    stage.note(`in another terminal: osdemo shm read${keyWords(key)}`, 'next')
    if (hold) stage.note('Ctrl-C ends this, and removes the segment', 'aside')
    else writer.tell('detach')
    await writer.ended
    const after = showSegment(stage, id, 'the segment, after its writer')
    if (after?.attached === 0) {
      stage.note(`it stays until somebody removes it: osdemo shm remove${keyWords(key)}`, 'next')
    }
    // Not before: a run that was aborted does not come so far.
    if (after) keep()
  }
}

/** @throws DemoFailed when the text does not fit, and then nothing has been made or changed */
function findOrMake(stage: Stage, { text, key, size, mode, hold }: ShmWriteOptions) {
  const needed = Buffer.byteLength(text) + 1
  for (;;) {
    if (requireSegments('shm write').some((segment) => segment.key === key)) {
      const { id, size: room } = existing(key, 'write', size)
      requireRoom(
        needed,
        room,
        `remove it, osdemo shm remove${keyWords(key)}, and write with --size ${needed}`,
      )
      stage.note(`there is a segment under key ${key} already: it is used as it is`, 'aside')
      if (hold) stage.scope.defer(() => removeNow(stage, key, id))
      return { id, size: room, keep: () => {} }
    }
    const room = size ?? defaultSize
    requireRoom(needed, room, `write with --size ${needed} or more`)
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
  const message = `the text and its NUL take ${needed} bytes, and the segment has ${room}: nothing was written`
  throw new DemoFailed(message, { hint })
}

function keyWords(key: number): string {
  return key === defaultKey ? '' : ` --key ${key}`
}

/** One System V segment used by separate processes, in two terminals: the tools shm write, read, list and remove. */
import type { SegmentListerConfig } from '../../actors/segment-lister.js'
import type { SegmentReaderConfig } from '../../actors/segment-reader.js'
import type { SegmentWriterConfig } from '../../actors/segment-writer.js'
import { DemoFailed } from '../../errors.js'
import { removeSegment } from '../../ipc/sysv-shm.js'
import { isRemoved, readSegment } from '../../proc/sysvipc-shm.js'
import type { Demo, Stage } from '../../run/stage.js'
import { recordedSegments, sweep } from '../../run/sweep.js'
import { existing, makeRecorded, requireSegments, showSegment } from './segment.js'

export interface ShmWriteOptions {
  text: string
  key: number
  /** Bytes; undefined takes a segment as it is, or makes one of `defaultSize`. */
  size: number | undefined
  mode: number
  /** Stay attached, and remove the segment at the end. */
  hold: boolean
}

/** The key of the lecture. */
export const defaultKey = 70_000

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
    stage.note(`in another terminal: osdemo shm read${keyWords(key)}`)
    if (hold) stage.note('Ctrl-C ends this, and removes the segment')
    else writer.tell('detach')
    await writer.ended
    const after = showSegment(stage, id, 'the segment, after its writer')
    if (after?.attached === 0) {
      stage.note(`it stays until somebody removes it: osdemo shm remove${keyWords(key)}`)
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
      stage.note(`there is a segment under key ${key} already: it is used as it is`)
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
      made.page.forget()
    })
    const keep = () => {
      kept = true
      made.page.keep()
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

function removeNow(stage: Stage, key: number, id: number): void {
  // Somebody else may have been first.
  if (isRemoved(id)) return
  removeSegment(id)
  stage.say({ event: 'removed', kind: 'segment', id: key === 0 ? `id ${id}` : `${key}` })
}

export interface ShmReadOptions {
  key: number
  follow: boolean
  /** Write each text to stdout, as a line. */
  print: boolean
}

export function shmRead({ key, follow, print }: ShmReadOptions): Demo {
  return async (stage) => {
    requireSegments('shm read')
    const { id, size } = existing(key, 'read')
    const config: SegmentReaderConfig = { id, size, channel: `${key}`, follow, print }
    const reader = await stage.start({ program: 'segment-reader', name: 'reader', config }, { stdout: print })
    await reader.until('received')
    if (follow) stage.note('waits for the next text; ends with Ctrl-C, or when the segment is removed')
    await reader.ended
  }
}

export function shmList({ print }: { print: boolean }): Demo {
  return async (stage) => {
    requireSegments('shm list')
    const ours = recordedSegments()
    const config: SegmentListerConfig = { ours, print }
    const lister = await stage.start({ program: 'segment-lister', name: 'lister', config }, { stdout: print })
    await lister.ended
  }
}

/** Removes the segment under a key, or the one with an id. */
export function shmRemove(which: { key: number } | { id: number }): Demo {
  return async (stage) => {
    requireSegments('shm remove')
    const { id, key } = 'id' in which ? byId(which.id) : existing(which.key, 'look')
    showSegment(stage, id, 'the segment before')
    removeNow(stage, key, id)
    const left = readSegment(id)
    if (left) {
      showSegment(
        stage,
        id,
        'the segment after: it has no key, and its memory stays until all have detached it',
      )
    }
    // What was kept on record is gone.
    sweep()
  }
}

function byId(id: number) {
  const segment = readSegment(id)
  if (segment) return segment
  throw new DemoFailed(`there is no segment with id ${id}`, {
    hint: 'osdemo shm list shows those that there are',
  })
}

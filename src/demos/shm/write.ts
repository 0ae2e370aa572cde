/** Writes a text into a System V segment or POSIX shared memory, for a reader in another terminal: the tool `shm write`. */
import type { SegmentWriterConfig } from '../../actors/segment-writer.js'
import { DemoFailed } from '../../errors.js'
import type { TextPlace } from '../../ipc/segment-text.js'
import type { Demo, Stage } from '../../run/stage.js'
import { counted } from '../../text.js'
import {
  channelOf,
  existing,
  type MemoryChoice,
  makeRecorded,
  named,
  optionsFor,
  removeNow,
  requireSegments,
  type SegmentChoice,
  showSegment,
} from './segment.js'
import { findOrMakeObject } from './write-object.js'

export interface ShmWriteOptions {
  text: string
  which: MemoryChoice
  /** Minimum size in bytes; undefined: an existing segment may have any size, a new one gets `defaultSize`. */
  size: number | undefined
  mode: number
  /** Stay attached until Ctrl-C, then remove the segment. */
  hold: boolean
}

/** Memory for the text, which was found or created. */
export interface Target extends Pick<SegmentWriterConfig, 'size' | 'room' | 'channel'> {
  place: TextPlace
  /** How sentences name it. */
  named: string
  /** Quotes what the kernel reports about it. @returns whether other processes can still find it */
  show(about: string): boolean
  /** The memory stays when the run ends. */
  keep(): void
}

/** Bytes of a segment or object that is created without --size. */
export const defaultSize = 1024

export function shmWrite(options: ShmWriteOptions): Demo {
  return async (stage) => {
    const { text, which, hold } = options
    const target =
      'name' in which ? findOrMakeObject(stage, which.name, options) : findOrMake(stage, which, options)
    const { place, size, room, channel, named: name, show, keep } = target
    const config: SegmentWriterConfig = { place, size, room, channel, text }
    const writer = await stage.start({ program: 'segment-writer', name: 'writer', config })
    await writer.until('sent')
    show('the writer is attached')
    const bytes = counted(Buffer.byteLength(text), 'byte')
    stage.note(`Wrote ${bytes} and a NUL to ${name}.`, 'closing')
    stage.note(`Read it in another terminal: osdemo shm read${optionsFor(which)}`, 'next')
    const kind = 'name' in which ? 'shared memory' : 'segment'
    if (hold) stage.note(`Stop with Ctrl-C, which also removes the ${kind}.`, 'next')
    else writer.tell('detach')
    await writer.ended
    // Another process has removed it: it goes with its last detach.
    if (!show('the writer has detached')) return
    stage.note(`The ${kind} stays in the kernel. Remove it: osdemo shm remove${optionsFor(which)}`, 'next')
    // Only here: a run that is aborted before this line must not keep the segment.
    keep()
  }
}

/** @throws DemoFailed when the text does not fit; then no segment was created or changed */
function findOrMake(stage: Stage, which: SegmentChoice, { text, size, mode, hold }: ShmWriteOptions): Target {
  const needed = Buffer.byteLength(text) + 1
  for (;;) {
    const segments = requireSegments('shm write')
    if ('id' in which || segments.some(({ key }) => key === which.key)) {
      const { id, key, size: room } = existing(which, 'write', size)
      const again = `Remove it (osdemo shm remove${optionsFor(which)}), then write again with --size ${needed}.`
      requireRoom(needed, room, 'id' in which ? 'A segment cannot grow: write a shorter text.' : again)
      stage.note(`Its size and mode stay: ${named({ id, key })} exists already.`, 'aside')
      if (hold) stage.scope.defer(() => removeNow(stage, key, id))
      return targetOf(stage, { id, key }, room, () => {})
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
    return targetOf(stage, { id: made.id, key }, room, keep)
  }
}

function targetOf(
  stage: Stage,
  segment: { id: number; key: number },
  size: number,
  keep: () => void,
): Target {
  const { id } = segment
  const show = (about: string) => showSegment(stage, id, about)?.removed === false
  return { place: { id }, size, room: size, channel: channelOf(segment), named: named(segment), show, keep }
}

/** @throws DemoFailed when the text does not fit */
export function requireRoom(needed: number, room: number, hint: string, kind = 'segment'): void {
  if (needed <= room) return
  const message = `nothing was written: the text and its NUL take ${needed} bytes, the ${kind} has ${room}`
  throw new DemoFailed(message, { hint })
}

/** Reads the text in a System V segment or POSIX shared memory that a process in another terminal wrote: the tool `shm read`. */
import type { SegmentReaderConfig } from '../../actors/segment-reader.js'
import { DemoFailed } from '../../errors.js'
import type { Demo } from '../../run/stage.js'
import { existingObject, requireObjects } from './object.js'
import { channelOf, existing, type MemoryChoice, optionsFor, requireSegments } from './segment.js'

export interface ShmReadOptions {
  which: MemoryChoice
  follow: boolean
  /** Write each text to stdout, as a line. */
  print: boolean
}

export function shmRead({ which, follow, print }: ShmReadOptions): Demo {
  return async (stage) => {
    const config: SegmentReaderConfig = { ...placeOf(which), follow, print }
    const reader = await stage.start({ program: 'segment-reader', name: 'reader', config }, { stdout: print })
    await reader.until('received')
    if (follow) {
      stage.note(
        `Waiting for the next text. In another terminal: osdemo shm write TEXT${optionsFor(which)}`,
        'next',
      )
      stage.note(
        `Stop with Ctrl-C, or by removing the ${'name' in which ? 'shared memory' : 'segment'}.`,
        'next',
      )
    }
    await reader.ended
  }
}

function placeOf(which: MemoryChoice): Pick<SegmentReaderConfig, 'place' | 'size' | 'channel'> {
  if (!('name' in which)) {
    requireSegments('shm read')
    const segment = existing(which, 'read')
    return { place: { id: segment.id }, size: segment.size, channel: channelOf(segment) }
  }
  const { name } = which
  requireObjects('shm read', name)
  const { stats, ...place } = existingObject(name)
  // mmap(2) maps nothing of it.
  if (stats.size === 0)
    throw new DemoFailed(`shared memory ${name} has 0 bytes: no process has set its size`, {
      hint: `Set it with ftruncate(2), or with --size: osdemo shm write hello --size 64${optionsFor(which)}`,
    })
  return { place, size: stats.size, channel: name }
}

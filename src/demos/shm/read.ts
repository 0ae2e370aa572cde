/** Reads the text in a System V segment that a process in another terminal wrote: the tool `shm read`. */
import type { SegmentReaderConfig } from '../../actors/segment-reader.js'
import type { Demo } from '../../run/stage.js'
import { channelOf, existing, optionsFor, requireSegments, type SegmentChoice } from './segment.js'

export interface ShmReadOptions {
  which: SegmentChoice
  follow: boolean
  /** Write each text to stdout, as a line. */
  print: boolean
}

export function shmRead({ which, follow, print }: ShmReadOptions): Demo {
  return async (stage) => {
    requireSegments('shm read')
    const segment = existing(which, 'read')
    const { id, size } = segment
    const config: SegmentReaderConfig = { id, size, channel: channelOf(segment), follow, print }
    const reader = await stage.start({ program: 'segment-reader', name: 'reader', config }, { stdout: print })
    await reader.until('received')
    if (follow) {
      stage.note(
        `Waiting for the next text. In another terminal: osdemo shm write TEXT${optionsFor(which)}`,
        'next',
      )
      stage.note('Stop with Ctrl-C, or by removing the segment.', 'next')
    }
    await reader.ended
  }
}

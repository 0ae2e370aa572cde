/** Reads the text in a System V segment that a process in another terminal wrote: the tool `shm read`. */
import type { SegmentReaderConfig } from '../../actors/segment-reader.js'
import type { Demo } from '../../run/stage.js'
import { existing, keyWords, requireSegments } from './segment.js'

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
    if (follow) {
      stage.note(
        `Waiting for the next text. In another terminal: osdemo shm write TEXT${keyWords(key)}`,
        'next',
      )
      stage.note('Stop with Ctrl-C, or by removing the segment.', 'next')
    }
    await reader.ended
  }
}

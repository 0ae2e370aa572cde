/** Lists the System V segments: the tool `shm list`. */
import type { SegmentListerConfig } from '../../actors/segment-lister.js'
import type { Demo } from '../../run/stage.js'
import { recordedSegments } from '../../run/sweep.js'
import { requireSegments } from './segment.js'

export function shmList({ print }: { print: boolean }): Demo {
  return async (stage) => {
    requireSegments('shm list')
    const ours = recordedSegments()
    const config: SegmentListerConfig = { ours, print }
    const lister = await stage.start({ program: 'segment-lister', name: 'lister', config }, { stdout: print })
    await lister.ended
  }
}

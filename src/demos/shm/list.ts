/** Lists the System V segments: the tool `shm list`. */
import type { SegmentListerConfig } from '../../actors/segment-lister.js'
import { readRecords } from '../../run/ledger.js'
import type { Demo } from '../../run/stage.js'
import { requireSegments } from './segment.js'

export function shmList({ print }: { print: boolean }): Demo {
  return async (stage) => {
    requireSegments('shm list')
    // Those in use by a run, and those kept for the user. The sweep at the start of this run dropped the removed ones.
    const ours = readRecords().flatMap(({ kind, id }) => (kind === 'segment' ? (id ?? []) : []))
    const config: SegmentListerConfig = { ours, print }
    const lister = await stage.start({ program: 'segment-lister', name: 'lister', config }, { stdout: print })
    await lister.ended
  }
}

/** Lists the System V segments and the POSIX shared memory: the tool `shm list`. */
import type { SegmentListerConfig } from '../../actors/segment-lister.js'
import { readRecords } from '../../run/ledger.js'
import type { Demo } from '../../run/stage.js'
import { requireSegments } from './segment.js'

export function shmList({ print }: { print: boolean }): Demo {
  return async (stage) => {
    requireSegments('shm list')
    // Those in use by a run, and those kept for the user. The sweep at the start of this run dropped the removed ones.
    const records = readRecords()
    const ours = records.flatMap(({ kind, id }) => (kind === 'segment' ? (id ?? []) : []))
    const objects = records.flatMap(({ kind, device = 0, id: ino }) =>
      kind === 'object' && ino !== undefined ? { device, ino } : [],
    )
    const config: SegmentListerConfig = { ours, objects, print }
    const lister = await stage.start({ program: 'segment-lister', name: 'lister', config }, { stdout: print })
    await lister.ended
  }
}

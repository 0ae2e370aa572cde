/** Removes a System V segment: the tool `shm remove`. */
import type { Demo } from '../../run/stage.js'
import { sweep } from '../../run/sweep.js'
import { counted } from '../../text.js'
import { existing, named, removeNow, requireSegments, type SegmentChoice, showSegment } from './segment.js'

export function shmRemove(which: SegmentChoice): Demo {
  return async (stage) => {
    requireSegments('shm remove')
    const { id, key } = existing(which, 'look')
    showSegment(stage, id, 'before')
    const isOurs = removeNow(stage, key, id)
    const left = showSegment(stage, id, 'removed, but still attached')
    const name = named({ key, id })
    stage.note(isOurs ? `Removed ${name}.` : `Another process has already removed ${name}.`, 'closing')
    if (left) {
      const users = counted(left.attached, 'process is', 'processes are')
      stage.note(`Its memory stays in use until the last detach: ${users} still attached.`, 'closing')
    }
    // Deletes the record of a segment that was kept for the user: that segment is removed now.
    sweep()
  }
}

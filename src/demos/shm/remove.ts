/** Removes a System V segment: the tool `shm remove`. */
import { DemoFailed } from '../../errors.js'
import { readSegment } from '../../proc/sysvipc-shm.js'
import type { Demo } from '../../run/stage.js'
import { sweep } from '../../run/sweep.js'
import { counted } from '../../text.js'
import { existing, removeNow, requireSegments, showSegment } from './segment.js'

/** Removes the segment that has this key or this id. */
export function shmRemove(which: { key: number } | { id: number }): Demo {
  return async (stage) => {
    requireSegments('shm remove')
    const { id, key } = 'id' in which ? byId(which.id) : existing(which.key, 'look')
    showSegment(stage, id, 'before')
    const isOurs = removeNow(stage, key, id)
    const left = showSegment(stage, id, 'removed, but still attached')
    const name = key === 0 ? `segment ${id}` : `segment ${id} (key ${key})`
    stage.note(isOurs ? `Removed ${name}.` : `Another process has already removed ${name}.`, 'closing')
    if (left) {
      const users = counted(left.attached, 'process is', 'processes are')
      stage.note(`Its memory stays in use until the last detach: ${users} still attached.`, 'closing')
    }
    // Deletes the record of a segment that was kept for the user: that segment is removed now.
    sweep()
  }
}

function byId(id: number) {
  const segment = readSegment(id)
  if (segment) return segment
  throw new DemoFailed(`no segment has id ${id}`, { hint: 'List the segments: osdemo shm list' })
}

/** Removes a System V segment: the tool `shm remove`. */
import { DemoFailed } from '../../errors.js'
import { readSegment } from '../../proc/sysvipc-shm.js'
import type { Demo } from '../../run/stage.js'
import { sweep } from '../../run/sweep.js'
import { existing, removeNow, requireSegments, showSegment } from './segment.js'

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

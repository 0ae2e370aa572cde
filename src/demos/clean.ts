/** What of killed runs is still there. Every run begins by removing what it may; this one says what it may not. */
import { runtimeFolder } from '../run/runtime-folder.js'
import type { Stage } from '../run/stage.js'
import { recordedElsewhere, sweep } from '../run/sweep.js'
import { inUse } from './shared/fifo.js'

const kindNames = { fifo: 'FIFO', segment: 'segment', queue: 'queue', file: 'unfinished file' }

/** @throws DemoFailed when the runtime folder, where the records are, is not one that we may trust */
export async function clean({ say, note }: Stage): Promise<void> {
  const folder = runtimeFolder()
  let left = 0
  for (const { kind, name, users } of sweep()) {
    if (users.length === 0) say({ event: 'removed', kind, id: name })
    else {
      left++
      note(`left alone: the ${kindNames[kind]} ${name}: ${inUse(users)}`)
    }
  }
  for (const { kind, name } of recordedElsewhere()) {
    left++
    note(
      `not looked at: the ${kindNames[kind]} ${name}: recorded in other namespaces, so whether that run lives cannot be told here`,
    )
  }
  if (left === 0) note(`nothing is left of what runs have recorded in ${folder}`, 'closing')
}

/** The record of an object that a process of the demo creates, and not osdemo itself. */
import { type LedgerEntry, type LedgerRecord, record } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'
import { sweepOwn } from '../../run/sweep.js'

/**
 * Has the stage remove an object. To be called before its creator starts: then the scope kills the creator first. In the other
 * order, the creator could create the object after the sweep has looked for it.
 *
 * @returns records the object, to be called before its creator creates it
 */
export function objectOfChild(
  { scope }: Stage,
  kind: LedgerRecord['kind'],
  name: string,
): (creator: number) => LedgerEntry {
  let entry: LedgerEntry | undefined
  scope.defer(() => {
    entry?.release()
    sweepOwn()
  })
  return (creator) => {
    entry = record(kind, name, creator)
    return entry
  }
}

/** What runs have left. Every run removes what killed runs left; this one also removes the default FIFO, and says what it kept. */
import { lstatSync, realpathSync, unlinkSync } from 'node:fs'
import { fifoUsers } from '../proc/fifo-users.js'
import { knownRuns } from '../run/ledger.js'
import { runtimeFolder } from '../run/runtime-folder.js'
import type { Stage } from '../run/stage.js'
import { type Swept, sweep } from '../run/sweep.js'
import { defaultFifo } from './pipe/meeting-point.js'
import { inUse } from './shared/in-use.js'

const kindNames = { fifo: 'FIFO', segment: 'segment', queue: 'queue', file: 'file' }

/** @throws DemoFailed when the runtime folder, where the records are, is not one that we may trust */
export async function clean({ say, note }: Stage): Promise<void> {
  const folder = runtimeFolder()
  const swept = [...sweep(), ...removeDefaultFifo()]
  const kept = swept.filter(({ users }) => users.length > 0)
  const unseen = knownRuns().filter(({ state }) => state === 'elsewhere')
  for (const { kind, name, users } of swept) if (users.length === 0) say({ event: 'removed', kind, id: name })
  for (const { kind, name, users } of kept) note(`kept the ${kindNames[kind]} ${name}: ${inUse(users)}`)
  for (const run of unseen) {
    note(
      `not looked at: ${run.folder}: that run belongs to other namespaces, so whether it is alive cannot be told here`,
    )
  }
  if (kept.length + unseen.length === 0)
    note(`nothing is left of what runs have made in ${folder}`, 'closing')
}

/** It stays between runs, so that two terminals meet there; only here it is removed, when no process uses it. */
function removeDefaultFifo(): Swept[] {
  const name = defaultFifo()
  const stats = lstatSync(name, { throwIfNoEntry: false })
  if (!stats?.isFIFO()) return []
  const users = fifoUsers(realpathSync(name), stats.ino)
  if (users.length === 0) unlinkSync(name)
  return [{ kind: 'fifo', name, users }]
}

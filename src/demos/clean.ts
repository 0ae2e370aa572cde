/** Removes what killed runs left behind, as every run does, and the default FIFO as well. Reports what it kept, and why. */
import { lstatSync, realpathSync, unlinkSync } from 'node:fs'
import { fifoUsers } from '../proc/fifo-users.js'
import { knownRuns } from '../run/ledger.js'
import { runtimeFolder } from '../run/runtime-folder.js'
import type { Stage } from '../run/stage.js'
import { keptForUser, type Swept, sweep } from '../run/sweep.js'
import { counted } from '../text.js'
import { defaultFifo } from './pipe/meeting-point.js'
import { choiceOf, words } from './queue/shared-queue.js'
import { words as semaphoreWords } from './semaphore/semaphore.js'
import { inUse } from './shared/in-use.js'
import { optionsFor } from './shm/segment.js'

const kindNames = {
  fifo: 'FIFO',
  segment: 'segment',
  queue: 'queue',
  semaphore: 'semaphore',
  object: 'shared memory',
  file: 'file',
}

/** @throws DemoFailed when the runtime folder, where the records are, is not one that osdemo may trust */
export async function clean({ say, note }: Stage): Promise<void> {
  const folder = runtimeFolder()
  const refused: unknown[] = []
  const swept = [...sweep((error) => refused.push(error)), ...removeDefaultFifo()]
  const removed = swept.filter(({ users }) => users.length === 0)
  const kept = swept.filter(({ users }) => users.length > 0)
  const wanted = keptForUser()
  const unseen = knownRuns().filter(({ state }) => state === 'elsewhere')
  const text = headline(folder, removed.length, kept.length + wanted.length, unseen.length)
  const counts = { removed: removed.length, kept: kept.length + wanted.length }
  say({ event: 'note', role: 'opening', text, data: counts })
  for (const { kind, name } of removed) {
    // The note below is for people.
    say({ event: 'removed', kind, id: name, detail: true })
    note(`Removed ${kindNames[kind]} ${name}.`)
  }
  for (const { kind, name, users } of kept) {
    const text = `Kept ${kindNames[kind]} ${name}: ${inUse(users)}.`
    say({ event: 'note', role: 'step', text, data: { kind, name, users } })
  }
  if (kept.length > 0) {
    note('Next: when these processes have exited, run `osdemo clean` again.', 'next')
  }
  for (const { kind, name } of wanted) {
    const text = `Kept ${kindNames[kind]} ${name}: a command left it for other terminals.`
    say({ event: 'note', role: 'step', text, data: { kind, name, users: [] } })
    const command = removal(kind, name)
    note(`Remove it: ${command}`, 'next', { command })
  }
  for (const run of unseen) {
    note(`Not checked: ${run.folder}. That run belongs to other namespaces, such as a container.`, 'aside')
  }
  if (unseen.length > 0) note('Next: run `osdemo clean` there too.', 'next')
  if (refused.length > 0) throw refused[0]
}

/** What removes an object that a command left. */
function removal(kind: Swept['kind'], name: string): string {
  if (kind === 'semaphore')
    return semaphoreWords('remove', name.startsWith('/') ? { name } : { key: Number(name) })
  if (kind === 'object') return `osdemo shm remove${optionsFor({ name })}`
  return kind === 'segment'
    ? `osdemo shm remove${optionsFor({ key: Number(name) })}`
    : words('remove', choiceOf(name))
}

function headline(folder: string, removed: number, kept: number, unseen: number): string {
  if (removed + kept > 0) return `Removed ${counted(removed, 'object')}, kept ${kept}.`
  if (unseen > 0) return `Nothing removed: ${counted(unseen, 'run')} could not be checked.`
  return `Nothing to remove: no run has left anything behind in ${folder}.`
}

/** Two terminals meet at this FIFO, so it stays between runs. Only `clean` removes it, while no process uses it. */
function removeDefaultFifo(): Swept[] {
  const name = defaultFifo()
  const stats = lstatSync(name, { throwIfNoEntry: false })
  if (!stats?.isFIFO()) return []
  const users = fifoUsers(realpathSync(name), stats.ino)
  if (users.length === 0) unlinkSync(name)
  return [{ kind: 'fifo', name, users }]
}

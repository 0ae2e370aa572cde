/** What the pipe demos share: a FIFO that exists, and goes away again when nobody needs it any more. */
import { unlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { type FifoIdentity, holdFifo, loadMkfifo } from '../ipc/fifo.js'
import { type LedgerEntry, recordIntent, sweep } from '../run/ledger.js'
import type { Stage } from '../run/stage.js'

/**
 * Finds the FIFO at a path, or makes it, and holds it for the run. One that osdemo made is removed by whichever osdemo
 * uses it last; one that anybody else made is left alone.
 *
 * @throws DemoFailed when something else is at the path; SystemCallError when it cannot be made
 */
export async function ensureFifo(stage: Stage, path: string): Promise<FifoIdentity> {
  const makeFifo = await loadMkfifo()
  let entry: LedgerEntry | undefined
  for (;;) {
    const held = holdFifo(path)
    if (!held) {
      entry = make(path, makeFifo)
      continue
    }
    entry?.made(held.identity)
    if (entry) stage.say({ event: 'created', kind: 'fifo', id: path })
    stage.scope.defer(() => {
      held.letGo()
      const removed = entry ? entry.release() : sweep()
      for (const id of removed) stage.say({ event: 'removed', kind: 'fifo', id })
      if (entry && !removed.includes(resolve(path))) {
        stage.say({ event: 'note', text: `${path} stays for now: somebody uses it or waits for it` })
      }
    })
    return held.identity
  }
}

/** Makes a FIFO that nobody else knows of; it is removed at the end of the run. */
export async function makePrivateFifo(stage: Stage, path: string): Promise<FifoIdentity> {
  const makeFifo = await loadMkfifo()
  const entry = make(path, makeFifo)
  stage.scope.defer(() => {
    unlinkSync(path)
    entry?.forget()
    stage.say({ event: 'removed', kind: 'fifo', id: path })
  })
  const held = holdFifo(path)!
  held.letGo()
  entry?.made(held.identity)
  stage.say({ event: 'created', kind: 'fifo', id: path })
  return held.identity
}

/** Undefined when somebody else made it first. */
function make(path: string, makeFifo: (path: string) => boolean): LedgerEntry | undefined {
  const entry = recordIntent(resolve(path))
  let made = false
  try {
    made = makeFifo(path)
  } catch (error) {
    // It may be there all the same: mkfifo may have been interrupted after it had done its work.
    entry.release()
    throw error
  }
  if (made) return entry
  entry.forget()
  return undefined
}

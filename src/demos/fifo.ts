/** What the pipe demos share: a FIFO that exists, and goes away again when we made it. */
import { resolve } from 'node:path'
import { type FifoIdentity, findFifo, loadMkfifo } from '../ipc/fifo.js'
import { recordIntent } from '../run/ledger.js'
import type { Stage } from '../run/stage.js'

/**
 * Finds the FIFO at a path, or makes it. One that we made is removed at the end of the run, or, when somebody still
 * uses it then, by whichever osdemo uses it last; one that was there is left alone.
 *
 * @throws DemoFailed when something else is at the path; SystemCallError when it cannot be made
 */
export async function ensureFifo(stage: Stage, path: string): Promise<FifoIdentity> {
  const there = findFifo(path)
  if (there) return there
  const makeFifo = await loadMkfifo()
  const entry = recordIntent(resolve(path))
  let made = false
  try {
    made = makeFifo(path)
  } finally {
    if (!made) entry.forget()
  }
  const fifo = findFifo(path)
  if (!made || !fifo) return ensureFifo(stage, path)
  entry.made(fifo)
  stage.say({ event: 'created', kind: 'fifo', id: path })
  stage.scope.defer(() => {
    const removed = entry.release()
    for (const id of removed) stage.say({ event: 'removed', kind: 'fifo', id })
    if (!removed.includes(resolve(path)))
      stage.note(`${path} stays for now: somebody uses it or waits for it`)
  })
  return fifo
}

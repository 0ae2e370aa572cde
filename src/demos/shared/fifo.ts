/** The FIFOs of the pipe commands: one where two terminals meet, and private ones for demos. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { OsdemoError } from '../../errors.js'
import { type AtPath, type HeldFifo, holdFifo } from '../../ipc/fifo.js'
import { loadMkfifo } from '../../ipc/make-fifo.js'
import { type LedgerEntry, record, removeFromFolder } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'
import { sweepOwn } from '../../run/sweep.js'
import { defaultFifo } from '../pipe/meeting-point.js'
import { freePath } from './private-file.js'

/**
 * Finds the FIFO at a path, or makes it, and keeps a descriptor of it for the run, so that other runs see that it is in use. The
 * default FIFO stays. One that osdemo made at a path of the user's is removed by the osdemo that uses it last. No other FIFO is
 * ever removed.
 *
 * @returns a function that looks what is at the path now. Another FIFO is then kept in place of the old one.
 * @throws DemoFailed when something else is at the path; SystemCallError when it cannot be made
 */
export async function ensureFifo(stage: Stage, path: string, isDefault: boolean): Promise<() => AtPath> {
  let stays = isDefault
  let entry: LedgerEntry | undefined
  let held: HeldFifo | undefined
  stage.scope.defer(() => {
    held?.letGo()
    entry?.release()
    const swept = stays ? [] : sweepOwn().filter(({ users }) => users.length === 0)
    for (const { kind, name: id } of swept) stage.say({ event: 'removed', kind, id })
  })
  for (held = holdFifo(path); !held; held = holdFifo(path)) {
    const makeFifo = await loadMkfifo()
    // With --path too, the default FIFO is where two terminals meet.
    stays ||= resolve(path) === defaultFifo()
    // Recorded before it is made, because another osdemo may make it first, and the last user removes it.
    if (!stays) entry ??= record('fifo', resolve(path))
    if (!makeFifo(path, { marked: !stays })) continue
    entry?.made(statSync(path).ino)
    stage.say({ event: 'created', kind: 'fifo', id: path })
  }
  let kept = held
  return () => {
    const found = kept.atPath()
    const another = found === 'another' ? holdUnlessOther(path) : undefined
    if (another) {
      kept.letGo()
      held = kept = another
    }
    return found
  }
}

/** As `holdFifo`. Undefined also when something else than a FIFO is at the path. */
function holdUnlessOther(path: string): HeldFifo | undefined {
  try {
    return holdFifo(path)
  } catch (error) {
    if (error instanceof OsdemoError) return undefined
    throw error
  }
}

/** Makes a FIFO for this run alone, and returns its path. @param name of the file; where it is taken, a number is added */
export async function makePrivateFifo({ scope, say }: Stage, name: string): Promise<string> {
  const makeFifo = await loadMkfifo()
  const path = freePath(name)
  let made = false
  scope.defer(() => {
    removeFromFolder(path)
    if (made) say({ event: 'removed', kind: 'fifo', id: path })
  })
  made = makeFifo(path, { marked: false })
  say({ event: 'created', kind: 'fifo', id: path })
  return path
}

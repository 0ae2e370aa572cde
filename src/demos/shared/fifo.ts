/** What the pipe demos share: a FIFO that exists, and goes away again when nobody needs it any more. */
import { unlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { type FifoIdentity, findFifo, holdFifo } from '../../ipc/fifo.js'
import { loadMkfifo, type MakeFifo } from '../../ipc/make-fifo.js'
import { readStat } from '../../proc/stat.js'
import { type Page, recordFifo } from '../../run/ledger.js'
import type { RecordedFifo } from '../../run/recorded.js'
import type { Stage } from '../../run/stage.js'
import { othersSweep, sweep } from '../../run/sweep.js'

/**
 * Finds the FIFO at a path, or makes it, and holds it for the run. One that osdemo made is removed by whichever osdemo
 * uses it last; one that anybody else made is left alone.
 *
 * @throws DemoFailed when something else is at the path; SystemCallError when it cannot be made
 */
export async function ensureFifo(stage: Stage, path: string): Promise<FifoIdentity> {
  let entry: Page<RecordedFifo> | undefined
  for (;;) {
    const held = holdFifo(path)
    if (!held) {
      entry = make(path, await loadMkfifo())
      continue
    }
    // At once, before anything else can happen: no Ctrl-C may come between.
    const letGo = stage.scope.defer(() => {
      held.letGo()
      for (const { kind, name: id, users } of entry ? entry.release() : sweep()) {
        if (users.length === 0) stage.say({ event: 'removed', kind, id })
        else if (entry && id === resolve(path))
          stage.say({ event: 'note', text: `${id} stays for now: ${inUse(users)}`, role: 'aside' })
      }
    })
    if (entry) stage.say({ event: 'created', kind: 'fifo', id: path })
    else if (!(await isStillThere(stage, path, held.identity))) {
      letGo()
      continue
    }
    return held.identity
  }
}

/** A sweep that had looked for users just before we held the FIFO may be about to remove it: that is waited for. */
async function isStillThere(stage: Stage, path: string, { dev, ino }: FifoIdentity): Promise<boolean> {
  await stage.poll(() => !othersSweep())
  const there = findFifo(path)
  return there?.dev === dev && there.ino === ino
}

/** Who needs a FIFO, in words. */
export function inUse(users: number[]): string {
  const names = users.map((pid) => `process ${pid} (${readStat(pid)?.comm ?? 'gone by now'})`)
  return `${names.join(', ')} ${users.length === 1 ? 'uses it or waits' : 'use it or wait'} for it`
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
  stage.say({ event: 'created', kind: 'fifo', id: path })
  return findFifo(path)!
}

/** Undefined when somebody else made it first. */
function make(path: string, makeFifo: MakeFifo): Page<RecordedFifo> | undefined {
  const entry = recordFifo(resolve(path))
  let made = false
  try {
    made = makeFifo(path, entry.thing.draft, (identity) => entry.made({ identity }))
  } finally {
    if (!made) entry.forget()
  }
  return made ? entry : undefined
}

/** Where `pipe read` and `pipe write` of two terminals meet, and what to type in the other terminal. */
import { join } from 'node:path'
import type { Actor } from '../../run/actor.js'
import { runtimeFolder } from '../../run/runtime-folder.js'
import type { Stage } from '../../run/stage.js'
import { quoted } from '../../shell-quote.js'

/** How long open(2) may take, in milliseconds, before the person in front of the terminal is told what it waits for. */
const patience = 200

/** Where two terminals of one user find each other. This FIFO stays between runs; `osdemo clean` removes it. */
export function defaultFifo(): string {
  return join(runtimeFolder(), 'pipe')
}

/** The path of `--path`, else the default one, which must be a FIFO of this user's own. */
export function choosePath(path: string | undefined): { path: string; ours: boolean } {
  return path === undefined ? { path: defaultFifo(), ours: true } : { path, ours: false }
}

/**
 * Tells the person what the actor waits for and what to type in another terminal, unless the other end is open already.
 *
 * @param other the subcommand for the other terminal
 * @param path of `--path`
 */
export async function sayIfWaiting(
  stage: Stage,
  actor: Actor,
  other: 'read' | 'write',
  path: string | undefined,
): Promise<void> {
  await actor.until('call', ({ call }) => call === 'open')
  const hasReturned = () =>
    actor.events.some((event) => (event.event === 'call' && event.phase === 'end') || event.event === 'error')
  if (await stage.poll(hasReturned, patience)) return
  const partner = other === 'read' ? 'reader' : 'writer'
  const words = `osdemo pipe ${other}${path === undefined ? '' : ` --path ${quoted(path)}`}`
  stage.note(`Waiting for a ${partner}. In another terminal: ${words}`, 'next')
}

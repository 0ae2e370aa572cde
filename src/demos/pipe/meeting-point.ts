/** Where `pipe read` and `pipe write` of two terminals meet, and what to type in the other terminal. */
import { join } from 'node:path'
import type { AtPath } from '../../ipc/fifo.js'
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
  const hasReturned = () => isConnected(actor) || actor.events.some(({ event }) => event === 'error')
  if (await stage.poll(hasReturned, patience)) return
  const partner = other === 'read' ? 'reader' : 'writer'
  const words = `osdemo pipe ${other}${path === undefined ? '' : ` --path ${quoted(path)}`}`
  stage.note(`Waiting for a ${partner}. In another terminal: ${words}`, 'next')
}

/** Whether the last open(2) of the actor has returned a descriptor. */
function isConnected({ events }: Actor): boolean {
  const last = events.findLast((event) => event.event === 'call' && event.call === 'open')
  return last?.event === 'call' && last.result !== undefined
}

/** Milliseconds between two looks at the path. */
const interval = 1000

/**
 * Reports when another process removes or replaces the FIFO while both ends are connected. An actor that waits in open(2)
 * notices it itself.
 *
 * @param atPath of `ensureFifo`
 */
export function watchPath({ say, scope }: Stage, actor: Actor, path: string, atPath: () => AtPath): void {
  let told: AtPath = 'same'
  const watch = setInterval(() => {
    const found = atPath()
    if (found === told || found === 'same' || !isConnected(actor)) return
    told = found
    const done = found === 'another' ? 'replaced' : 'removed'
    const text = `Another process ${done} the FIFO ${path}. The connected processes still use the old one.`
    say({ event: 'note', text, role: 'next', data: { atPath: found } })
  }, interval)
  scope.defer(() => clearInterval(watch))
}

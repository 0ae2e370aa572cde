/** Where `pipe read` and `pipe write` of two terminals meet, and what to type in the other one. */
import { join } from 'node:path'
import { runtimeFolder } from '../../run/runtime-folder.js'
import { quoted } from '../../shell-quote.js'

/** Where two terminals of one user find each other. This FIFO stays between runs; `osdemo clean` removes it. */
export function defaultFifo(): string {
  return join(runtimeFolder(), 'pipe')
}

/** The path of `--path`, else the default one, which must be a FIFO of this user's own. */
export function choosePath(path: string | undefined): { path: string; ours: boolean } {
  return path === undefined ? { path: defaultFifo(), ours: true } : { path, ours: false }
}

/** The words to type in the other terminal. */
export function otherTerminal(end: 'read' | 'write', path: string | undefined): string {
  return `in another terminal: osdemo pipe ${end}${path === undefined ? '' : ` --path ${quoted(path)}`}`
}

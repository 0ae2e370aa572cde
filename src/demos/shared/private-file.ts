/** Files of this run alone, in its folder. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { removeFromFolder, runFolder } from '../../run/ledger.js'
import type { Stage } from '../../run/stage.js'

/** A path at which there is nothing yet. @param name of the file; where it is taken, a number is added */
export function freePath(name: string): string {
  let path = join(runFolder(), name)
  for (let n = 1; existsSync(path); n++) path = join(runFolder(), `${name}-${n}`)
  return path
}

/** Writes a file, which is removed with the stage, and returns its path. */
export function makePrivateFile({ scope, say }: Stage, name: string, content: string): string {
  const path = freePath(name)
  scope.defer(() => {
    removeFromFolder(path)
    say({ event: 'removed', kind: 'file', id: path })
  })
  writeFileSync(path, content, { mode: 0o600, flag: 'wx' })
  say({ event: 'created', kind: 'file', id: path })
  return path
}

/** The C compiler of this machine, and one that compiles something else than it was given. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './folders.js'

export const cc = spawnSync('sh', ['-c', 'command -v cc'], { encoding: 'utf8' }).stdout.trim()

export const noCompiler = cc === ''

/** For the title of a test that needs a compiler. */
export const whyNoCompiler = noCompiler ? ' (skipped: there is no cc here)' : ''

/** A PATH whose cc compiles the C programs of osdemo after these edits of sed. It needs a cache folder of its own. */
export function pathWithCompiler(...edits: string[]): string {
  const folder = temporaryFolder()
  const words = edits.map((edit) => `-e '${edit}'`).join(' ')
  const script = `#!/bin/sh
draft=$2
sed ${words} "$3" > ${folder}/edited.c
shift 3
exec ${cc} -w -o "$draft" ${folder}/edited.c "$@"
`
  writeFileSync(join(folder, 'cc'), script, { mode: 0o755 })
  return `${folder}:${process.env.PATH}`
}

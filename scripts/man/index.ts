/** Writes the man pages into the folder that the command line names. scripts/build.mjs runs it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { manPages } from './pages.js'

const [, , folder = ''] = process.argv
mkdirSync(folder, { recursive: true })
for (const [name, source] of await manPages()) writeFileSync(join(folder, `${name}.1`), source)

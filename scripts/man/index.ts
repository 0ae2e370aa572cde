/** Writes the man pages, compressed, into the folder that the command line names. scripts/build.mjs runs it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { manPages } from './pages.js'

const [, , folder = ''] = process.argv
mkdirSync(folder, { recursive: true })
for (const [name, source] of await manPages()) {
  // They take a third of the room, and man(1) and npm know this form.
  writeFileSync(join(folder, `${name}.1.gz`), gzipSync(source, { level: 9 }))
}

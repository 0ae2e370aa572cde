/**
 * `npm run pictures`: draws the picture of each demo for docs/gallery.md, each from a real run; `npm run pictures -- pipe demo` only
 * that of one demo. Use an idle machine: other load shows
 * up in them.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { commands, defaultOf } from '../src/commands/index.js'
import { variantOf } from '../src/commands/lib/entry.js'

/** A demo and its picture. */
export interface Picture {
  command: string
  title: string
  summary: string
  file: string
}

/** The demos of the tour, in its order. */
export const gallery: readonly Picture[] = [...commands].flatMap(([path, { chapter, summary, variant }]) => {
  const [group = '', member] = path.split(' ')
  const words = defaultOf(group) === member ? group : path
  return [
    ...(chapter ? [pictureOf(words, chapter.title, summary)] : []),
    ...(variant ? [pictureOf(variantOf(words, variant), variant.chapter.title, variant.summary)] : []),
  ]
})

function pictureOf(words: string, heading: string, summary: string): Picture {
  const title = `${heading.charAt(0).toUpperCase()}${heading.slice(1)}`
  const file = `docs/pictures/${words.replaceAll(/[ -]+/g, '-')}.svg`
  return { command: `osdemo ${words}`, title, summary, file }
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  const [, , ...only] = process.argv
  const wanted = gallery.filter(({ command }) => only.length === 0 || command === `osdemo ${only.join(' ')}`)
  for (const { command, file } of wanted) {
    mkdirSync(dirname(file), { recursive: true })
    const words = command.split(' ').slice(1)
    execFileSync(process.execPath, ['bin/osdemo.js', ...words, '--save', file], { stdio: 'ignore' })
    process.stdout.write(`${file}\n`)
  }
}

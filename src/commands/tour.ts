import { Command } from '@commander-js/extra-typings'
import { type Chapter, tour } from '../demos/tour.js'
import type { Demo } from '../run/stage.js'
import { commands } from './index.js'
import type { CommandEntry } from './lib/entry.js'
import { demoCommand } from './lib/spec.js'

/** The chapters that commands declare. */
export const chapters: readonly Chapter[] = [...commands].flatMap(([command, entry]) =>
  entry.chapter ? [{ command, load: () => demoOf(entry) }] : [],
)

/** The shorter demo of the chapter, else what the command plays without any option. */
async function demoOf(entry: CommandEntry): Promise<Demo> {
  if (entry.chapter?.demo) return entry.chapter.demo()
  if (entry.demo) return entry.demo()
  const { spec } = await entry.load()
  if (spec.kind === 'plain') throw new TypeError('a command that starts no run cannot be a chapter')
  const command = new Command()
  const nameDemo = spec.configure(command)
  command.parse([], { from: 'user' })
  return nameDemo({}, { payload: false, events: true })
}

export const spec = demoCommand({
  examples: ['osdemo tour', 'osdemo tour --json > tour.ndjson', 'osdemo tour --quiet; echo $?'],
  options: (command) => command,
  demo: () => tour(chapters),
})

import { Argument, Command } from '@commander-js/extra-typings'
import { type Chapter, tour } from '../demos/tour.js'
import { UsageError } from '../errors.js'
import type { Demo } from '../run/stage.js'
import { commands } from './index.js'
import { closest } from './lib/closest.js'
import { hasPerson } from './lib/common-options.js'
import { type CommandEntry, variantOf } from './lib/entry.js'
import { tourCommand } from './lib/spec.js'

/** The chapters that commands declare. */
export const chapters: readonly Chapter[] = [...commands].flatMap(([command, entry]) => {
  const { chapter, questions, variant } = entry
  return [
    ...(chapter ? [{ ...chapter, command, questions, load: () => demoOf(entry) }] : []),
    ...(variant
      ? [
          {
            ...variant.chapter,
            command: variantOf(command, variant),
            questions: variant.questions,
            load: variant.chapter.demo,
          },
        ]
      : []),
  ]
})

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

/** The chapters that words name, in the order of the words; all without any. @throws UsageError */
export function chosen(words: readonly string[]): readonly Chapter[] {
  if (words.length === 0) return chapters
  const found = joined(words).flatMap((name) => named(name))
  return [...new Set(found)]
}

/** `process zombie` as one name, however it was quoted. */
function joined(words: readonly string[]): string[] {
  const names: string[] = []
  for (let at = 0; at < words.length; at++) {
    const pair = words.slice(at, at + 2).join(' ')
    const isPair = chapters.some(({ command }) => command === pair)
    names.push(isPair ? pair : (words[at] ?? ''))
    if (isPair && words.length > at + 1) at++
  }
  return names
}

/** The shortest name of each chapter: the last word of its command, where no other chapter has that word. */
const shortNames: readonly string[] = chapters.map(({ command }) => {
  const word = command.split(' ').at(-1) ?? command
  const isUnique = chapters.filter((other) => endsWith(other, word)).length === 1
  return isUnique ? word : command
})

function endsWith({ command }: Chapter, word: string): boolean {
  return ` ${command}`.endsWith(` ${word}`)
}

/** The chapters of a name: a command, the last word of one, or a topic as the commands or the lecture call it. */
function named(name: string): readonly Chapter[] {
  const wanted = name.trim().split(/\s+/).join(' ')
  const found = chapters.filter(
    ({ command, topic }) => topic === wanted || `${command} `.startsWith(`${wanted} `),
  )
  if (found.length > 0) return found
  const byLastWord = chapters.filter((chapter) => endsWith(chapter, wanted))
  if (byLastWord.length === 1) return byLastWord
  if (byLastWord.length > 1) {
    const commands = byLastWord.map(({ command }) => `"${command}"`).join(', ')
    throw new UsageError(`several chapters are named '${wanted}'`, `Name one of ${commands}.`)
  }
  const meant = closest(wanted, [...shortNames, ...chapters.map(({ command }) => command)])
  // The chapters are too many for a line of 80 columns; the help page wraps them.
  const list = 'List the chapters: osdemo tour --help'
  throw new UsageError(
    `the tour has no chapter '${wanted}'`,
    meant === undefined ? list : `Did you mean "${meant}"? ${list}`,
  )
}

export const spec = tourCommand({
  examples: [
    'osdemo tour                          # waits for Enter after each page',
    'osdemo tour zombie "pipe demo"       # these chapters only',
    'osdemo tour shm                      # all chapters about shared memory',
    'osdemo tour --predict                # answer questions first',
    'osdemo tour --json > tour.ndjson',
  ],
  options: (command) =>
    command
      .addArgument(
        new Argument('[chapter...]', 'play only these: zombie, "process zombie", or a topic such as process')
          // The list serves completion. `chosen` checks the words, because two may be one name.
          .choices(shortNames)
          .argParser((word: string, before: string[] | undefined) => [...(before ?? []), word]),
      )
      .option('--no-pause', 'do not wait for Enter after each page'),
  async demo([words = []], options) {
    const { pause, full, predict } = options
    const person = hasPerson(options)
    const asks = predict || options.answers !== undefined
    return tour(chosen(words), {
      full: full === true,
      pauses: person && pause && !full,
      person,
      answers: asks ? await (await import('./lib/predicting.js')).answersOf(options) : undefined,
    })
  },
})

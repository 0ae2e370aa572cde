/** Finds the command among the words. Commander parses the rest, once it is known whose words they are. */
import { UsageError } from '../errors.js'
import { commands, groups } from './index.js'
import { parseWords, quietCommand, valueOptions } from './spec.js'

/** A command with the words for it, or a help page with its path (empty for the whole program). */
export type Route = { command: string; words: string[] } | { help: string; asked: boolean }

/**
 * @param words argv up to `--`; what follows goes through untouched as operands
 * @throws UsageError for a word that is no command, with what was probably meant
 */
export function findRoute(words: string[]): Route {
  const first = nextWord(words, 0)
  const wantsHelp = words.includes('--help') || words.includes('-h')
  if (first === undefined) return { help: '', asked: wantsHelp }
  const name = words[first]!
  if (name === 'help') return helpRoute(words.slice(first + 1).filter((word) => !word.startsWith('-')))
  if (commands[name]) return { command: name, words: without(words, first) }
  const group = groups[name]
  if (!group) throw unknown('', name)
  const second = nextWord(words, first + 1)
  if (second !== undefined && commands[`${name} ${words[second]}`]) {
    return { command: `${name} ${words[second]}`, words: without(words, first, second) }
  }
  if (second !== undefined) throw unknown(name, words[second]!)
  if (wantsHelp) return { help: name, asked: true }
  if (group.default === undefined) return { help: name, asked: false }
  return { command: `${name} ${group.default}`, words: without(words, first) }
}

function helpRoute(path: string[]): Route {
  const [name, sub] = path
  if (name === undefined) return { help: '', asked: true }
  if (!groups[name] && !commands[name]) throw unknown('', name)
  if (sub !== undefined && groups[name] && !commands[`${name} ${sub}`]) throw unknown(name, sub)
  const command = groups[name] && sub !== undefined ? `${name} ${sub}` : name
  return commands[command] ? { command, words: ['--help'] } : { help: name, asked: true }
}

/** The index of the next word that is no option; only options that every command has may stand before it. */
function nextWord(words: string[], from: number): number | undefined {
  for (let at = from; at < words.length; at++) {
    const word = words[at]!
    if (!word.startsWith('-')) return at
    if (valueOptions.includes(word)) at++
    else if (!isCommonFlag(word)) return undefined
  }
  return undefined
}

function isCommonFlag(word: string): boolean {
  return (
    ['--json', '--quiet', '--color', '--no-color'].includes(word) ||
    valueOptions.some((option) => word.startsWith(`${option}=`))
  )
}

function without(words: string[], ...indexes: number[]): string[] {
  return words.filter((_, index) => !indexes.includes(index))
}

/** Commander knows how to find the name that was meant; this gives it the names. */
function unknown(group: string, word: string): UsageError {
  const program = groupCommand(group)
  try {
    parseWords(program, ['--', word])
  } catch (error) {
    if (error instanceof UsageError) return error
    throw error
  }
  return new UsageError(`unknown command '${word}'`)
}

/** A commander command that knows the names and summaries of a group's members, for its help and its suggestions. */
export function groupCommand(group: string) {
  const program = quietCommand(group === '' ? 'osdemo' : `osdemo ${group}`)
  const members =
    group === ''
      ? [...Object.entries(commands).filter(([name]) => !name.includes(' ')), ...Object.entries(groups)]
      : Object.entries(commands).flatMap(([path, entry]) => {
          const [owner, name] = path.split(' ')
          return owner === group && name ? [[name, entry] as const] : []
        })
  for (const [name, { summary }] of members) {
    const standard = groups[group]?.default === name ? ' (this is what the bare group does)' : ''
    program
      .command(name)
      .summary(summary + standard)
      .action(() => {})
  }
  const examples = groups[group]?.examples ?? ['osdemo tour', 'osdemo pipe demo', 'osdemo help pipe write']
  program.description(
    groups[group]?.summary ??
      'See how processes and inter-process communication work, with the kernel as witness.',
  )
  if (group === '') program.option('-V, --version', 'show the version')
  return program.addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`)
}

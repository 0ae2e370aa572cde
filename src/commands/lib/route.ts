/** Finds the command among the words. Commander parses the rest, once it is known whose words they are. */
import type { Command } from 'commander'
import { UsageError } from '../../errors.js'
import { commands, groups } from '../index.js'
import { buildCommand, exampleText, parseWords, quietCommand, valueOptions } from './spec.js'

/** A command with the words for it, or a help page with its path (empty for the whole program). */
export type Route = { command: string; words: string[] } | { help: string; asked: boolean }

/**
 * @param words argv up to `--`; what follows goes through untouched as operands
 * @throws UsageError for a word that is no command, with what was probably meant
 */
export function findRoute(words: string[]): Route {
  const first = nextWord(words, 0)
  const wantsHelp = words.includes('--help') || words.includes('-h')
  if (first === undefined) return helpOrRefusal('', words, wantsHelp)
  const name = words[first]!
  if (name === 'help') return helpRoute(words.slice(first + 1).filter((word) => !word.startsWith('-')))
  if (commands.has(name)) return { command: name, words: without(words, first) }
  const group = groups.get(name)
  if (!group) throw unknown('', name)
  const second = nextWord(words, first + 1)
  if (second !== undefined && commands.has(`${name} ${words[second]}`)) {
    return { command: `${name} ${words[second]}`, words: without(words, first, second) }
  }
  if (second !== undefined) throw unknown(name, words[second]!)
  if (group.default === undefined) return helpOrRefusal(name, words.slice(first + 1), wantsHelp)
  return { command: `${name} ${group.default}`, words: without(words, first) }
}

/**
 * The help of a group that was given no command. When an option is in the way that not every command has, that is said
 * instead: whatever stands behind it may be its value.
 */
function helpOrRefusal(group: string, words: string[], asked: boolean): Route {
  const option = asked ? undefined : words.find((_, at) => isStrange(words, at))
  if (option === undefined) return { help: group, asked }
  const known = didYouMean(option)
  if (known) throw known
  const example = group === '' ? 'osdemo pipe read' : `osdemo ${group} ${membersOf(group)[0]![0]}`
  throw new UsageError(
    `option '${option}' stands before the command`,
    `the options of a command stand after it: ${example} ${option}`,
  )
}

/** Commander knows how to find the option that was meant, among those that every command has. */
function didYouMean(option: string): UsageError | undefined {
  const any = buildCommand('', '', { kind: 'plain', shows: true, examples: [], act: async () => {} })
  try {
    parseWords(any, [option])
  } catch (error) {
    if (error instanceof UsageError && error.hint?.startsWith('Did you mean')) return error
  }
  return undefined
}

function isStrange(words: string[], at: number): boolean {
  const word = words[at]!
  const isValue = at > 0 && valueOptions.includes(words[at - 1]!)
  if (['--version', '-V'].includes(word)) return false
  return word.startsWith('-') && !isValue && !valueOptions.includes(word) && !isCommonFlag(word)
}

function helpRoute(path: string[]): Route {
  const [name, sub] = path
  if (name === undefined) return { help: '', asked: true }
  const group = groups.get(name)
  if (!group && !commands.has(name)) throw unknown('', name)
  if (group && sub !== undefined && !commands.has(`${name} ${sub}`)) throw unknown(name, sub)
  const member = group && (sub ?? group.default)
  if (group && member === undefined) return { help: name, asked: true }
  return { command: member === undefined ? name : `${name} ${member}`, words: ['--help'] }
}

/** The index of the next word that is no option; only options that every command has may stand before it. */
export function nextWord(words: string[], from: number): number | undefined {
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

/** The members of a group with their summaries; of the program, when the group is empty. */
function membersOf(group: string): [name: string, summary: string][] {
  if (group === '') {
    const alone = [...commands].filter(([path]) => !path.includes(' '))
    return [...alone, ...groups].map(([name, { summary }]) => [name, summary])
  }
  return [...commands].flatMap(([path, { summary }]) => {
    const [owner, name] = path.split(' ')
    return owner === group && name !== undefined ? [[name, summary] as [string, string]] : []
  })
}

/** The names of a group's members; of the program's commands and groups, when the group is empty. */
export function memberNames(group: string): string[] {
  return membersOf(group).map(([name]) => name)
}

/** A commander command that knows the members of a group, for its help page and its suggestions. */
export function groupCommand(group: string): Command {
  const program = quietCommand(group === '' ? 'osdemo' : `osdemo ${group}`)
  for (const [name, summary] of membersOf(group)) {
    program
      .command(name)
      .summary(summary)
      .action(() => {})
  }
  const { summary, examples } = groups.get(group) ?? {
    summary: 'See how processes and inter-process communication work, with the kernel as witness.',
    examples: ['osdemo tour', 'osdemo pipe demo', 'osdemo help pipe write'],
  }
  if (group === '') program.option('-V, --version', 'show the version')
  return program.description(summary).addHelpText('after', exampleText(examples))
}

/** What the help of a command says when it is what its bare group stands for: the names of the others. */
export function otherMembers(path: string): string {
  const [group = '', name] = path.split(' ')
  if (name === undefined || groups.get(group)?.default !== name) return ''
  const others = membersOf(group).filter(([other]) => other !== name)
  const lines = others.map(([other, summary]) => `  osdemo ${group} ${other.padEnd(8)} ${summary}\n`)
  return `\nThis is what \`osdemo ${group}\` does. See also:\n${lines.join('')}`
}

/** Completes the last word of a command line, from the commands and options themselves. */
import { type Command, CommanderError } from '@commander-js/extra-typings'
import { createProgram, type Program, pathOf } from './program.js'

type Candidate = [word: string, what: string]

/** Tells the shell to complete names of files. */
const files: Candidate = ['@files', '']

/** Besides a command, `terms` may follow `help`. */
const glossary: Candidate = ['terms', 'the glossary']

/**
 * @param words the words after `osdemo`; the last one, which may be empty, is completed
 * @returns a line for each candidate: the word, a tab and its meaning; `@files` alone for names of files
 */
export async function candidates(words: string[]): Promise<string> {
  const before = joinAssignments(words)
  const current = before.pop() ?? ''
  const found = await find(before, current)
  // bash cuts --view=nd into three words and replaces the last. Other shells replace the whole word.
  const head = words.at(-1) === current ? (assignment.exec(current)?.[0] ?? '') : ''
  const lines = found.map(([word, what]) => (word === files[0] ? word : `${head}${word}\t${what}`))
  return lines.map((line) => `${line}\n`).join('')
}

const assignment = /^(--[\w-]+)=/

/** Joins what bash has cut: `--view`, `=`, `nd` become `--view=nd`. */
function joinAssignments(words: string[]): string[] {
  const joined: string[] = []
  for (const [at, word] of words.entries()) {
    if (at > 0 && (word === '=' || words[at - 1] === '=')) joined.push(`${joined.pop()}${word}`)
    else joined.push(word)
  }
  return joined
}

async function find(before: string[], current: string): Promise<Candidate[]> {
  const { command, isLast } = await locate(createProgram(), before)
  if (!before.includes('--')) {
    const name = assignment.exec(current)?.[1] ?? before.at(-1)
    const taker = command.options.find((option) => option.required && option.long === name)
    if (taker) return values(/<(.*)>/.exec(taker.flags)?.[1] ?? '', taker.argChoices)
    if (current.startsWith('-')) {
      const options = command.createHelp().visibleOptions(command)
      // Every option of osdemo has a long name.
      return options.map(({ long, description }) => [long!, description])
    }
  }
  const members = isLast ? command.commands : []
  const operand = command.registeredArguments[0]
  return [
    ...members.map((each): Candidate => [each.name(), each.summary()]),
    ...(before.length === 1 && before[0] === 'help' ? [glossary] : []),
    ...(operand ? values(operand.name(), operand.argChoices) : []),
  ]
}

interface Place {
  command: Command
  /** Only options follow the command, so the next word may name a subcommand. */
  isLast: boolean
}

/** Finds the command that the words name, as commander does. */
async function locate(program: Program, words: string[], path = ''): Promise<Place> {
  const command = await program.prepare(path, words[0])
  const [name, ...rest] = withoutOptions(command, words)
  if (command.commands.length === 0 || name === undefined) return { command, isLast: true }
  if (name === 'help') {
    const place = await locate(program, rest)
    return place.command.commands.length > 0
      ? place
      : { command: await program.prepare('help'), isLast: true }
  }
  const isMember = command.commands.some((each) => each.name() === name)
  return isMember ? locate(program, rest, pathOf(path, name)) : { command, isLast: false }
}

/** The words without the options of a command. None where an option lacks its value. */
function withoutOptions(command: Command, words: string[]): string[] {
  try {
    const { operands, unknown } = command.parseOptions(words)
    return [...operands, ...unknown]
  } catch (error) {
    if (error instanceof CommanderError) return []
    throw error
  }
}

/** The values of an option or an operand. One that is named `file` or `path` takes a file. */
function values(name: string, choices?: readonly string[]): Candidate[] {
  if (choices) return choices.map((choice) => [choice, ''])
  return ['file', 'path'].includes(name) ? [files] : []
}

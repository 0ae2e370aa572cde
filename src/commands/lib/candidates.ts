/** What may stand for the last word of a command line: made from the commands as they describe themselves. */
import { type Command, CommanderError } from '@commander-js/extra-typings'
import { createProgram, type Program, pathOf } from './program.js'

type Candidate = [word: string, what: string]

/** Stands for the names of files. */
const files: Candidate = ['@files', '']

/** What may follow `help` besides a command. */
const glossary: Candidate = ['terms', 'the glossary']

/**
 * @param words what was typed behind `osdemo`; the last one, which may be empty, is to be completed
 * @returns a line each: the word, a tab, what it is; `@files` alone for the names of files
 */
export async function candidates(words: string[]): Promise<string> {
  const before = joinAssignments(words)
  const current = before.pop() ?? ''
  const found = await find(before, current)
  // bash takes --view=nd for three words and replaces the last; the others see one word and replace all of it.
  const head = words.at(-1) === current ? (assignment.exec(current)?.[0] ?? '') : ''
  const lines = found.map(([word, what]) => (word === files[0] ? word : `${head}${word}\t${what}`))
  return lines.map((line) => `${line}\n`).join('')
}

const assignment = /^(--[\w-]+)=/

/** `--view`, `=`, `nd`, as bash cuts it, is `--view=nd`. */
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
      // Each of our options has a long name.
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
  /** No word has come after the command but options: the next one may name a subcommand. */
  isLast: boolean
}

/** Goes with the words from command to command, as commander does. */
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

/** The words behind the options of a command; none where an option still lacks its value. */
function withoutOptions(command: Command, words: string[]): string[] {
  try {
    const { operands, unknown } = command.parseOptions(words)
    return [...operands, ...unknown]
  } catch (error) {
    if (error instanceof CommanderError) return []
    throw error
  }
}

/** The values of an option or an operand; by its name it takes a file or it does not. */
function values(name: string, choices?: readonly string[]): Candidate[] {
  if (choices) return choices.map((choice) => [choice, ''])
  return ['file', 'path'].includes(name) ? [files] : []
}

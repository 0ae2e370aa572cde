/** What may stand for the last word of a command line: made from the commands as they describe themselves. */
import type { Command } from 'commander'
import { commands, groups } from '../index.js'
import { groupCommand, nextWord } from './route.js'
import { buildCommand } from './spec.js'

type Candidate = [word: string, what: string]

/** Stands for the names of files. */
const files: Candidate = ['@files', '']

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
  const { members, command } = await locate(before)
  if (!before.includes('--')) {
    const name = assignment.exec(current)?.[1] ?? before.at(-1)
    const taker = command.options.find((option) => option.required && option.long === name)
    if (taker) return values(/<(.*)>/.exec(taker.flags)![1]!, taker.argChoices)
    if (current.startsWith('-')) return optionsOf(command)
  }
  const operand = command.registeredArguments[0]
  return [...members, ...(operand ? values(operand.name(), operand.argChoices) : [])]
}

/** The command that the words name, and the commands that the next word may name; in a group with a default, both. */
async function locate(before: string[]): Promise<{ members: Candidate[]; command: Command }> {
  const first = nextWord(before, 0)
  const name = first === undefined ? '' : before[first]!
  if (name === '') {
    return { members: [...membersOf(''), ['help', 'the help of a command']], command: anyCommand() }
  }
  if (name === 'help') {
    const [topic, ...more] = before.slice(first! + 1)
    return { members: more.length > 0 ? [] : membersOf(topic ?? ''), command: anyCommand() }
  }
  if (commands.has(name)) return { members: [], command: await load(name) }
  const second = nextWord(before, first! + 1)
  const path = `${name} ${second === undefined ? groups.get(name)?.default : before[second]}`
  const command = commands.has(path) ? await load(path) : anyCommand()
  return { members: second === undefined ? membersOf(name) : [], command }
}

async function load(path: string): Promise<Command> {
  const { summary, load } = commands.get(path)!
  return buildCommand(path, summary, (await load()).spec)
}

/** What every command has. */
function anyCommand(): Command {
  return buildCommand('', '', { kind: 'plain', shows: true, examples: [], act: async () => {} })
}

function membersOf(group: string): Candidate[] {
  return groupCommand(group).commands.map((each) => [each.name(), each.summary()])
}

function optionsOf({ options }: Command): Candidate[] {
  return [
    ...options.map(({ long, description }): Candidate => [long!, description]),
    ['--help', 'show the help'],
  ]
}

/** The values of an option or an operand; by its name it takes a file or it does not. */
function values(name: string, choices?: readonly string[]): Candidate[] {
  if (choices) return choices.map((choice) => [choice, ''])
  return ['file', 'path'].includes(name) ? [files] : []
}

/** The man pages: one of osdemo, and one of each topic. They are made from the commands, and from the document that describes them. */
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import manifest from '../../package.json' with { type: 'json' }
import { commands, isGroup, topics } from '../../src/commands/index.js'
import { createProgram, examples, specOf } from '../../src/commands/lib/program.js'
import { version } from '../../src/run/package.js'
import { called, ownOptions } from '../called.js'
import { sectionsOf, sourceOf } from './markdown.js'
import {
  bold,
  code,
  codeWidth,
  entry,
  filled,
  italic,
  literal,
  paragraph,
  section,
  subsection,
} from './roff.js'

const document = 'docs/reference/command-line.md'
const sections = sectionsOf(readFileSync(document, 'utf8'))

/** The names of the pages. */
export const pageNames: readonly string[] = ['osdemo', ...Object.keys(topics).map(nameOf)]

/** The source of each page by its name, such as `osdemo-pipe`. */
export async function manPages(): Promise<Map<string, string>> {
  const pages = Object.keys(topics).map(async (topic) => [nameOf(topic), await topicPage(topic)] as const)
  return new Map([['osdemo', mainPage()], ...(await Promise.all(pages))])
}

function nameOf(topic: string): string {
  return `osdemo-${topic}`
}

function mainPage(): string {
  const { command } = createProgram()
  const list = command.commands.map((each) => {
    const isTopic = Object.hasOwn(topics, each.name())
    const term = isTopic ? reference(nameOf(each.name())) : bold(`osdemo ${each.name()}`)
    return entry(term, literal(each.summary()))
  })
  const about = command.description()
  const summary = `${about[0]?.toLowerCase()}${about.slice(1, -1)}`
  return page('osdemo', summary, [
    section('SYNOPSIS', synopsis('osdemo', ['[options]', '<command>', '[argument...]'])),
    section('DESCRIPTION', paragraph(literal(about)), described('Output')),
    section('COMMANDS', ...list),
    section('OPTIONS', ...optionList(command, command.options), described('Options')),
    section('VALUES', described('Values')),
    section('VIEWS', described('Views')),
    section('PREDICTIONS', described('Predictions')),
    section('EXIT STATUS', described('Exit codes')),
    section('ENVIRONMENT', described('Environment')),
    section('FILES', described('Files')),
    section('EXAMPLES', ...exampleSource(examples)),
  ])
}

async function topicPage(name: string): Promise<string> {
  const members = [...commands].filter(([path]) => path.split(' ')[0] === name)
  const parts = await Promise.all(
    members.map(async ([path, commandEntry]) => {
      const program = createProgram()
      const command = await program.prepare(path)
      const own = ownOptions(program.command, command)
      const words = command.usage().match(/\[[^\]]*\]|<[^>]*>|\S+/g) ?? []
      const options = own.map(({ flags }) => `[${flags}]`)
      return {
        path,
        call: synopsis(called(path), [...options, ...words.filter((word) => word !== '[options]')]),
        about: [paragraph(literal(command.description())), findSection(`osdemo ${path}`)].join('\n'),
        list: [...argumentList(command), ...optionList(command, own)],
        // A demo without options has only the examples that every demo has.
        examples: commandEntry.load ? (await specOf(path, commandEntry)).examples : [],
      }
    }),
  )
  // The map of commands is made of the topics.
  const topic = topics[name]!
  const chapter = sections.find(({ heading }) => heading.startsWith(`osdemo ${name} `))?.chapter
  const also = paragraph(
    `The options that every command has, such as ${bold('--json')}, are in ${reference('osdemo')}.`,
  )
  const [single] = isGroup(topic) ? [] : parts
  const text = single
    ? [section('DESCRIPTION', single.about), section('OPTIONS', ...single.list, also)]
    : [
        section('DESCRIPTION', paragraph(literal(sentence(topic.summary))), findSection(chapter)),
        section(
          'COMMANDS',
          ...parts.map(({ path, about, list }) => subsection(`osdemo ${path}`, about, ...list)),
        ),
        section('OPTIONS', also),
      ]
  const first = isGroup(topic) ? (topic.examples ?? []) : []
  return page(nameOf(name), topic.summary, [
    section('SYNOPSIS', ...parts.map(({ call }) => call)),
    ...text,
    section('EXIT STATUS', described('Exit codes')),
    section('EXAMPLES', ...exampleSource([...first, ...parts.flatMap((part) => part.examples)])),
  ])
}

function page(name: string, summary: string, parts: string[]): string {
  const title = `.TH ${literal(name.toUpperCase())} 1 ${changed()} ${literal(`"osdemo ${version}"`)} osdemo`
  const text = [section('NAME', filled(literal(`${name} - ${summary}`))), ...parts].join('\n')
  const others = pageNames.filter((other) => other !== name)
  const seeAlso = [...others.map((other) => reference(other)), ...referencesIn(text)].join(', ')
  const documents = paragraph(
    literal(`Documents, such as ${document}, are in the repository: ${manifest.homepage}`),
  )
  // Words are neither cut at a hyphen nor spread over a line: most of them are names of options, calls and files.
  const lines = [title, '.nr HY 0', '.ad l', text, section('SEE ALSO', paragraph(seeAlso), documents)]
  return `${lines.join('\n').replaceAll(/\n+/g, '\n')}\n`
}

/** The day of the last change that a user notices: a page that has not changed is built the same on every day. */
function changed(): string {
  return /\b\d{4}-\d\d-\d\d\b/.exec(readFileSync('CHANGELOG.md', 'utf8'))?.[0] ?? ''
}

/** The man pages that a text names, by section and name: open(2), fifo(7). */
function referencesIn(text: string): string[] {
  const found = [...text.matchAll(/(?<![\\\w-])([a-z_]\w*)\((\d\w*)\)/g)]
  const names = found.map(([, name = '', chapter = '']) => ({ name, chapter }))
  names.sort((one, other) => (`${one.chapter} ${one.name}` < `${other.chapter} ${other.name}` ? -1 : 1))
  return [...new Set(names.map(({ name, chapter }) => reference(name, chapter)))]
}

const reference = (name: string, chapter = '1') => `${bold(name)}(${chapter})`

const sentence = (summary: string) => `${summary[0]?.toUpperCase()}${summary.slice(1)}.`

/** A section of the document. @throws Error when it has none of that heading */
function described(heading: string): string {
  const found = findSection(heading)
  if (found === '') throw new Error(`${document} has no section of the heading ${heading}`)
  return found
}

function findSection(heading: string | undefined): string {
  const found = sections.find((each) => each.heading === heading)
  return found ? sourceOf(found, dirname(document)) : ''
}

/** A call with its words, such as `[--path <path>]`. Their lines are indented where they need several. */
function synopsis(call: string, words: readonly string[]): string {
  return [`.SY "${literal(call)}"`, ...words.map((word) => form(word).replaceAll(' ', '\\ ')), '.YS'].join(
    '\n',
  )
}

/** What is typed as it stands is bold, and what stands for something else is italic. */
function form(words: string): string {
  const parts = words.split(/(--?[\w-]+|<[^>]*>|\w[\w-]*)/)
  return parts
    .map((part) => {
      if (part.startsWith('<')) return italic(part.slice(1, -1))
      if (/^-[\w-]/.test(part)) return bold(part)
      return /^\w/.test(part) ? italic(part) : literal(part)
    })
    .join('')
}

function optionList(command: CommandUnknownOpts, options: CommandUnknownOpts['options']): string[] {
  const help = command.createHelp()
  return options.map((option) => entry(form(option.flags), literal(help.optionDescription(option))))
}

function argumentList(command: CommandUnknownOpts): string[] {
  const help = command.createHelp()
  return command.registeredArguments.map((argument) =>
    entry(italic(argument.name()), literal(help.argumentDescription(argument))),
  )
}

/** Lines to paste, each once. What an example says behind its # stands above it. */
function exampleSource(lines: readonly string[]): string[] {
  const comments = new Map<string, string[]>()
  for (const line of lines) {
    const [, call = '', comment] = /^(.*?)(?:\s+(# .*))?$/.exec(line) ?? []
    if (comment !== undefined) comments.set(call, [comment])
    else if (!comments.has(call)) comments.set(call, [])
  }
  return [...comments].map(([call, above]) => code([...above, ...folded(call)]))
}

/** A pipeline that is too long for 80 columns as lines: a shell continues a line that ends with a bar. */
function folded(call: string): string[] {
  if (call.length <= codeWidth) return [call]
  const [first = '', ...rest] = call.split(/(?<= \|) /)
  return [first, ...rest.map((part) => `  ${part}`)]
}

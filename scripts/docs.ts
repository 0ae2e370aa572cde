/** `npm run docs`: writes the parts of the documents that are made from the code. A test fails when one is out of date. */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { commands, isGroup, topics } from '../src/commands/index.js'
import { createProgram } from '../src/commands/lib/program.js'
import type { CommandSpec } from '../src/commands/lib/spec.js'
import { checks } from '../src/demos/doctor/checks.js'
import { keysOf } from '../src/demos/shared/lists.js'
import { glossary, type Term } from '../src/terms.js'
import { called, ownOptions } from './called.js'
import { claimIds } from './claims.js'
import { pageNames } from './man/pages.js'
import { gallery } from './pictures.js'

/** A part of a document, between the comments `<!-- begin NAME ... -->` and `<!-- end NAME -->`. */
interface Block {
  file: string
  name: string
  make(): string | Promise<string>
}

export const blocks: readonly Block[] = [
  { file: 'README.md', name: 'topics', make: topicTable },
  { file: 'docs/reference/command-line.md', name: 'commands', make: commandList },
  { file: 'docs/reference/command-line.md', name: 'tools', make: toolList },
  { file: 'docs/reference/events.md', name: 'claims', make: claimTable },
  { file: 'docs/gallery.md', name: 'pictures', make: pictureList },
  { file: 'docs/learning/terms.md', name: 'terms', make: termList },
  { file: 'docs/teaching/lab-machine.md', name: 'needs', make: needTable },
]

/** @returns the text of the file with the block made anew */
export async function updated({ file, name, make }: Block): Promise<string> {
  return replaceBlock(readFileSync(file, 'utf8'), name, await make())
}

/**
 * Replaces a block in a Markdown text, between its two comments.
 *
 * @throws Error when the text does not contain these comments
 */
export function replaceBlock(text: string, name: string, content: string): string {
  const comments = new RegExp(`(<!-- begin ${name}\\b[^>]*-->\n).*?(\n<!-- end ${name} -->)`, 's')
  if (!comments.test(text)) throw new Error(`there is no block of the name ${name}`)
  return text.replace(comments, (_, begin: string, end: string) => `${begin}\n${content}\n${end}`)
}

async function topicTable(): Promise<string> {
  const rows = Object.entries(topics).map(async ([name, topic]) => {
    const members = isGroup(topic) ? Object.keys(topic.members) : []
    const kinds = await Promise.all(members.map((member) => kindOf(`${name} ${member}`)))
    const cell = (isTool: boolean) =>
      members
        .filter((_, at) => (kinds[at] === 'tool') === isTool)
        .map((member) => `\`${member}\``)
        .join(', ')
    return `| \`osdemo ${name}\` | ${topic.summary} | ${cell(false)} | ${cell(true)} |`
  })
  return [
    '| topic | what it is about | demos | tools |',
    '|---|---|---|---|',
    ...(await Promise.all(rows)),
  ].join('\n')
}

async function commandList(): Promise<string> {
  const program = createProgram()
  const lines = [...commands].map(async ([path, { summary }]) => {
    const command = await program.prepare(path)
    const operands = command.registeredArguments.map((each) => {
      const name = each.variadic ? `${each.name()}...` : each.name()
      return each.required ? `<${name}>` : `[${name}]`
    })
    const own = ownOptions(program.command, command).map(({ flags }) => `[${flags}]`)
    return `- \`${[called(path), ...operands, ...own].join(' ')}\`: ${summary}`
  })
  return (await Promise.all(lines)).join('\n')
}

function claimTable(): string {
  const rows = [...claimIds()].map(
    ([id, paths]) => `| \`${id}\` | ${paths.map((path) => `\`${called(path)}\``).join(', ')} |`,
  )
  return ['| claim | shown by |', '|---|---|', ...rows].join('\n')
}

function pictureList(): string {
  const parts = gallery.map(({ command, title, summary, file }) =>
    [
      `## ${title}`,
      `![${title}: ${summary}](${file.replace('docs/', '')})`,
      `    ${command}`,
      sentence(summary),
    ].join('\n\n'),
  )
  return parts.join('\n\n')
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
}

/** What a machine may lack, and what that costs. Every command opens files and starts processes, so these needs are left out. */
function needTable(): string {
  const named = (paths: string[]) => paths.map((path) => `\`${path}\``).join(', ')
  const rows = keysOf(checks).flatMap((need) => {
    const fails = [...commands].flatMap(([path, { needs }]) => (needs.must?.includes(need) ? [path] : []))
    const limits = new Map<string, string[]>()
    for (const [path, { needs }] of commands) {
      const limit = needs.better?.[need]
      if (limit !== undefined) limits.set(limit, [...(limits.get(limit) ?? []), path])
    }
    if (need === 'files' || fails.length + limits.size === 0) return []
    const others = [...limits].map(([limit, paths]) => `${named(paths)}: ${limit}`)
    return [`| ${checks[need].name} | ${named(fails)} | ${others.join('; ')} |`]
  })
  return ['| needed | does not work without it | has limits without it |', '|---|---|---|', ...rows].join(
    '\n',
  )
}

function termList(): string {
  const parts = Object.entries(glossary).map(
    ([topic, terms]) => `## ${topic}\n\n${terms.map(termLine).join('\n')}`,
  )
  return parts.join('\n\n')
}

function termLine({ names, meaning, see }: Term): string {
  return `- **${names.join(', ')}**: ${meaning} See ${linked(see)}.`
}

/** A man page, an RFC or a document as a link. */
function linked(see: string): string {
  const document = /^docs\/(.*)$/.exec(see)
  if (document) return `[${see}](../${document[1]})`
  const rfc = /^RFC (\d+)$/.exec(see)
  if (rfc) return `[${see}](https://www.rfc-editor.org/rfc/rfc${rfc[1]})`
  const [, name, section] = /^(\S+)\((\d\w*)\)$/.exec(see) ?? []
  if (!name || !section) throw new Error(`neither a man page, an RFC nor a document: ${see}`)
  return `[${see}](https://man7.org/linux/man-pages/man${section[0]}/${name}.${section}.html)`
}

/** The commands that put payload on stdout. */
async function toolList(): Promise<string> {
  const kinds = [...commands.keys()].map(async (path) => ({ path, kind: await kindOf(path) }))
  const tools = (await Promise.all(kinds)).filter(({ kind }) => kind === 'tool')
  return tools.map(({ path }) => `\`${path}\``).join(', ')
}

async function kindOf(path: string): Promise<CommandSpec['kind']> {
  const { spec } = (await commands.get(path)?.load?.()) ?? {}
  // A command without a file of its own is a demo without options.
  return spec?.kind ?? 'demo'
}

/** package.json with the list of man pages: npm installs only those that it names. */
export function withManPages(manifest: string): string {
  const man = pageNames.map((name) => `./dist/man/${name}.1.gz`)
  return `${JSON.stringify({ ...JSON.parse(manifest), man }, null, 2)}\n`
}

if (import.meta.url === pathToFileURL(process.argv[1]!).href) {
  for (const block of blocks) writeFileSync(block.file, await updated(block))
  writeFileSync('package.json', withManPages(readFileSync('package.json', 'utf8')))
}

/** Sections of a document in Markdown as source of a man page. */
import { posix } from 'node:path'
import { bold, code, entry, filled, literal, paragraph } from './roff.js'

export interface Section {
  heading: string
  /** The heading of level 2 above it; its own where it has that level. */
  chapter: string
  /** The lines down to the next heading. */
  lines: string[]
}

/** The sections of a document: headings of level 2 and 3. */
export function sectionsOf(markdown: string): Section[] {
  const sections: Section[] = []
  let isCode = false
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) isCode = !isCode
    const [, marks, heading] = (!isCode && /^(##+) (.*)$/.exec(line)) || []
    const last = sections.at(-1)
    if (heading === undefined) last?.lines.push(line)
    else {
      const chapter = marks === '##' || !last ? heading : last.chapter
      sections.push({ heading, chapter, lines: [] })
    }
  }
  return sections
}

/** A line in a line of code, of a list, of a table, or of a paragraph. */
type Kind = 'code' | 'item' | 'row' | 'text'

interface Block {
  kind: Kind
  lines: string[]
}

/**
 * The source of a section. Left out are a first line that shows how a command is called, and tables of options: a man page has both
 * from the command itself.
 *
 * @param folder contains the document, so its links begin there
 */
export function sourceOf({ lines }: Section, folder: string): string {
  const blocks = blocksOf(lines)
  const isCall = /^`osdemo [^`]*`$/.test(blocks[0]?.lines.join(' ') ?? '')
  return blocks
    .slice(isCall ? 1 : 0)
    .filter(({ kind, lines }) => kind !== 'row' || !lines[0]?.startsWith('| option |'))
    .map((block) => blockSource(block, (text) => inline(text, folder)))
    .join('\n')
}

function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = []
  let isCode = false
  let begins = true
  for (const line of lines) {
    const last = blocks.at(-1)
    if (line.startsWith('```')) {
      isCode = !isCode
      if (isCode) blocks.push({ kind: 'code', lines: [] })
      begins = true
    } else if (isCode) last?.lines.push(line)
    else if (line.trim() === '' || line.startsWith('<!--')) begins = true
    else if (line.startsWith('- ')) {
      blocks.push({ kind: 'item', lines: [line.slice(2)] })
      begins = false
    } else if (begins || !last) {
      blocks.push({ kind: line.startsWith('|') ? 'row' : 'text', lines: [line] })
      begins = false
    } else last.lines.push(line.trim())
  }
  return blocks
}

function blockSource({ kind, lines }: Block, toSource: (text: string) => string): string {
  if (kind === 'code') return code(lines)
  if (kind === 'row') return tableSource(lines.map(cellsOf), toSource)
  const source = toSource(lines.join(' '))
  return kind === 'item' ? `.IP \\(bu 2\n${filled(source)}` : paragraph(source)
}

/** A list: the first cell of each row, and what the others contain. In a table of three columns or more, their heads precede them. */
function tableSource([heads = [], , ...rows]: string[][], toSource: (text: string) => string): string {
  return rows
    .map(([term = '', ...cells]) => {
      const named = cells.map((cell, at) => (cells.length > 1 ? `${heads[at + 1]}: ${cell}` : cell))
      return entry(toSource(term), ...named.filter((_, at) => cells[at] !== '').map(toSource))
    })
    .join('\n')
}

function cellsOf(row: string): string[] {
  const cells = row.replace(/^\||\|$/g, '').split(/(?<!\\)\|/)
  return cells.map((cell) => cell.trim().replaceAll('\\|', '|'))
}

/** Code, strong words and links within a line. */
const marked =
  /(?<!`)(`+)(?!`)(?<code>.+?)(?<!`)\1(?!`)|\*\*(?<strong>.+?)\*\*|\[(?<name>[^\]]+)\]\((?<target>[^)\s]+)\)/g

function inline(markdown: string, folder: string): string {
  let source = ''
  let at = 0
  for (const match of markdown.matchAll(marked)) {
    const { code, strong, name, target } = match.groups ?? {}
    source += literal(markdown.slice(at, match.index))
    if (code !== undefined) source += bold(code.trim())
    else if (strong !== undefined) source += bold(strong)
    // The name of a file is not enough to find it in the repository. Another name says what the link leads to.
    else if (name !== undefined && target?.startsWith(name)) source += literal(posix.join(folder, name))
    else source += inline(name ?? '', folder)
    at = match.index + match[0].length
  }
  return source + literal(markdown.slice(at))
}

/**
 * A run as sentences and tables, without times and process numbers. Its level decides how much is shown:
 *
 * - `tool`: what a person waits for, what to type next, and what failed
 * - `brief`: what a demo teaches, without the steps between
 * - `document`: a report, with its evidence
 */
import { Chalk, type ColorSupportLevel } from 'chalk'
import { wrapAnsi } from 'fast-wrap-ansi'
import type {
  ClaimFact,
  Event,
  FindingFact,
  NoteFact,
  NoteRole,
  TableRow,
  VerdictFact,
} from '../../events.js'
import { headOfResult, partsOfResult } from '../check-result.js'
import { choicesOf } from '../choices.js'
import { describe, type Style, subject } from '../describe-event.js'
import { cleaned } from '../escape-control.js'
import { drawTable } from '../table.js'
import { createVerdict, mark } from '../verdict.js'

export type Level = 'tool' | 'brief' | 'document'

export interface ProseOptions {
  level: Level
  /** Colours as chalk counts them; 0 is none. */
  color: ColorSupportLevel
  /** Columns of the terminal. */
  width: number
}

/** The roles of the notes that each level shows. */
const roles: Record<Level, readonly NoteRole[]> = {
  tool: ['closing', 'next'],
  brief: ['opening', 'aside', 'closing', 'next'],
  document: ['opening', 'step', 'aside', 'closing', 'next'],
}

/** The rows of a table are kept until it is complete, or until there are this many; then it is drawn. */
const mostRows = 1000

type RowEvent = (ClaimFact | NoteFact) & { row: TableRow }

export function createProse({ level, color, width }: ProseOptions) {
  const chalk = new Chalk({ level: color })
  const style: Style = { strong: chalk.bold, dim: chalk.dim, bad: chalk.red, value: chalk.reset }
  const verdict = createVerdict(chalk, width)
  const write = createParagraphs(width)
  /** The rows of the current table, until another event is shown. */
  let table: RowEvent[] = []
  /** The tables of a demo come last, so that they are on the screen when the run is over. */
  const last: string[] = []
  let command = ''

  const isShown = (event: Event): boolean => {
    switch (event.event) {
      case 'note':
        // What a demo means, only osdemo tells. An actor reports what it has done.
        if (level === 'brief' && event.role === 'closing' && event.actor !== 'osdemo') return false
        return roles[level].includes(event.role ?? 'step')
      case 'claim':
        return level !== 'tool' || !event.holds
      case 'finding':
        return true
      case 'verdict':
        return level !== 'tool'
      case 'run':
        return level === 'brief'
      case 'removed':
        // What the program of a user removes belongs to its story.
        return level === 'document' && event.actor === 'osdemo'
      case 'evidence':
        return level === 'document'
      default:
        return false
    }
  }

  function endTable(): string {
    if (table.length === 0) return ''
    const rows = table
    table = []
    const drawn = drawTable(rows, width, {
      head: (text) => chalk.bold(text),
      row: (row, text) => (row.event === 'claim' ? claimLine(row.holds, text) : `  ${text}`),
    })
    if (drawn && level === 'brief') {
      last.push(drawn)
      return ''
    }
    return drawn ? write.table(drawn) : rows.map(({ text }) => write.line(text)).join('')
  }

  function claimLine(holds: boolean, text: string): string {
    return holds ? `${chalk.green(mark(true))} ${text}` : chalk.red(`${mark(false)} ${text}`)
  }

  function headOf(verdict: VerdictFact): string {
    const text = headOfResult(verdict)
    if (verdict.outcome === 'passed') return text.replace(mark(true), (sign) => chalk.green(sign))
    return verdict.outcome === 'skipped' ? chalk.dim(text) : chalk.red(text)
  }

  function show(event: Event): string {
    const text = describe(event, style)
    switch (event.event) {
      case 'run':
        return write.paragraph([chalk.bold(subject(event.command))])
      case 'claim':
        if (level === 'tool') return `${chalk.red(`claim failed: ${text}`)}\n`
        return write.line(claimLine(event.holds, text), '', '  ')
      case 'evidence':
        return write.line(chalk.dim(text), '    ', '  ')
      case 'finding':
        return showFinding(event)
      case 'verdict':
        return write.block(headOf(event), partsOfResult(event, width))
      case 'note':
        // A tool's lines are not wrapped: a line break would cut a command to paste in two.
        return level === 'tool' ? `${text}\n` : showNote(text, event)
      default:
        return write.line(text)
    }
  }

  function showFinding({ id, text, certain, evidence }: FindingFact): string {
    const head = certain ? chalk.red(`${mark(false)} ${id}`) : chalk.yellow(`? ${id} (likely)`)
    const lines = [write.paragraph([head, text])]
    for (const { source, value } of evidence)
      lines.push(write.line(chalk.dim(`${source}: ${value}`), '    ', '  '))
    lines.push(write.next(`osdemo explain ${id}`))
    return lines.join('')
  }

  function showNote(text: string, note: NoteFact): string {
    const { role = 'step' } = note
    if (note.lines) return write.lines(note.lines)
    if (role === 'step' || role === 'aside') return write.line(text)
    if (role === 'next') return write.next(text)
    const lines = [role === 'opening' && level === 'document' ? chalk.bold(text) : text, ...choicesOf(note)]
    return write.paragraph(lines)
  }

  return {
    event(raw: Event): string {
      const event = cleaned(raw)
      if (event.event === 'run') command = event.command.join(' ')
      if (event.event === 'claim') verdict.add(command, event)
      verdict.see(event)
      if (event.detail || !isShown(event)) return ''
      if (isRow(event) && level !== 'tool') {
        const before = table[0] && !haveSameColumns(table[0], event) ? endTable() : ''
        table.push(event)
        return before + (table.length < mostRows ? '' : endTable())
      }
      return endTable() + show(event)
    },

    end: () => endTable() + last.map(write.table).join('') + (level === 'brief' ? verdict.text(true) : ''),
  }
}

function haveSameColumns(...rows: [RowEvent, RowEvent]): boolean {
  const [one, other] = rows.map(({ row }) => Object.keys(row.cells).join('\n'))
  return one === other
}

function isRow(event: Event): event is Event & RowEvent {
  return (event.event === 'claim' || event.event === 'note') && event.row !== undefined
}

/** Wraps text to a width. An empty line separates paragraphs, and lines of different kinds. */
function createParagraphs(width: number) {
  let last: 'line' | 'paragraph' | 'next' | undefined
  const put = (kind: typeof last, text: string) => {
    const gap = last !== undefined && (last !== kind || kind === 'paragraph')
    last = kind
    return `${gap ? '\n' : ''}${text}\n`
  }
  const wrap = (text: string, indent = '', hang = '') => {
    const lines = wrapAnsi(text, Math.max(20, width - indent.length - hang.length), { hard: true }).split(
      '\n',
    )
    return indent + lines.join(`\n${indent}${hang}`)
  }
  return {
    /** @param hang stands before the further lines of a text that is wrapped */
    line: (text: string, indent = '', hang = '') => put('line', wrap(text, indent, hang)),
    paragraph: (lines: string[]) => put('paragraph', lines.map((text) => wrap(text)).join('\n')),
    // The steps of a list stay apart where each takes several lines.
    next: (text: string) => put('next', wrap(text, '', /^\d\. /.test(text) ? '   ' : '')),
    /** A program: not wrapped, so that it can be copied. */
    lines: (texts: string[]) => put('paragraph', texts.map((text) => `    ${text}`.trimEnd()).join('\n')),
    /** @param lines are already as wide as they may be, and belong to the text above them */
    block(text: string, lines: string[]) {
      const whole = [wrap(text, '', '  '), ...lines].join('\n')
      return put(lines.length > 0 ? 'paragraph' : 'line', whole)
    },
    /** A table that is already drawn. */
    table: (text: string) => put('paragraph', text.trim()),
  }
}

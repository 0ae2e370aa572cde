/** Draws a page, and fits it into a screen: evidence is left out first, then claims from the last to the first. */
import type { ChalkInstance } from 'chalk'
import stringWidth from 'fast-string-width'
import { wrapAnsi } from 'fast-wrap-ansi'
import type { ClaimFact, Event, NoteFact } from '../../events.js'
import { choicesOf } from '../choices.js'
import { describe, plain } from '../describe-event.js'
import { createMemoryMap } from '../memory-map.js'
import { drawTable } from '../table.js'
import { mark } from '../verdict.js'
import type { Contents, ShownClaim } from './contents.js'
import { drawTree } from './process-tree.js'

export interface PageLooks {
  chalk: ChalkInstance
  width: number
  height: number
}

/** The smallest height of a screen for which a page is drawn, in lines. The last line is for the prompt. */
const lowest = 24

/** The most lines of one piece of evidence. Longer ones are shown only in the full demo. */
const mostLines = 2

export function drawPage(contents: Contents, looks: PageLooks): string {
  const { chalk, width } = looks
  const room = Math.max(lowest, looks.height) - 1
  const paragraph = (text: string) => (text === '' ? [] : wrap(text, width))
  const head = [drawHeading(contents.heading, looks).trimEnd(), ...paragraph(contents.opening)]
  const picture = drawPicture(contents, looks)
  const tail = [
    ...contents.answers.flatMap((text) => wrap(text, width)),
    ...contents.asides.flatMap(paragraph),
    ...(contents.closing === '' ? [] : wrap(`${chalk.bold('Remember:')} ${contents.closing}`, width)),
    ...paragraph(chalk.dim(contents.next)),
  ]
  const layOut = (claims: string[]) => joined([head, picture, claims, tail], room)
  const shortest = contents.claims.flatMap(({ claim }) => claimLines(claim, looks))
  const rest = layOut(shortest).length - shortest.length
  const lines = layOut(fitClaims(contents.claims, room - rest, looks))
  // What to remember and the command of the full demo are never cut off.
  const cut = lines.length <= room ? lines : [...lines.slice(0, Math.max(0, room - tail.length)), ...tail]
  return cut.map((line) => `${line}\n`).join('')
}

/** `── Chapter 6 of 20: zombie processes ─────` */
export function drawHeading(text: string, { chalk, width }: PageLooks): string {
  const rule = '─'.repeat(Math.max(3, width - 4 - stringWidth(text)))
  return `${chalk.bold(`── ${text}`)} ${chalk.dim(rule)}\n`
}

/** A question and its choices. */
export function drawQuestion(note: NoteFact, { chalk, width }: PageLooks): string {
  const choices = choicesOf(note).flatMap((choice) => wrap(choice, width, '     ', '  '))
  return [...wrap(chalk.bold(note.text), width), ...choices].map((line) => `${line}\n`).join('')
}

/** A paragraph that belongs to no page. */
export function drawParagraph(text: string, { width }: PageLooks): string {
  return `${wrap(text, width).join('\n')}\n`
}

/** Joins the parts with empty lines, from the top down, as long as there is room. */
function joined(parts: string[][], room: number): string[] {
  const gaps = room - parts.flat().length
  return parts
    .filter((part) => part.length > 0)
    .flatMap((part, at) => (at === 0 || at > gaps ? part : ['', ...part]))
}

/** The claims, with as much of their evidence as there is room for. */
function fitClaims(shown: readonly ShownClaim[], room: number, looks: PageLooks): string[] {
  const blocks = shown.map(({ claim, evidence }) => ({
    isFalse: !claim.holds,
    claim: claimLines(claim, looks),
    evidence: evidence.map((event) => evidenceLines(event, looks)),
    /** How many pieces of its evidence are shown, the last first. */
    count: 0,
  }))
  let free = room - blocks.reduce((sum, { claim }) => sum + claim.length, 0)
  while (free < 0 && blocks.length > 1) {
    // A claim that failed stays on the page.
    const at = blocks.findLastIndex(({ isFalse }) => !isFalse)
    const [left] = blocks.splice(at < 0 ? -1 : at, 1)
    free += left?.claim.length ?? 0
  }
  for (let round = 0; blocks.some(({ evidence }) => evidence.length > round); round++) {
    for (const block of blocks) {
      const lines = block.evidence[round]
      if (!lines || block.count < round || lines.length > mostLines || lines.length > free) continue
      block.count++
      free -= lines.length
    }
  }
  return blocks.flatMap(({ claim, evidence, count }) => [
    ...claim,
    ...evidence.slice(0, count).reverse().flat(),
  ])
}

function claimLines({ text, holds }: ClaimFact, { chalk, width }: PageLooks): string[] {
  const sign = holds ? chalk.green(mark(true)) : chalk.red(mark(false))
  return wrap(`${sign} ${holds ? text : chalk.red(text)}`, width, '  ')
}

function evidenceLines(event: Event, { chalk, width }: PageLooks): string[] {
  return wrap(evidenceText(event), width, '      ', '    ').map((line) => chalk.dim(line))
}

/** The value of evidence, after its source. */
function evidenceText(event: Event): string {
  // Some values are indented to match the lines above them, which are missing here.
  if (event.event !== 'state') return describe(event, plain).replaceAll(/ {2,}/g, ' ')
  return `${event.source}: ${event.kernel || 'no such file'} (${event.state})`
}

function drawPicture(contents: Contents, { chalk, width }: PageLooks): string[] {
  const map = createMemoryMap(chalk, width)
  const rows = drawTable(contents.rows, width, {
    head: (text) => chalk.bold(text),
    row: ({ holds }, text) => `${holds ? chalk.green(mark(true)) : chalk.red(mark(false))} ${text}`,
  })
  const drawn = [
    ...contents.regions.map(({ region, about }) => map.add(region, about)),
    map.close(),
    contents.rows.length > 0 ? (rows ?? '') : '',
    contents.drawStates(),
    drawTree(contents.processes, chalk).join('\n'),
  ]
  const text = drawn.join('').replace(/^\n+|\n+$/g, '')
  return text === '' ? [] : text.split('\n')
}

/** @param hang stands before the further lines of a text that is wrapped */
function wrap(text: string, width: number, hang = '', indent = ''): string[] {
  const room = Math.max(20, width - Math.max(hang.length, indent.length))
  return wrapAnsi(text, room, { hard: true })
    .split('\n')
    .map((line, at) => (at === 0 ? indent : hang) + line)
}

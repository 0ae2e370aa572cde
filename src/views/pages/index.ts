/**
 * The tour as pages: one for each chapter, at most one screen high. A page has the idea, the claims at the heart of the
 * chapter, each with the kernel's evidence, and what to remember. It is drawn when its chapter is over.
 */
import { Chalk, type ColorSupportLevel } from 'chalk'
import type { Data, Event, NoteFact } from '../../events.js'
import { cleaned } from '../escape-control.js'
import { createEnding } from '../verdict.js'
import { type Contents, createContents } from './contents.js'
import { drawHeading, drawPage, drawParagraph, drawQuestion, type PageLooks } from './page.js'
import { drawSummary, type SummaryRow } from './summary.js'

export interface PagesOptions {
  /** Colours as chalk counts them; 0 is none. */
  color: ColorSupportLevel
  /** Columns and lines of the terminal. */
  width: number
  height: number
}

/** The largest width of a page, because longer lines are hard to read. */
const widest = 100

/** The data of the note that begins a chapter. */
export interface ChapterNote {
  heading: string
  heart: readonly string[]
  picture: string | null
  /** When the chapter began, as `t` of an event. */
  start: number
}

export function createPages({ color, width, height }: PagesOptions) {
  const chalk = new Chalk({ level: color })
  const looks: PageLooks = { chalk, width: Math.min(width, widest), height }
  let contents: Contents | undefined
  /** Whether the cursor of the terminal is behind a prompt. */
  let prompted = false
  let first = true
  /** Whether the heading of the chapter is above its first question. */
  let asked = false
  let summary: SummaryRow[] = []
  const ending = createEnding()
  const claims = { count: 0, held: 0 }

  /** A page begins on a new line, below an empty line. After a prompt, the Enter of the person has made one. */
  function begin(text: string): string {
    const gap = first || prompted ? '' : '\n'
    first = false
    prompted = false
    return gap + text
  }

  function endPage(): string {
    const page = contents && !contents.isEmpty() ? begin(drawPage(contents, looks)) : ''
    contents = undefined
    return page
  }

  function showNote(note: Event & NoteFact): string {
    const chapter = chapterOf(note)
    if (chapter) {
      const text = endPage()
      contents = createContents(chapter, looks)
      asked = false
      return text
    }
    const record = recordOf(note.data)
    if (record && 'ends' in record) {
      contents?.add(note)
      const page = endPage()
      prompted = record.pauses === true
      return prompted ? `${page}${prompt(chalk)}` : page
    }
    if (record && 'waits' in record) {
      prompted = true
      return `${note.text} `
    }
    if (record && 'choices' in record) {
      const question = drawQuestion(note, looks)
      if (asked) return `\n${question}`
      asked = true
      return begin(`${contents ? drawHeading(contents.heading, looks) : ''}${question}`)
    }
    const row = summaryRow(record)
    if (row) {
      summary.push(row)
      return ''
    }
    // The score belongs to no chapter, not even to one that the person quit at its question.
    if (contents && !(record && 'asked' in record)) {
      contents.add(note)
      return ''
    }
    return endPage() + endSummary() + begin(drawParagraph(note.text, looks))
  }

  function endSummary(): string {
    if (summary.length === 0) return ''
    const rows = summary
    summary = []
    return begin(drawSummary(rows, looks))
  }

  return {
    event(raw: Event): string {
      const event = cleaned(raw)
      ending.see(event)
      if (event.event === 'note') return showNote(event)
      if (event.event === 'error') {
        // An interrupted page is not drawn. The page of a run that failed shows the claims so far.
        if (event.exit >= 124) contents = undefined
        const gap = prompted ? '\n' : ''
        prompted = false
        return gap
      }
      if (event.event === 'claim') {
        claims.count++
        if (event.holds) claims.held++
      }
      contents?.add(event)
      return ''
    },

    end() {
      const pages = endPage() + endSummary()
      // A tour that ends by itself has a summary with the sum.
      const sum = ending.isInterrupted ? begin(`${chalk.bold(ending.sum(claims.count, claims.held))}\n`) : ''
      return pages + sum
    },
  }
}

function prompt(chalk: InstanceType<typeof Chalk>): string {
  return `${chalk.bold('Press Enter for the next page, or q and Enter to quit.')} `
}

type Fields = Exclude<Data, number | readonly unknown[]>

function recordOf(data: Data | undefined): Fields | undefined {
  return typeof data === 'object' && !Array.isArray(data) ? data : undefined
}

function chapterOf({ text, data, t }: Event & NoteFact): ChapterNote | undefined {
  const record = recordOf(data)
  if (!record || !('chapter' in record)) return undefined
  const { heart, picture } = record
  return {
    heading: text,
    heart: Array.isArray(heart) ? heart.map(String) : [],
    picture: typeof picture === 'string' ? picture : null,
    start: t,
  }
}

function summaryRow(record: Fields | undefined): SummaryRow | undefined {
  if (!record || !('topic' in record) || !('held' in record)) return undefined
  const { topic, shown, claims, held } = record
  return {
    topic: String(topic),
    chapters: Array.isArray(shown) ? shown.map(String) : [],
    claims: Number(claims),
    held: Number(held),
  }
}

/**
 * The story on a terminal, one line an event: when, who, what. It fits the width it is given, and every mark
 * has a sign or a word beside its colour.
 *
 *       0.071 reader      4718 … open FIFO /tmp/osdemo-0/pipe for reading
 *       0.249 reader      4718 ✓ open returned 18 after 178 ms ▇▇▇▇
 *       0.250 writer      4725 → Message 0
 *       0.251 kernel says      ┊ the end that the reader holds: inode 77, O_RDONLY (/proc/4718/fd/18)
 *       0.252 claim            ✔ both hold inode 77 open
 */
import { Chalk, type ChalkInstance, type ColorSupportLevel } from 'chalk'
import stringWidth from 'fast-string-width'
import { wrapAnsi } from 'fast-wrap-ansi'
import type { ClaimFact, Event, NoteFact, RunFact, TableRow } from '../../events.js'
import { title, versions } from '../describe-event.js'
import { cleaned } from '../escape-control.js'
import { createMemoryMap } from '../memory-map.js'
import { drawTable as draw } from '../table.js'
import { createVerdict, mark } from '../verdict.js'
import { createFold } from './fold.js'
import { createSpeakers, drawLine, type Row } from './line.js'
import { createRows } from './rows.js'
import { createStateChart } from './state-chart.js'

export interface TimelineOptions {
  /** Colours as chalk counts them; 0 is none. */
  color: ColorSupportLevel
  /** Columns of the terminal. */
  width: number
  /** Events that are shown elsewhere already. */
  hide: readonly Event['event'][]
  /**
   * The run of a demo: messages that follow each other are summed up, and its closing is shown last. Not for a tool, where a
   * person waits for each message.
   */
  demo?: boolean
}

const paragraphMargin = '   '

/** A table of claims is drawn when it is complete, or has so many rows: they are kept until then. */
const mostRows = 1000

export function createTimeline({ color, width, hide, demo = false }: TimelineOptions) {
  const chalk = new Chalk({ level: color })
  const speaker = createSpeakers(chalk)
  const chart = createStateChart()
  const rows = createRows({ chalk, speaker, chart })
  const memoryMap = createMemoryMap(chalk, width)
  const verdict = createVerdict(chalk, width)
  const runs = createRuns()
  const messages = createFold()
  /** Claims of a table, until something else is said. */
  let table: (Event & ClaimFact & { row: TableRow })[] = []
  /** Times count from here. */
  let start: number | undefined
  let afterParagraph = false
  /** The closing of a demo, and what to try next: shown when all that the demo made is gone. */
  let closing: string[] = []

  const line = (t: number, row: Row) => `${drawLine(t - (start ?? t), row, chalk, width)}\n`

  /** What a run, or a chapter, that is over has gathered: its states, as a chart. */
  function drawStates(): string {
    const label = (child: number) => {
      const { who, paint } = speaker(rows.nameOf(child), child)
      return paint(who)
    }
    return chart.take({ chalk, width, start: start ?? 0, label })
  }

  /** The claims of a table that were said just now, as one; where that is too wide, one by one. */
  function drawTable(): string {
    const claims = table
    table = []
    if (claims.length === 0) return ''
    const paint = (holds: boolean) => (holds ? chalk.green : chalk.red)
    const drawn = draw(claims, width, {
      head: (text) => chalk.bold(text),
      row: ({ holds }, text) => `${paint(holds)(mark(holds))} ${holds ? text : chalk.red(text)}`,
    })
    return drawn ?? claims.map((claim) => showLine(claim)).join('')
  }

  /** What ends a picture of several events, before another line. */
  const between = () => memoryMap.close() + drawTable() + drawMessages()

  function drawMessages(): string {
    return messages
      .take()
      .map(({ last, text }) => {
        const row = rows.row(last)
        return row ? line(last.t, { ...row, text: text ?? row.text }) : ''
      })
      .join('')
  }

  function showFrame({ text, role }: Event & NoteFact): string {
    const isLast = demo && (role === 'closing' || (role === 'next' && closing.length > 0))
    if (!isLast) return drawParagraph(text)
    closing.push(text)
    return ''
  }

  function drawClosing(): string {
    const paragraphs = closing
    closing = []
    return paragraphs.map(drawParagraph).join('')
  }

  /** What a demo says before and after what happens: over the whole width. */
  function drawParagraph(text: string): string {
    const gap = afterParagraph ? '' : '\n'
    const lines = wrapAnsi(text, width - paragraphMargin.length, { hard: true }).split('\n')
    const paragraph = lines.map((each) => `${paragraphMargin}${each}\n`).join('')
    const drawn = `${between()}${gap}${paragraph}\n`
    afterParagraph = true
    return drawn
  }

  function begin(run: Event & RunFact): string {
    const gap = start === undefined ? '' : `${drawStates()}${drawClosing()}\n`
    start = run.t
    rows.reset()
    return `${between()}${gap}${heading(run, chalk, width)}\n`
  }

  function showClaim(event: Event & ClaimFact): string {
    verdict.add(runs.commandOf(event.pid), event)
    if (!event.row) return showLine(event)
    table.push({ ...event, row: event.row })
    return table.length < mostRows ? '' : drawTable()
  }

  function showLine(event: Event, more = ''): string {
    const row = rows.row(event)
    if (!row) return ''
    afterParagraph = false
    return between() + line(event.t, { ...row, text: row.text + more })
  }

  return {
    event(raw: Event): string {
      const event = cleaned(raw)
      if (event.detail || hide.includes(event.event)) return ''
      if (event.event === 'run' && runs.begin(event)) return begin(event)
      start ??= event.t
      switch (event.event) {
        case 'run':
          return showLine(event, runs.difference(event))
        case 'claim':
          return showClaim(event)
        case 'note':
          if (isFrame(event)) return showFrame(event)
          break
        case 'sent':
        case 'received':
          if (demo && messages.keep(event)) return ''
          break
        case 'evidence':
          if (event.region) return drawTable() + memoryMap.add(event.region, event.about)
      }
      return showLine(event)
    },

    end() {
      const text = between() + drawStates() + drawClosing()
      return text + (afterParagraph ? verdict.text().slice(1) : verdict.text())
    },
  }
}

/** The beginning and the end of a demo. Where an actor closes something, that is a line of its own. */
function isFrame({ actor, role }: Event & NoteFact): boolean {
  return actor === 'osdemo' && (role === 'opening' || role === 'closing' || role === 'next')
}

/** The runs of a story: several where recordings were merged, or in the tour. */
function createRuns() {
  let first: RunFact | undefined
  const commands = new Map<number, string>()
  return {
    /**
     * Whether times count anew from this run on. One of another process goes on beside those before it, on
     * the same clock. One of the same process is a chapter, as in the tour, and begins anew; so does what
     * another boot recorded.
     */
    begin(run: Event & RunFact): boolean {
      const beside = first !== undefined && first.boot === run.boot && !commands.has(run.pid)
      commands.set(run.pid, run.command.join(' '))
      if (!beside) first = run
      return !beside
    },

    /** The command of the run that a process speaks for. */
    commandOf: (pid: number) => commands.get(pid) ?? '',

    /** With what a run was made, where the one in the heading was made with something else. */
    difference: (run: RunFact) => (first && versions(run) !== versions(first) ? ` (${versions(run)})` : ''),
  }
}

function heading(run: RunFact, chalk: ChalkInstance, width: number): string {
  const words = title(run.command)
  const rule = '─'.repeat(Math.max(3, width - 4 - stringWidth(words)))
  return `${chalk.bold(`── ${words}`)} ${chalk.dim(rule)}\n${chalk.dim(`   ${versions(run)}`)}`
}

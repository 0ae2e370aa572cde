/**
 * The timeline on a terminal, one line for each event: time, process, what happened. It fits the width of the terminal, and
 * no meaning depends on colour alone.
 *
 *       0.071 reader      4718 … open FIFO /tmp/osdemo-0/pipe for reading
 *       0.249 reader      4718 ✓ open returned 18 after 178 ms ▇▇▇▇
 *       0.250 writer      4725 → Message 0
 *       0.251 evidence         ┊ /proc/4718/fdinfo/18: flags: 0100000 (the read end)
 *       0.252 claim            ✔ Both ends of a FIFO are one inode: the reader has 77 open.
 */
import { Chalk, type ChalkInstance, type ColorSupportLevel } from 'chalk'
import stringWidth from 'fast-string-width'
import { wrapAnsi } from 'fast-wrap-ansi'
import type { ClaimFact, Event, EvidenceFact, NoteFact, RunFact, TableRow } from '../../events.js'
import { choicesOf } from '../choices.js'
import { title, versions } from '../describe-event.js'
import { cleaned } from '../escape-control.js'
import { createMemoryMap } from '../memory-map.js'
import { drawTree, processIn, type TreeProcess } from '../pages/process-tree.js'
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
  /** Kinds of events that are shown elsewhere, and not here. */
  hide: readonly Event['event'][]
  /**
   * The run of a demo: messages that follow each other are summed up, and its closing is shown at the end, and then its pictures,
   * which are on the screen when the run is over. Not for a tool, where a person waits for each message.
   */
  demo?: boolean
}

const paragraphMargin = '   '

/** Fewer processes need no picture of their tree. */
const leastTree = 3

/** The rows of a table are kept until it is complete, or until there are this many; then it is drawn. */
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
  /** The claims of the current table, until another event is shown. */
  let table: (Event & ClaimFact & { row: TableRow })[] = []
  /** The time of the first event, from which times are counted. */
  let start: number | undefined
  let afterParagraph = false
  /** The closing of a demo, and what to try next: shown after the demo has removed everything that it created. */
  let closing: string[] = []
  /** The maps and tables of a demo, and the processes of its tree. */
  let pictures = ''
  let processes: TreeProcess[] = []

  const line = (t: number, row: Row) => `${drawLine(t - (start ?? t), row, chalk, width)}\n`

  /** Keeps a picture of a demo for its end. Otherwise it is shown at once. */
  function place(picture: string): string {
    if (!demo) return picture
    pictures += picture
    return ''
  }

  /** The pictures of a run or chapter that is over. */
  function drawPictures(): string {
    const tree = processes.length < leastTree ? '' : `\n${drawTree(processes, chalk).join('\n')}\n`
    const drawn = `${pictures}${tree}${drawStates()}`.replace(/\n{3,}/g, '\n\n').replace(/^\n+|\n+$/g, '')
    pictures = ''
    processes = []
    if (drawn === '') return ''
    const gap = afterParagraph ? '' : '\n'
    afterParagraph = false
    return `${gap}${drawn}\n`
  }

  /** The chart of states of a run or chapter that is over. */
  function drawStates(): string {
    const label = (child: number) => {
      const { who, paint } = speaker(rows.nameOf(child), child)
      return paint(who)
    }
    return chart.take({ chalk, width, start: start ?? 0, label })
  }

  /** The current table; claim by claim when it is too wide. */
  function drawTable(): string {
    const claims = table
    table = []
    if (claims.length === 0) return ''
    const paint = (holds: boolean) => (holds ? chalk.green : chalk.red)
    const drawn = draw(claims, width, {
      head: (text) => chalk.bold(text),
      row: ({ holds }, text) => `${paint(holds)(mark(holds))} ${holds ? text : chalk.red(text)}`,
    })
    return drawn === undefined ? claims.map((claim) => showLine(claim)).join('') : place(drawn)
  }

  /** Completes a picture of several events, before another line. */
  const between = () => place(memoryMap.close()) + drawTable() + drawMessages()

  function drawMessages(): string {
    return messages
      .take()
      .map(({ last, text }) => {
        const row = rows.row(last)
        return row ? line(last.t, { ...row, text: text ?? row.text }) : ''
      })
      .join('')
  }

  function showFrame(note: Event & NoteFact): string {
    const { text, role } = note
    const isLast = demo && (role === 'closing' || (role === 'next' && closing.length > 0))
    if (!isLast) return drawParagraph(text, choicesOf(note))
    closing.push(text)
    return ''
  }

  function drawClosing(): string {
    const paragraphs = closing
    closing = []
    return paragraphs.map((text) => drawParagraph(text)).join('')
  }

  /**
   * What a demo says before and after what happens: over the whole width.
   *
   * @param list stands below it, a line each
   */
  function drawParagraph(text: string, list: readonly string[] = []): string {
    const gap = afterParagraph ? '' : '\n'
    const room = width - paragraphMargin.length
    const lines = [text, ...list].flatMap((each) => wrapAnsi(each, room, { hard: true }).split('\n'))
    const paragraph = lines.map((each) => `${paragraphMargin}${each}\n`).join('')
    const drawn = `${between()}${gap}${paragraph}\n`
    afterParagraph = true
    return drawn
  }

  function begin(run: Event & RunFact): string {
    const gap = start === undefined ? '' : `${drawClosing()}${drawPictures()}\n`
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

  function addProcess({ data }: EvidenceFact): void {
    const process = demo ? processIn(data) : undefined
    if (process) processes.push(process)
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
      verdict.see(event)
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
          if (event.region) return drawTable() + place(memoryMap.add(event.region, event.about))
          addProcess(event)
      }
      return showLine(event)
    },

    end() {
      const text = between() + drawClosing() + drawPictures()
      const sum = verdict.text(demo)
      return text + (afterParagraph ? sum.slice(1) : sum)
    },
  }
}

/** The beginning and the end of a demo. Where an actor closes something, that is a line of its own. */
function isFrame({ actor, role }: Event & NoteFact): boolean {
  return actor === 'osdemo' && (role === 'opening' || role === 'closing' || role === 'next')
}

/** The runs of a story: several when recordings were merged, or in the tour. */
function createRuns() {
  let first: RunFact | undefined
  const commands = new Map<number, string>()
  return {
    /**
     * Whether times are counted from this run on. A run of the same process is a chapter of the tour, and its times
     * start at 0. So do those after another boot. A run of another process continues on the same clock.
     */
    begin(run: Event & RunFact): boolean {
      const beside = first !== undefined && first.boot === run.boot && !commands.has(run.pid)
      commands.set(run.pid, run.command.join(' '))
      if (!beside) first = run
      return !beside
    },

    /** The command of the run to which a process belongs. */
    commandOf: (pid: number) => commands.get(pid) ?? '',

    /** The versions of a run, when they differ from those in the heading. */
    difference: (run: RunFact) => (first && versions(run) !== versions(first) ? ` (${versions(run)})` : ''),
  }
}

function heading(run: RunFact, chalk: ChalkInstance, width: number): string {
  const words = `── ${title(run.command)}`
  const room = width - stringWidth(words) - 1
  const rule = room > 0 ? ` ${chalk.dim('─'.repeat(room))}` : ''
  return `${wrapAnsi(chalk.bold(words), width, { hard: true })}${rule}\n${chalk.dim(`   ${versions(run)}`)}`
}

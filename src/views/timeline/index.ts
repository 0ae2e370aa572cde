/**
 * The story on a terminal, one line an event: when, who, what. It fits the width it is given, and every mark has a
 * sign or a word beside its colour.
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
import type { CallFact, Event, RunFact } from '../../events.js'
import { drawDepth } from '../depth.js'
import { describe, type Paint, type Style, title, versions } from '../describe-event.js'
import { cleaned } from '../escape-control.js'
import { createMemoryMap } from '../memory-map.js'
import { type ClaimRow, drawClaimTable } from './claim-table.js'
import { createStateChart } from './state-chart.js'

export interface TimelineOptions {
  /** Colours as chalk counts them; 0 is none. */
  color: ColorSupportLevel
  /** Columns of the terminal. */
  width: number
  /** Events that are shown elsewhere already. */
  hide: readonly Event['event'][]
}

/** Columns of the time, of the speaker, and of what stands before the text. */
const timeWidth = 9
const whoWidth = 16
const margin = timeWidth + 1 + whoWidth + 3

/** One block of a bar, in microseconds of being held, and the most blocks of a bar. */
const barBlock = 50_000
const barBlocks = 16

interface Row {
  who: string
  paint: Paint
  sign: string
  text: string
}

export function createTimeline({ color, width, hide }: TimelineOptions) {
  const chalk = new Chalk({ level: color })
  const paintOf = createPalette(chalk)
  const style: Style = { strong: chalk.bold, dim: chalk.dim, bad: chalk.red, value: chalk.cyan }
  const memoryMap = createMemoryMap(chalk, width)
  const begun = new Map<string, number>()
  const claims: Claim[] = []
  const chart = createStateChart()
  /** Who is who, by pid or thread id. */
  const names = new Map<number, string>()
  /** Claims of a table, until something else is said. */
  let rows: (Event & ClaimRow)[] = []
  /** The command of each run, by the process that speaks for it. */
  const commands = new Map<number, string>()
  let start: number | undefined
  let first: RunFact | undefined

  function line(t: number, { who, paint, sign, text }: Row): string {
    const time = ((t - start!) / 1e6).toFixed(3).padStart(timeWidth)
    const [first = '', ...more] = wrapAnsi(text, Math.max(20, width - margin), { hard: true }).split('\n')
    const head = `${chalk.dim(time)} ${paint(who.padEnd(whoWidth))} ${sign} ${first}`
    return [head, ...more.map((part) => ' '.repeat(margin) + part)].join('\n').trimEnd()
  }

  function heading(event: RunFact): string {
    const words = title(event.command)
    const rule = '─'.repeat(Math.max(3, width - 4 - stringWidth(words)))
    const about = versions(event)
    return `${chalk.bold(`── ${words}`)} ${chalk.dim(rule)}\n${chalk.dim(`   ${about}`)}`
  }

  /** For how many microseconds a call that ends has held its caller, where its beginning was seen. */
  function takeHeld({ tid, call, t }: Event & CallFact): number | undefined {
    const since = begun.get(`${tid} ${call}`)
    begun.delete(`${tid} ${call}`)
    return since === undefined ? undefined : t - since
  }

  function speaker(name: string, id: number): { who: string; paint: Paint } {
    const number = String(id)
    return {
      who: `${name.slice(0, 15 - number.length).padEnd(whoWidth - number.length)}${number}`,
      paint: paintOf(name),
    }
  }

  /** The states of the children of a run, or of a chapter, that is over. */
  function drawStates(): string {
    const label = (child: number) => {
      const { who, paint } = speaker(names.get(child) ?? 'process', child)
      return paint(who)
    }
    return chart.take({ chalk, width, start: start!, label })
  }

  function row(event: Event): Row | undefined {
    const me = speaker(event.actor, event.tid)
    if (hide.includes(event.event)) return undefined
    const text = describe(event, style)
    switch (event.event) {
      case 'started':
        names.set(event.child, event.name)
        return { ...speaker(event.name, event.child), sign: '+', text }
      case 'exited':
        chart.ended(event.child, event.t)
        return { ...speaker(event.name, event.child), sign: '-', text }
      case 'created':
        return { ...me, sign: '+', text }
      case 'removed':
        return { ...me, sign: '-', text }
      case 'call': {
        // Of a call that need not wait and was not refused, what it passed on is all there is to see.
        if (event.waits === false && !event.errno) return undefined
        if (event.phase === 'begin') {
          begun.set(`${event.tid} ${event.call}`, event.t)
          return { ...me, sign: chalk.yellow('…'), text }
        }
        const held = takeHeld(event)
        return { ...me, sign: '✓', text: describe(event, style, held) + chalk.yellow(bar(held ?? 0)) }
      }
      case 'sent':
      case 'received': {
        const sign = me.paint(event.event === 'sent' ? '→' : '←')
        const depth = event.depth ? ` ${me.paint(drawDepth(event.depth))}` : ''
        return { ...me, sign, text: text + depth }
      }
      case 'tally':
        return { ...me, sign: me.paint(event.direction === 'sent' ? '⇒' : '⇐'), text }
      case 'state': {
        const { tell, before } = chart.add(event)
        if (!tell) return undefined
        const name = names.get(event.child) ?? (event.child === event.tid ? event.actor : 'process')
        const seen = chalk.dim(`(${event.kernel && `${event.kernel}, `}${event.source})`)
        return {
          ...speaker(name, event.child),
          sign: '◆',
          text: `${chalk.bold(event.state)}${before} ${seen}`,
        }
      }
      case 'evidence':
        return { who: 'kernel says', paint: chalk.cyan, sign: chalk.cyan('┊'), text }
      case 'claim': {
        const paint = event.holds ? chalk.green : chalk.red
        const who = event.holds ? 'claim' : 'CLAIM FAILS'
        return { who, paint: paint.bold, sign: paint(mark(event.holds)), text: paint(text) }
      }
      case 'run': {
        const other = versions(event) === versions(first!) ? '' : ` (${versions(event)})`
        return { ...me, sign: '+', text: text + other }
      }
      case 'error':
        return { who: 'ERROR', paint: chalk.red.bold, sign: chalk.red(mark(false)), text: chalk.red(text) }
      case 'note':
        return { ...me, sign: '·', text }
      default:
        return undefined
    }
  }

  /**
   * A run of another process, in a story of several recordings, goes on beside those before it, on the same clock.
   * One of the same process is a chapter (as in the tour) and begins anew, as does what another boot recorded.
   */
  function begin(run: Event & RunFact): string | undefined {
    const beside = first !== undefined && first.boot === run.boot && !commands.has(run.pid)
    commands.set(run.pid, run.command.join(' '))
    if (beside) return undefined
    const gap = first === undefined ? '' : `${drawStates()}\n`
    start = run.t
    first = run
    begun.clear()
    return `${gap}${heading(run)}\n`
  }

  /** The claims of a table that were said just now, as one; where that is too narrow, one by one. */
  function tableOfRows(): string {
    const [claimed, paint] = [rows, (holds: boolean) => (holds ? chalk.green : chalk.red)]
    rows = []
    if (claimed.length === 0) return ''
    const drawn = drawClaimTable(claimed, width, {
      head: (text) => chalk.bold(text),
      row: (holds, text) => `${paint(holds)(mark(holds))} ${holds ? text : chalk.red(text)}`,
    })
    return drawn ?? claimed.map((claim) => `${line(claim.t, row(claim)!)}\n`).join('')
  }

  /** What ends a picture of several events, before another line. */
  const between = () => memoryMap.close() + tableOfRows()

  return {
    event(raw: Event): string {
      const event = cleaned(raw)
      start ??= event.t
      if (event.detail) return ''
      if (event.event === 'claim') claims.push({ command: commands.get(event.pid) ?? '', ...event })
      if (event.event === 'claim' && event.row) {
        rows.push({ ...event, row: event.row })
        return ''
      }
      const head = event.event === 'run' ? begin(event) : undefined
      if (head !== undefined) return between() + head
      const shown = row(event)
      if (!shown) return ''
      if (event.event === 'evidence' && event.region) {
        return tableOfRows() + memoryMap.add(event.region, event.about)
      }
      return `${between()}${line(event.t, shown)}\n`
    },

    end(): string {
      const left = between() + drawStates()
      if (claims.length === 0) return left
      const good = claims.filter((claim) => claim.holds).length
      const paint = good === claims.length ? chalk.green.bold : chalk.red.bold
      const sum = paint(`${good} of ${claims.length} claims hold.`)
      const several = new Set(claims.map((claim) => claim.command)).size > 1
      return `${left}\n${several ? table(claims, chalk, width) : ''}${sum}\n`
    },
  }
}

interface Claim {
  command: string
  text: string
  holds: boolean
}

/** The claims of several demos, by demo. */
function table(claims: Claim[], chalk: ChalkInstance, width: number): string {
  const first = Math.max(...claims.map((claim) => stringWidth(claim.command)))
  let above: string | undefined
  const rows = claims.map(({ command, text, holds }) => {
    const name = (command === above ? '' : command).padEnd(first)
    above = command
    const sign = holds ? chalk.green(mark(true)) : chalk.red(mark(false))
    const lines = wrapAnsi(text, Math.max(20, width - first - 5), { hard: true }).split('\n')
    return `${chalk.bold(name)}  ${sign} ${lines.join(`\n${' '.repeat(first + 4)}`)}\n`
  })
  return `${rows.join('')}\n`
}

/** How long a call held its caller, where one sees it. */
function bar(microseconds: number): string {
  const blocks = Math.round(microseconds / barBlock)
  return blocks === 0 ? '' : ` ${'▇'.repeat(Math.min(blocks, barBlocks))}${blocks > barBlocks ? '…' : ''}`
}

function mark(holds: boolean): string {
  return holds ? '✔' : '✘'
}

/** Each speaker keeps the colour that it got when it first spoke. */
function createPalette(chalk: ChalkInstance): (name: string) => Paint {
  const palette = [
    chalk.blueBright,
    chalk.magentaBright,
    chalk.yellowBright,
    chalk.greenBright,
    chalk.redBright,
  ]
  const given = new Map<string, Paint>([['osdemo', chalk.dim]])
  return (name) => {
    const paint = given.get(name) ?? palette[(given.size - 1) % palette.length]!
    given.set(name, paint)
    return paint
  }
}

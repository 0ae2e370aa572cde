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
import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'
import type { CallFact, Event, RunFact } from '../events.js'
import { createMemoryMap } from './memory-map.js'

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

/** Shorter waits, in microseconds, are the scheduler at work and not worth a word. */
const notable = 5000

type Paint = (text: string) => string

interface Row {
  who: string
  paint: Paint
  sign: string
  text: string
}

export function createTimeline({ color, width, hide }: TimelineOptions) {
  const chalk = new Chalk({ level: color })
  const paintOf = createPalette(chalk)
  const memoryMap = createMemoryMap(chalk, width)
  const begun = new Map<string, number>()
  const claims: Claim[] = []
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
    const title = `osdemo ${event.command.join(' ')}`
    const rule = '─'.repeat(Math.max(3, width - 4 - stringWidth(title)))
    const about = versions(event)
    return `${chalk.bold(`── ${title}`)} ${chalk.dim(rule)}\n${chalk.dim(`   ${about}`)}`
  }

  /** How long a call took or held its caller, in words and as a bar. */
  function held(event: Event & CallFact): string {
    const since = begun.get(`${event.tid} ${event.call}`)
    begun.delete(`${event.tid} ${event.call}`)
    const time = event.t - (since ?? event.t)
    if (time < notable) return ''
    const blocks = Math.round(time / barBlock)
    const bar = '▇'.repeat(Math.min(blocks, barBlocks)) + (blocks > barBlocks ? '…' : '')
    return ` after ${duration(time)} ${chalk.yellow(bar)}`
  }

  function row(event: Event): Row | undefined {
    const speaker = (name: string, id: number) => {
      const number = String(id)
      return {
        who: `${name.slice(0, 15 - number.length).padEnd(whoWidth - number.length)}${number}`,
        paint: paintOf(name),
      }
    }
    const me = speaker(event.actor, event.tid)
    if (hide.includes(event.event)) return undefined
    switch (event.event) {
      case 'started':
        return { ...speaker(event.name, event.child), sign: '+', text: `a new ${event.kind}` }
      case 'exited': {
        const how = event.signal ? `killed by ${event.signal}` : `ended with exit code ${event.code}`
        return { ...speaker(event.name, event.child), sign: '-', text: how }
      }
      case 'created': {
        const what = event.port === undefined ? `made the ${kindName(event.kind)}` : 'listens on'
        return { ...me, sign: '+', text: `${what} ${event.id}` }
      }
      case 'removed':
        return { ...me, sign: '-', text: `removed the ${kindName(event.kind)} ${event.id}` }
      case 'call': {
        if (event.phase === 'begin') {
          begun.set(`${event.tid} ${event.call}`, event.t)
          return { ...me, sign: chalk.yellow('…'), text: `${chalk.bold(event.call)} ${event.object}` }
        }
        const known = begun.has(`${event.tid} ${event.call}`)
        const ended = event.call === 'read' && event.result === 0 ? ', end of file' : ''
        const outcome = event.errno ? chalk.red(event.errno) : `${event.result ?? ''}${ended}`
        const object = known ? '' : ` ${event.object}`
        const returned = outcome === '' ? 'returned' : `returned ${outcome}`
        return { ...me, sign: '✓', text: `${chalk.bold(event.call)}${object} ${returned}${held(event)}` }
      }
      case 'sent':
      case 'received': {
        const sign = me.paint(event.event === 'sent' ? '→' : '←')
        const text = event.text === undefined ? '' : `${event.text} `
        return { ...me, sign, text: text + chalk.dim(`(${plural(event.bytes, 'byte')})`) }
      }
      case 'tally': {
        const sign = me.paint(event.direction === 'sent' ? '⇒' : '⇐')
        const time = duration(event.t - event.since)
        const messages = event.messages > 0 ? `${plural(event.messages, 'message')}, ` : ''
        return { ...me, sign, text: `${messages}${plural(event.bytes, 'byte')} in ${time}` }
      }
      case 'state':
        return {
          ...me,
          sign: '◆',
          text: `${event.child} is ${event.state} (${event.kernel && `${event.kernel}, `}${event.source})`,
        }
      case 'evidence': {
        const text = `${event.about}: ${chalk.cyan(event.value)} ${chalk.dim(`(${event.source})`)}`
        return { who: 'kernel says', paint: chalk.cyan, sign: chalk.cyan('┊'), text }
      }
      case 'claim': {
        const paint = event.holds ? chalk.green : chalk.red
        const who = event.holds ? 'claim' : 'CLAIM FAILS'
        return { who, paint: paint.bold, sign: paint(mark(event.holds)), text: paint(event.text) }
      }
      case 'run': {
        const other = versions(event) === versions(first!) ? '' : ` (${versions(event)})`
        return { ...me, sign: '+', text: `begins ${chalk.bold(`osdemo ${event.command.join(' ')}`)}${other}` }
      }
      case 'error': {
        const hint = event.hint ? `; ${event.hint}` : ''
        const text = `${event.message}${hint} (exit code ${event.exit})`
        return { who: 'ERROR', paint: chalk.red.bold, sign: chalk.red(mark(false)), text: chalk.red(text) }
      }
      case 'note':
        return { ...me, sign: '·', text: event.text }
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
    const gap = first === undefined ? '' : '\n'
    start = run.t
    first = run
    begun.clear()
    return `${gap}${heading(run)}\n`
  }

  return {
    event(raw: Event): string {
      const event = cleaned(raw)
      start ??= event.t
      if (event.event === 'claim') claims.push({ command: commands.get(event.pid) ?? '', ...event })
      const head = event.event === 'run' ? begin(event) : undefined
      if (head !== undefined) return memoryMap.close() + head
      const shown = row(event)
      if (!shown) return ''
      if (event.event === 'evidence' && event.region) return memoryMap.add(event.region, event.about)
      return `${memoryMap.close()}${line(event.t, shown)}\n`
    },

    end(): string {
      const rest = memoryMap.close()
      if (claims.length === 0) return rest
      const good = claims.filter((claim) => claim.holds).length
      const paint = good === claims.length ? chalk.green.bold : chalk.red.bold
      const sum = paint(`${good} of ${claims.length} claims hold.`)
      const several = new Set(claims.map((claim) => claim.command)).size > 1
      return `${rest}\n${several ? table(claims, chalk, width) : ''}${sum}\n`
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
  const given = new Map<string, Paint>([['director', chalk.dim]])
  return (name) => {
    const paint = given.get(name) ?? palette[(given.size - 1) % palette.length]!
    given.set(name, paint)
    return paint
  }
}

function versions({ version, node, kernel }: RunFact): string {
  return `osdemo ${version}, Node ${node}, ${kernel}`
}

/** What must not reach a terminal: control characters, and those that turn the direction. */
const harmful = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Text of others must not steer the terminal: what could is escaped, in every field. */
function cleaned<T extends object>(value: T): T {
  const fields = Object.entries(value).map(([key, value]) => [key, cleanedValue(value)])
  return Object.fromEntries(fields)
}

function cleanedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cleanedValue)
  if (typeof value === 'object' && value !== null) return cleaned(value)
  return typeof value === 'string' ? value.replace(harmful, escapeSequence) : value
}

function escapeSequence(char: string): string {
  const code = char.codePointAt(0)!
  const known = { 9: '\\t', 10: '\\n', 13: '\\r' }[code]
  return known ?? (code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`)
}

function kindName(kind: string): string {
  return kind === 'fifo' ? 'FIFO' : kind
}

/** Microseconds, as people say them. */
function duration(microseconds: number): string {
  if (microseconds < 10_000) return `${(microseconds / 1000).toFixed(1)} ms`
  if (microseconds < 1_000_000) return `${Math.round(microseconds / 1000)} ms`
  return `${(microseconds / 1e6).toFixed(2)} s`
}

/** `1 byte`, `1,024 bytes`. */
function plural(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`
}

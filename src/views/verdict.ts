/** The summary of all claims, at the end of a story. */
import type { ChalkInstance } from 'chalk'
import stringWidth from 'fast-string-width'
import { wrapAnsi } from 'fast-wrap-ansi'
import type { ClaimFact, Event } from '../events.js'
import { counted, largest } from '../text.js'

/** At most the first this many claims are listed, to limit the memory for a long recording. */
const mostListed = 1000

/** The largest width of a command, in columns. */
const mostOfCommand = 40

interface Claim {
  command: string
  text: string
  holds: boolean
}

/** How the runs of a story ended: whether claims may be missing, and which signal is the reason. */
export function createEnding() {
  let received: string | undefined
  let isCutShort = false
  let signal: string | undefined
  return {
    see(event: Event): void {
      if (event.event === 'signal' && event.from === undefined) received = event.signal
      if (event.event !== 'error') return
      isCutShort = true
      if (event.exit > 128) signal = received
    },
    /** Claims may be missing. */
    get isCutShort() {
      return isCutShort
    },
    /** A signal is the reason. */
    get isInterrupted() {
      return signal !== undefined
    },

    /** How many claims hold, as a sentence. Empty where there is nothing to say. */
    sum(count: number, held: number): string {
      if (signal !== undefined && count === 0) return `Terminated by ${signal} before the first claim.`
      if (signal !== undefined)
        return `Terminated by ${signal}: ${held} of the ${count} claims until then hold.`
      if (count === 0) return ''
      const rest = isCutShort && held === count ? ', but the run did not finish' : ''
      return `${held} of ${count} claims hold${rest}.`
    },
  }
}

export function createVerdict(chalk: ChalkInstance, width: number) {
  const listed: Claim[] = []
  let count = 0
  let failed = 0
  let failedUnlisted = 0
  let several = false
  const ending = createEnding()

  /** A line about the claims that are not listed. */
  function rest(): string {
    const left = count - listed.length
    if (left === 0) return ''
    const bad = failedUnlisted > 0 ? `, of which ${failedUnlisted} failed` : ''
    return `… and ${counted(left, 'more claim')}${bad}\n`
  }

  return {
    /** @param command the command of the run that makes the claim */
    add(command: string, { text, holds }: ClaimFact): void {
      several ||= listed.length > 0 && listed[0]?.command !== command
      count++
      if (!holds) failed++
      if (listed.length < mostListed) listed.push({ command, text, holds })
      else if (!holds) failedUnlisted++
    },

    /** An event that may tell how the run ends. */
    see: ending.see,

    /**
     * How many claims hold, below a list of them when several runs made claims. Empty where there is none, but an interrupted demo
     * says so.
     */
    text(ofDemo: boolean): string {
      if (count === 0 && !ofDemo) return ''
      const words = ending.sum(count, count - failed)
      if (words === '') return ''
      const good = ending.isCutShort ? chalk.magenta.bold : chalk.green.bold
      const sum = (failed === 0 ? good : chalk.red.bold)(words)
      return `\n${several ? `${list(listed, chalk, width)}${rest()}\n` : ''}${sum}\n`
    },
  }
}

/** The claims, each after the command of its run. */
function list(claims: readonly Claim[], chalk: ChalkInstance, width: number): string {
  const longest = largest(
    claims.map(({ command }) => stringWidth(command)),
    0,
  )
  const first = Math.min(longest, mostOfCommand)
  let above: string | undefined
  const rows = claims.map(({ command, text, holds }) => {
    const name = (command === above ? '' : command.slice(0, first)).padEnd(first)
    above = command
    const sign = holds ? chalk.green(mark(true)) : chalk.red(mark(false))
    const lines = wrapAnsi(text, Math.max(20, width - first - 5), { hard: true }).split('\n')
    return `${chalk.bold(name)}  ${sign} ${lines.join(`\n${' '.repeat(first + 4)}`)}\n`
  })
  return rows.join('')
}

/** The sign before a claim. */
export function mark(holds: boolean): string {
  return holds ? '✔' : '✘'
}

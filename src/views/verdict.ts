/** The summary of all claims, at the end of a story. */
import type { ChalkInstance } from 'chalk'
import stringWidth from 'fast-string-width'
import { wrapAnsi } from 'fast-wrap-ansi'
import type { ClaimFact } from '../events.js'
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

export function createVerdict(chalk: ChalkInstance, width: number) {
  const listed: Claim[] = []
  let count = 0
  let failed = 0
  let failedUnlisted = 0
  let several = false
  let cutShort = false

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

    /** A run ended with an error. Then claims may be missing. */
    fail(): void {
      cutShort = true
    },

    /** How many claims hold, below a list of them when several runs made claims. Empty when there is none. */
    text(): string {
      if (count === 0) return ''
      const good = cutShort ? chalk.yellow.bold : chalk.green.bold
      const paint = failed === 0 ? good : chalk.red.bold
      const hold = `${count - failed} of ${count} claims hold`
      const sum = paint(failed === 0 && cutShort ? `${hold}, but the run did not finish.` : `${hold}.`)
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

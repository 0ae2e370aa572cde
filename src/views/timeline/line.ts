/** One line of the timeline: time, process, sign, and the text, wrapped to the width of the terminal. */
import type { ChalkInstance } from 'chalk'
import { wrapAnsi } from 'fast-wrap-ansi'
import type { Paint } from '../describe-event.js'

/** Widths of the time, of the process, and of everything before the text, in columns. */
const timeWidth = 9
const whoWidth = 16
const margin = timeWidth + 1 + whoWidth + 3

export interface Row {
  who: string
  paint: Paint
  sign: string
  text: string
}

/** @param microseconds since the beginning of the run */
export function drawLine(microseconds: number, row: Row, chalk: ChalkInstance, width: number): string {
  const time = (microseconds / 1e6).toFixed(3).padStart(timeWidth)
  const [first = '', ...more] = wrapAnsi(row.text, Math.max(20, width - margin), { hard: true }).split('\n')
  const head = `${chalk.dim(time)} ${row.paint(row.who.padEnd(whoWidth))} ${row.sign} ${first}`
  return [head, ...more.map((part) => ' '.repeat(margin) + part)].join('\n').trimEnd()
}

export type Speaker = (name: string, id: number) => Pick<Row, 'who' | 'paint'>

/** Shows a process or thread by name and number, in a colour that its name keeps. */
export function createSpeakers(chalk: ChalkInstance): Speaker {
  const palette = [chalk.blueBright, chalk.magentaBright, chalk.cyan, chalk.green, chalk.redBright]
  const given = new Map<string, Paint>([['osdemo', chalk.dim]])
  return (name, id) => {
    const number = String(id)
    // The remainder is less than the length of the palette.
    const paint = given.get(name) ?? palette[(given.size - 1) % palette.length]!
    given.set(name, paint)
    return {
      who: `${name.slice(0, 15 - number.length).padEnd(whoWidth - number.length)}${number}`,
      paint,
    }
  }
}

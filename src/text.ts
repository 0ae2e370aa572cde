/** Numbers as people read them, and text as lines, for every layer. Not with Intl: its start takes 10 ms. */
import { StringDecoder } from 'node:string_decoder'

/** `1 byte`, `1,024 bytes`. A plural without `s` is given as `several`. */
export function counted(number: number, noun: string, several = `${noun}s`): string {
  return `${thousands(number)} ${number === 1 ? noun : several}`
}

/** A whole number with commas. */
export function thousands(number: number): string {
  return String(number).replaceAll(/\B(?<!\.\d*)(?=(\d{3})+$)/g, ',')
}

/** Microseconds: `1.5 ms`, `180 ms`, `2.50 s`. */
export function duration(microseconds: number): string {
  if (microseconds < 10_000) return `${(microseconds / 1000).toFixed(1)} ms`
  if (microseconds < 999_500) return `${Math.round(microseconds / 1000)} ms`
  return `${(microseconds / 1e6).toFixed(2)} s`
}

/** Microseconds that are compared with each other, so always in the same unit: `12.3 µs`. */
export function micro(microseconds: number): string {
  return `${microseconds.toFixed(1)} µs`
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** Bytes, rounded: `132 KiB`, `1.9 MiB`. */
export function size(bytes: number): string {
  let [number, unit] = [bytes, 0]
  while (number >= 1024 && unit < units.length - 1) [number, unit] = [number / 1024, unit + 1]
  const digits = unit > 1 && number < 100 ? 1 : 0
  return `${number.toFixed(digits)} ${units[unit]}`
}

/** Bytes in the kernel's unit, as in /proc/PID/smaps: `1,024 kB`. */
export function kib(bytes: number): string {
  return `${thousands(bytes / 1024)} kB`
}

/** The sum, or the largest number of its sign where it is larger than any: a recording may contain any numbers. */
export function sumOf(one: number, other: number): number {
  return Math.min(Math.max(one + other, -Number.MAX_VALUE), Number.MAX_VALUE)
}

/** The largest of any number of numbers. Math.max takes them as arguments, and too many overflow the stack. */
export function largest(numbers: Iterable<number>, least: number): number {
  let most = least
  for (const number of numbers) most = Math.max(most, number)
  return most
}

/**
 * Calls back with each complete line, without its newline. A last line without a newline is never passed on. The
 * chunks may be cut anywhere, also within a UTF-8 character.
 *
 * @param longest a longer line is cut after so many characters, and ends with `...`
 */
export function lineSplitter(
  onLine: (line: string) => void,
  longest = Number.POSITIVE_INFINITY,
): (chunk: Buffer) => void {
  const decoder = new StringDecoder('utf8')
  const cut = (line: string) => (line.length > longest ? `${line.slice(0, longest)}...` : line)
  let rest = ''
  return (chunk) => {
    const lines = (rest + decoder.write(chunk)).split('\n')
    // One character more than the longest is kept, so that the line is still known to be longer.
    rest = (lines.pop() ?? '').slice(0, longest + 1)
    for (const line of lines) onLine(cut(line))
  }
}

/**
 * The longest line that osdemo takes from another program or from a person, in characters: as long as a terminal takes,
 * termios(3).
 */
export const longestForeignLine = 4096

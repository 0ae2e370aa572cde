/** Parsers of option values: counts, durations, sizes. The error for a wrong value says which values are right. */
import { InvalidArgumentError } from '@commander-js/extra-typings'
import { UsageError } from '../../errors.js'
import { endings } from '../../views/names.js'

/** A parser of whole numbers from `min` to `max`, in decimal digits. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (number >= min && number <= max) return number
    const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
    throw new InvalidArgumentError(`It takes a whole number ${range}.`)
  }
}

/** A whole number of at least 1. */
export const count = wholeNumber(1, Number.MAX_SAFE_INTEGER)

/** The pid of a process. */
export const processId = wholeNumber(1, 2 ** 22)

export interface Duration {
  milliseconds: number
  /** As the user wrote it. */
  text: string
}

/** The longest timer of Node, in milliseconds: 24 days. */
const longest = 2 ** 31 - 1

/** Units of time in milliseconds, units of size in bytes. */
const times: Partial<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }
const sizes: Partial<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 }

/** `250ms`, `2s`, `1.5s`, `1m`. */
export function duration(text: string): Duration {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? []
  const milliseconds = Number(number) * (times[unit] ?? Number.NaN)
  if (milliseconds <= longest) return { milliseconds, text }
  throw new InvalidArgumentError('It takes a duration such as 250ms, 2s or 1m, up to 24 days.')
}

/** A parser of sizes such as `64`, `4KiB`, `16MiB`, `1GiB`, from `min` to `max` bytes. */
export function size(min: number, max: number): (text: string) => number {
  return (text) => {
    const [, number, unit = 'B'] = /^(\d+)(B|KiB|MiB|GiB)?$/.exec(text) ?? []
    const bytes = Number(number) * (sizes[unit] ?? Number.NaN)
    if (bytes >= min && bytes <= max) return bytes
    throw new InvalidArgumentError(`It takes a size such as 64, 4KiB or 16MiB, from ${min} to ${max} bytes.`)
  }
}

/** An address or a host name. An IPv6 address may have brackets, as before a port. An empty one would mean every address. */
export function hostName(text: string): string {
  const host = /^\[(.*:.*)\]$/.exec(text)?.[1] ?? text
  if (host !== '') return host
  throw new InvalidArgumentError('It takes an address or a name, such as 127.0.0.1 or localhost.')
}

/** A path. The kernel knows no file with an empty one, path_resolution(7). */
export function filePath(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('It takes a path, such as /tmp/p.')
}

/** A file for `--save`, whose ending names a view. The option may be repeated, so the files are collected. */
export function savedFile(path: string, earlier: string[] = []): string[] {
  const known = Object.keys(endings)
  if (known.some((ending) => path.endsWith(ending))) return [...earlier, path]
  throw new InvalidArgumentError(`The ending of the file chooses the view: ${known.join(', ')}.`)
}

/**
 * The key of a System V object: key_t, a signed number of 32 bits. ftok(3) returns any of them. ipcs(1) prints it in hexadecimal and
 * without a sign, so 0xffffffff is -1. Key 0 is IPC_PRIVATE, which finds nothing.
 */
export function objectKey(text: string): number {
  const key = /^(-?\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : 0
  if (key !== 0 && key >= -(2 ** 31) && key < 2 ** 32) return key | 0
  throw new InvalidArgumentError(
    'It takes a 32-bit key other than 0, as ipcs prints it (0x11170) or decimal (70000).',
  )
}

/** The id of a System V object. */
export const objectId = wholeNumber(0, 2 ** 31 - 1)

/** Permissions as in chmod(1): `0600`, `644`. */
export function fileMode(text: string): number {
  if (/^0?[0-7]{3}$/.test(text)) return Number.parseInt(text, 8)
  throw new InvalidArgumentError('It takes permissions as three octal digits, such as 0600.')
}

/** The shared counter is a signed number of 32 bits. */
const largestSum = 2 ** 31 - 1

/** @throws UsageError when the sum would be too large for the counter */
export function requireSum(counters: number, name: string, times: number): void {
  if (counters * times <= largestSum) return
  throw new UsageError(
    `${counters} ${name} that each add 1 ${times} times need a counter larger than ${largestSum}`,
    `Use --times ${Math.floor(largestSum / counters)} or less.`,
  )
}

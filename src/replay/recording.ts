/** Recorded runs: files of NDJSON events, as `--json` and `--save` write them, read as a stream. */
import { type BigIntStats, constants, createReadStream, fstatSync, openSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { OsdemoError, SystemCallError, systemCallError } from '../errors.js'
import type { Event } from '../events.js'
import type { FileIdentity } from '../run/saver.js'
import { complaint } from './valid.js'

export interface Recording {
  /** As the user named it; `stdin` for `-`. */
  name: string
  events: AsyncGenerator<Event>
  /** Whether it is the file at this path, or the file of this descriptor. */
  isFile(file: string | number): boolean
  /** Whether it is the file that `--save` has opened. */
  isSavedAs(file: FileIdentity | undefined): boolean
}

/** The longest accepted line, in characters. Lines of osdemo have a few hundred. */
const longestLine = 2 ** 24

/** So many invalid lines of a file are reported one by one. */
const mostWarnings = 5

const whatEventsAre = 'Record events with osdemo COMMAND --save FILE.ndjson.'

/**
 * Opens a recording.
 *
 * @param name a path, or `-` for stdin
 * @param warn is called with a sentence about what could not be read, if the rest can be shown
 * @throws SystemCallError when it cannot be opened
 */
export function openRecording(name: string, warn: (text: string) => void): Recording {
  const stdin = name === '-'
  const shown = stdin ? 'stdin' : name
  // Nonblocking: opening a FIFO without a writer would block this thread, and then not even Ctrl-C could end osdemo.
  const fd = stdin ? 0 : attempt(shown, () => openSync(name, constants.O_RDONLY | constants.O_NONBLOCK))
  const stats = attempt(shown, () => fstatSync(fd, { bigint: true }))
  if (stats.isDirectory()) {
    throw new SystemCallError(`cannot read ${shown}: it is a folder`, 'read', 'EISDIR', {
      hint: 'Name the files in it.',
    })
  }
  const stream = stdin ? process.stdin : openStream(fd, stats)
  return {
    name: shown,
    events: readEvents(shown, stream.setEncoding('utf8'), warn),
    isFile: (file) => stats.isFile() && isSame(stats, lookAt(file)),
    isSavedAs: (file) => stats.isFile() && `${stats.dev}` === file?.dev && `${stats.ino}` === file.ino,
  }
}

/** Reads a pipe as a socket. Read as a file, it would block a thread, which would keep the process alive. */
function openStream(fd: number, stats: BigIntStats): Readable {
  return stats.isFIFO() ? new Socket({ fd, writable: false }) : createReadStream('', { fd })
}

function attempt<T>(name: string, body: () => T): T {
  try {
    return body()
  } catch (error) {
    throw systemCallError(error, `cannot read ${name}`)
  }
}

function lookAt(file: string | number): BigIntStats | undefined {
  try {
    return typeof file === 'number' ? fstatSync(file, { bigint: true }) : statSync(file, { bigint: true })
  } catch {
    return undefined
  }
}

function isSame(one: BigIntStats, other: BigIntStats | undefined): boolean {
  return other !== undefined && one.dev === other.dev && one.ino === other.ino
}

async function* readEvents(
  name: string,
  stream: Readable,
  warn: (text: string) => void,
): AsyncGenerator<Event> {
  let rest = ''
  let number = 0
  let count = 0
  let skipped = 0
  const skip = (line: number, why: string, text: string) => {
    skipped++
    if (skipped <= mostWarnings) warn(`${name}:${line}: skipped, not an event: ${describeBad(why, text)}`)
  }
  try {
    for await (const text of stream) {
      // Some editors begin a file with a byte order mark.
      const lines = (rest + (number === 0 && rest === '' ? text.replace(/^\uFEFF/, '') : text)).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > longestLine) {
        const what = describeBad('it is too long', rest)
        throw new OsdemoError(`${name}:${number + 1}: this line is not an event: ${what}`, 1, {
          hint: whatEventsAre,
        })
      }
      for (const line of lines) {
        number++
        if (line.trim() === '') continue
        const event = parse(line)
        if (typeof event === 'string') skip(number, event, line)
        else {
          count++
          yield event
        }
      }
    }
  } catch (error) {
    throw systemCallError(error, `cannot read ${name}`)
  }
  if (isCutOff(rest)) warn(`${name}:${number + 1}: skipped the last line, which is cut off`)
  else if (rest.trim() !== '') {
    const event = parse(rest)
    if (typeof event === 'string') skip(number + 1, event, rest)
    else {
      count++
      yield event
    }
  }
  if (skipped > mostWarnings) warn(`${name}: skipped ${skipped} lines in all that are not events`)
  if (count > 0) return
  if (skipped === 0) return warn(`${name} has no events`)
  throw new OsdemoError(`${name} contains lines, but none of them is an event`, 1, { hint: whatEventsAre })
}

/** Whether a last line without a newline is the beginning of an event: a killed run leaves one. */
function isCutOff(line: string): boolean {
  return line.startsWith('{') && toJson(line) === undefined
}

function toJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** The event of a line, or what is wrong with it. */
function parse(line: string): Event | string {
  const value = toJson(line)
  if (value === undefined) return 'it is not JSON'
  const wrong = complaint(value)
  return wrong ? `it has ${wrong}` : (value as Event) // The value fits the schema of events.
}

function describeBad(why: string, line: string): string {
  return `${excerpt(why, 200)}: ${excerpt(line, 50)}`
}

/** The beginning of an unknown text, without invisible characters, which could control the terminal. */
function excerpt(text: string, length: number): string {
  return (text.length > length ? `${text.slice(0, length)}...` : text).replaceAll(/\p{C}/gu, '?')
}

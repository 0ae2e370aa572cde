/** One line of `strace -f -ttt -T -yy` as data. */
import { type Scanned, scan } from './scan.js'

interface At {
  /** The thread. */
  tid: number
  /** Microseconds of the wall clock. */
  t: number
}

/** A call that has returned, or that never does, as exit_group(2). */
export interface Call extends At {
  kind: 'call'
  name: string
  /** As strace writes them. */
  args: string[]
  /** Undefined where it did not return: strace writes `?`. */
  result: number | undefined
  /** The symbolic errno. With an undefined result the call was interrupted: `ERESTARTSYS`, ... */
  errno: string | undefined
  /** What strace adds to the result: the name of a descriptor, flags in words. */
  more: string
  /** How long it took, in microseconds. 0 where strace was called without `-T`. */
  took: number
}

/** A call that had not returned when strace wrote a line about another thread. */
export interface Begun extends At {
  kind: 'begun'
  name: string
  /** Those that were known. What the call stores is missing. */
  args: string[]
  /** The text of these arguments. The rest comes with the return. */
  text: string
}

export interface Signalled extends At {
  kind: 'signal'
  signal: string
  /** The pid of the sender, where the kernel names one. */
  from?: number
  /** `SI_USER`, `CLD_EXITED`, `SI_KERNEL`, ... */
  code?: string
}

/** A thread has exited. */
export interface Gone extends At {
  kind: 'gone'
  code: number | null
  signal: string | null
}

/** Another thread of the process has called execve(2). It then has the number of this thread. */
export interface Superseded extends At {
  kind: 'superseded'
  by: number
}

/** A signal stopped the thread. */
export interface Stopped extends At {
  kind: 'stopped'
  signal: string
}

interface Resumed extends At {
  kind: 'resumed'
  name: string
  text: string
}

export type Fact = Call | Begun | Signalled | Gone | Superseded | Stopped

/** @returns undefined for a line of another form */
export function readLine(line: string): Exclude<Fact, Call> | Call | Resumed | undefined {
  let at = 0
  const number = () => {
    let value = -1
    for (let code = line.charCodeAt(at) - 48; code >= 0 && code <= 9; code = line.charCodeAt(++at) - 48)
      value = (value < 0 ? 0 : value * 10) + code
    return value
  }
  const tid = number()
  while (line.charCodeAt(at) === 32) at++
  const seconds = number()
  if (tid < 0 || seconds < 0 || line.charCodeAt(at) !== 46) return undefined
  const dot = at++
  if (number() < 0 || line.charCodeAt(at) !== 32) return undefined
  const t = seconds * 1e6 + Number(line.slice(dot + 1, dot + 7).padEnd(6, '0'))
  while (line.charCodeAt(at) === 32) at++
  switch (line.charCodeAt(at)) {
    case 60: // <
      return readResumed(line, at, { tid, t })
    case 43: // +
      return readEnd(line.slice(at), { tid, t })
    case 45: // -
      return readSignal(line.slice(at), { tid, t })
    default:
      return readCall(line, at, { tid, t })
  }
}

function readCall(line: string, at: number, { tid, t }: At): Call | Begun | undefined {
  const bracket = line.indexOf('(', at)
  if (bracket < 0) return undefined
  const name = line.slice(at, bracket)
  if (!isName(name)) return undefined
  if (line.endsWith(' ...>')) {
    const text = line.slice(bracket + 1, line.lastIndexOf(' <'))
    return { kind: 'begun', tid, t, name, text, args: scan(text, 0).args }
  }
  return returned({ tid, t, name }, line, scan(line, bracket + 1))
}

/** A name of a system call, also of one that strace does not know: `syscall_0x1f4`. A call that strace missed is `????`. */
function isName(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const isWord = (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 95
    if (!isWord && code !== 63 && !(code >= 65 && code <= 90)) return false
  }
  return text.length > 0
}

const duration = /^\d+\.\d+$/

/**
 * The call whose arguments have been read.
 *
 * @param text contains the arguments, and behind them the result
 */
export function returned(
  begin: At & { name: string },
  text: string,
  { args, end }: Scanned,
): Call | undefined {
  const equals = end < 0 ? -1 : text.indexOf('=', end)
  if (equals < 0) return undefined
  const before = text.lastIndexOf(' <')
  const time = before > equals && text.endsWith('>') ? text.slice(before + 2, -1) : ''
  const isTimed = duration.test(time)
  // A descriptor's name follows its number without a space, what else strace adds follows after one.
  const rest = text.slice(equals + 2, isTimed ? before : undefined)
  let at = 0
  while (at < rest.length && rest.charCodeAt(at) !== 32 && rest.charCodeAt(at) !== 60) at++
  const value = rest.slice(0, at)
  const result = value === '?' ? undefined : Number(value)
  if (value === '' || Number.isNaN(result)) return undefined
  const more = rest.slice(at)
  const isFailure = (result === undefined || result < 0) && more.charCodeAt(1) === 69
  const errno = isFailure ? (more.split(' ', 2)[1] ?? '') : undefined
  return {
    kind: 'call',
    tid: begin.tid,
    t: begin.t,
    name: begin.name,
    args,
    result,
    errno,
    more,
    took: isTimed ? Math.round(Number(time) * 1e6) : 0,
  }
}

function readResumed(line: string, at: number, when: At): Resumed | Call | undefined {
  const end = line.indexOf(' resumed>', at)
  if (end < 0 || !line.startsWith('<... ', at)) return undefined
  return { kind: 'resumed', ...when, name: line.slice(at + 5, end), text: line.slice(end + 9) }
}

function readEnd(text: string, when: At): Gone | Superseded | undefined {
  const [, code, signal, by] =
    /^\+\+\+ (?:exited with (\d+)|killed by (\w+)(?: \(core dumped\))?|superseded by execve in pid (\d+)) \+\+\+$/.exec(
      text,
    ) ?? []
  if (by !== undefined) return { kind: 'superseded', ...when, by: Number(by) }
  if (code === undefined && signal === undefined) return undefined
  return { kind: 'gone', ...when, code: code === undefined ? null : Number(code), signal: signal ?? null }
}

function readSignal(text: string, when: At): Signalled | Stopped | undefined {
  const [, stop, signal, info = ''] = /^--- (?:stopped by (\w+) |(\w+) (?:\{(.*)\} )?)---$/s.exec(text) ?? []
  if (stop !== undefined) return { kind: 'stopped', ...when, signal: stop }
  if (signal === undefined) return undefined
  const [, code] = /\bsi_code=(\w+)/.exec(info) ?? []
  const [, from] = /\bsi_pid=(\d+)/.exec(info) ?? []
  return { kind: 'signal', ...when, signal, ...(from && { from: Number(from) }), ...(code && { code }) }
}

/**
 * Every failure that a user may see. Mechanisms throw these, demos let them pass, and `main` alone turns them into
 * a message and an exit code.
 */
import { getSystemErrorMap } from 'node:util'

interface Details {
  /** What to do next, as one sentence. */
  hint?: string | undefined
  cause?: unknown
}

interface ErrorFields {
  exit: number
  message: string
  hint?: string
  call?: string
  errno?: string
}

export class OsdemoError extends Error {
  readonly hint: string | undefined
  /** The system call that failed, where one did. */
  readonly call: string | undefined
  /** The symbolic errno, such as `ENOENT`. */
  readonly errno: string | undefined

  constructor(
    message: string,
    /** The exit code that this error means for the process. */
    readonly exit: number,
    details: Details & { call?: string | undefined; errno?: string | undefined } = {},
  ) {
    super(message, { cause: details.cause })
    this.name = new.target.name
    this.hint = details.hint
    this.call = details.call
    this.errno = details.errno
  }

  /** What an `error` event contains: only what is known. */
  get fact(): ErrorFields {
    const { exit, message, hint, call, errno } = this
    return { exit, message, ...(hint && { hint }), ...(call && { call }), ...(errno && { errno }) }
  }
}

/** The command line cannot be understood: exit 2. */
export class UsageError extends OsdemoError {
  constructor(message: string, hint?: string) {
    super(message, 2, { hint })
  }
}

/** This machine cannot do it (no /proc, no mkfifo, ...): exit 69, EX_UNAVAILABLE of sysexits.h. */
export class Unavailable extends OsdemoError {
  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, 69, { hint, cause })
  }
}

/** The demo ran, and something that it claims or checks did not hold: exit 1. */
export class DemoFailed extends OsdemoError {
  constructor(message: string, details: Details = {}) {
    super(message, 1, details)
  }
}

/** A system call failed: exit 1, or 141 where it says that the reader of our output went away. */
export class SystemCallError extends OsdemoError {
  declare readonly call: string
  declare readonly errno: string

  constructor(message: string, call: string, errno: string, details: Details = {}, exit = 1) {
    super(message, exit, { ...details, call, errno })
  }
}

/** The reader of our stdout went away: exit 141 (128 + SIGPIPE), and like any Unix tool we say nothing. */
export class OutputClosed extends SystemCallError {
  constructor(cause?: unknown) {
    super('the reader of our stdout went away', 'write', 'EPIPE', { cause }, 141)
  }
}

/** `--timeout` passed: exit 124, as timeout(1) has it. */
export class TimedOut extends OsdemoError {
  constructor(duration: string) {
    super(`not finished after ${duration}`, 124, { hint: 'give it more time with --timeout' })
  }
}

/** A signal asked us to end: exit 128 + its number. */
export class Interrupted extends OsdemoError {
  constructor(
    readonly signal: NodeJS.Signals,
    number: number,
  ) {
    super(`ended by ${signal}`, 128 + number)
  }
}

/** The error that an actor reported as an event, of the class that it had there. */
export function errorFrom({ exit, message, hint, call, errno }: ErrorFields): OsdemoError {
  if (exit === 69) return new Unavailable(message, hint)
  if (call !== undefined && errno !== undefined) {
    return new SystemCallError(message, call, errno, { hint }, exit)
  }
  if (exit === 1) return new DemoFailed(message, { hint })
  return new OsdemoError(message, exit, { hint, call, errno })
}

/** True for what Node throws when a system call fails. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
}

/** The symbolic errno of an error that Node threw, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  return isSystemError(error) ? error.code : undefined
}

/** What to do about errors that may come anywhere. */
const hints: Record<string, string | undefined> = {
  EMFILE: 'this process may have no more files open: raise the limit, ulimit -n 1024',
  ENOSPC: 'make room on that disk',
}

/**
 * Turns what Node threw for a failed system call into a SystemCallError that says what was attempted.
 * Anything else is a bug and comes back unchanged.
 *
 * @param attempt what we tried, as in `cannot open the FIFO /tmp/x`
 * @param hint what to do next; a function may choose it by errno
 */
export function systemCallError(
  error: unknown,
  attempt: string,
  hint?: string | ((errno: string) => string | undefined),
): unknown {
  if (!isSystemError(error)) return error
  const call = error.syscall ?? 'call'
  const meaning = error.errno === undefined ? undefined : getSystemErrorMap().get(error.errno)?.[1]
  return new SystemCallError(
    `${attempt}: ${call}: ${error.code}${meaning ? ` (${meaning})` : ''}`,
    call,
    error.code,
    { cause: error, hint: (typeof hint === 'function' ? hint(error.code) : hint) ?? hints[error.code] },
  )
}

/**
 * Any error as one of ours. What is no system error either is a defect of osdemo: exit 70 (EX_SOFTWARE), with the stack.
 *
 * @param attempt what we tried, for a system error that nobody has explained yet
 */
export function asOsdemoError(error: unknown, attempt: string): OsdemoError {
  const known = systemCallError(error, attempt)
  if (known instanceof OsdemoError) return known
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return new OsdemoError(`a bug in osdemo: ${stack}`, 70, { cause: error })
}

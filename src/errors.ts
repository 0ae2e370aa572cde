/**
 * Every failure that a user may see. Mechanisms throw these errors, demos let them pass, and only `main` turns them into a
 * message and an exit code. A message says what happened and to what; it follows `osdemo: ` and has no full stop.
 */
import { getSystemErrorMap, getSystemErrorName } from 'node:util'

interface Details {
  /** What to do next: a sentence, with a full stop unless it ends with a command. */
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

/** This machine lacks something (/proc, mkfifo, ...): exit 69, EX_UNAVAILABLE of sysexits.h. */
export class Unavailable extends OsdemoError {
  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, 69, { hint, cause })
  }
}

/** A claim or a check of the demo did not hold: exit 1. */
export class DemoFailed extends OsdemoError {
  constructor(message: string, details: Details = {}) {
    super(message, 1, details)
  }
}

/** A signal killed an actor: exit 1, unless the same signal was sent to osdemo as well. */
export class ActorKilled extends DemoFailed {
  constructor(
    message: string,
    readonly signal: NodeJS.Signals,
    hint: string,
  ) {
    super(message, { hint })
  }
}

/** A system call failed: exit 1, or 141 where the reader of stdout has gone. */
export class SystemCallError extends OsdemoError {
  declare readonly call: string
  declare readonly errno: string

  constructor(message: string, call: string, errno: string, details: Details = {}, exit = 1) {
    super(message, exit, { ...details, call, errno })
  }
}

/** The reader of stdout has gone: exit 141 (128 + SIGPIPE). Like other Unix tools, osdemo then prints nothing. */
export class OutputClosed extends SystemCallError {
  constructor(cause?: unknown) {
    super('the reader of stdout has gone', 'write', 'EPIPE', { cause }, 141)
  }
}

/** The time of `--timeout` has passed: exit 124, as in timeout(1). */
export class TimedOut extends OsdemoError {
  constructor(duration: string) {
    super(`the run was not finished after ${duration}`, 124, { hint: 'Allow more time with --timeout.' })
  }
}

/** A signal asked osdemo to terminate: exit 128 + its number. */
export class Interrupted extends OsdemoError {
  constructor(
    readonly signal: NodeJS.Signals,
    number: number,
  ) {
    super(`terminated by ${signal}`, 128 + number)
  }
}

/** The error that an actor reported as an event, with the class that it had in the actor. */
export function errorFrom({ exit, message, hint, call, errno }: ErrorFields): OsdemoError {
  if (exit === 69) return new Unavailable(message, hint)
  if (call !== undefined && errno !== undefined) {
    return new SystemCallError(message, call, errno, { hint }, exit)
  }
  if (exit === 1) return new DemoFailed(message, { hint })
  return new OsdemoError(message, exit, { hint, call, errno })
}

/** Whether Node threw this because a system call failed. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error
}

/** The symbolic errno of an error that Node threw, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  return isSystemError(error) ? error.code : undefined
}

/** Hints for calls that may fail anywhere, and for errors that any call may return. */
const hints: Record<string, string | undefined> = {
  uv_cwd: 'The current folder has been removed. Change to another one.',
  EACCES: 'Ask its owner for permission, or use another one.',
  ENOENT: 'Check the name.',
  ENETUNREACH: 'Check that the network interface is up: ip link',
  EPERM: 'Only its owner or root may do this.',
  EMFILE: 'Raise the limit of open files: ulimit -n 1024',
  ENOSPC: 'Free some space on that disk.',
}

/**
 * Turns what Node threw for a failed system call into a SystemCallError whose message contains the attempt. Anything else is
 * a bug and is returned unchanged.
 *
 * @param attempt such as `cannot open FIFO /tmp/x`
 * @param hint what to do next; a function may choose it by the errno
 */
export function systemCallError(
  error: unknown,
  attempt: string,
  hint?: string | ((errno: string) => string | undefined),
): unknown {
  if (!isSystemError(error)) return error
  const call = error.syscall ?? 'call'
  const known = error.errno === undefined ? undefined : getSystemErrorMap().get(error.errno)?.[1]
  // Node does not know this errno of System V objects.
  const meaning = error.code === 'EIDRM' ? 'identifier removed' : known
  // Errors of node:os have this code instead of the name of the errno.
  const isNameless = error.code === 'ERR_SYSTEM_ERROR'
  const errno = isNameless && error.errno !== undefined ? getSystemErrorName(error.errno) : error.code
  return new SystemCallError(`${attempt}: ${call}: ${errno}${meaning ? ` (${meaning})` : ''}`, call, errno, {
    cause: error,
    hint: (typeof hint === 'function' ? hint(errno) : hint) ?? hints[call] ?? hints[errno],
  })
}

/**
 * Any error as an OsdemoError. One that is no system error either is a bug in osdemo: exit 70 (EX_SOFTWARE), with the stack.
 *
 * @param attempt the beginning of the message for a system error that no other code has explained
 */
export function asOsdemoError(error: unknown, attempt: string): OsdemoError {
  const known = systemCallError(error, attempt)
  if (known instanceof OsdemoError) return known
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const hint = 'Please report these lines, and those of: osdemo --version --verbose'
  return new OsdemoError(`a bug in osdemo: ${stack}`, 70, { cause: error, hint })
}

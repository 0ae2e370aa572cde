/** Holds a lock of a file until Ctrl-C: the tool `lock hold`. A C program opens and locks it, so nothing blocks osdemo. */
import { constants } from 'node:os'
import { DemoFailed, Interrupted, systemCallError } from '../../errors.js'
import { compiled } from '../../run/compile.js'
import type { Demo } from '../../run/stage.js'
import { printedNothing } from '../shared/line-program.js'
import { stdoutError } from '../shared/stdout-error.js'
import type { LockAccess, LockKind } from './party.js'

export interface LockHoldOptions {
  path: string
  kind: LockKind
  access: LockAccess
  /** Print `locked` to stdout. */
  print: boolean
}

export function lockHold({ path, kind, access, print }: LockHoldOptions): Demo {
  return async (stage) => {
    const words = [await compiled('locks'), path]
    const call = kind === 'flock' ? 'flock' : 'fcntl'
    let isLocked = false
    let fail: (error: unknown) => void = () => {}
    const failure = new Promise<never>((_, reject) => {
      fail = reject
    })
    // It may fail while the program is still starting, before anything waits for it.
    failure.catch(() => {})
    const program = await stage.startProgram('holder', words, (line) => {
      const [, command = '', fd = '', number] = /^(.*?) (-?\d+): (?:ok|errno (\d+))$/.exec(line) ?? []
      const errno = Number(number ?? 0)
      if (command === 'open' && errno === 0) return program.tell(`try ${kind} ${access} ${fd}`)
      if (command === 'open') return fail(callError('open', errno, `cannot open ${path}`))
      if (command.startsWith('try') && errno === constants.errno.EAGAIN) {
        stage.note(`Waiting for the lock. In another terminal: osdemo why ${program.id}`, 'next')
        return program.tell(`${kind} ${access} ${fd}`)
      }
      if (errno !== 0) {
        const hint = 'An exclusive record lock needs permission to write: use --shared, or --kind flock.'
        return fail(
          callError(call, errno, `cannot lock ${path}`, errno === constants.errno.EBADF ? hint : undefined),
        )
      }
      isLocked = true
      if (print) process.stdout.write('locked\n', (error) => error && fail(stdoutError(error)))
      stage.evidence(`${call}(2)`, 'locked', '', { data: { kind, access, pid: program.id, fd: Number(fd) } })
    })
    program.tell('open')
    const ending = await Promise.race([program.ended, failure])
    if (ending.signal) throw new Interrupted(ending.signal, constants.signals[ending.signal])
    if (!isLocked) throw printedNothing('holder', words)
    throw new DemoFailed(`the program that holds the lock exited with code ${ending.code}`)
  }
}

/** The error of a call of the program, as Node would have thrown it. */
function callError(call: string, number: number, attempt: string, hint?: string): unknown {
  const [code = ''] = Object.entries(constants.errno).find(([, value]) => value === number) ?? []
  const error = Object.assign(new Error(attempt), { code, syscall: call, errno: -number })
  return systemCallError(error, attempt, hint)
}

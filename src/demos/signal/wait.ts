/**
 * Waits for signals of other processes: the tool `signal wait`. A C program receives them: Node has several threads, handles some
 * signals itself, and does not tell which process sent one.
 */
import { constants } from 'node:os'
import { DemoFailed, Interrupted } from '../../errors.js'
import { compiled } from '../../run/compile.js'
import type { Demo, Stage } from '../../run/stage.js'
import { printedNothing } from '../shared/line-program.js'
import { signalName } from '../shared/signal-name.js'
import { stdoutError } from '../shared/stdout-error.js'

export interface SignalWaitOptions {
  /** Exit after so many signals; null: never. */
  count: number | null
  /** Print the pid and each signal to stdout, as a line. */
  print: boolean
}

export function signalWait({ count, print }: SignalWaitOptions): Demo {
  return async (stage) => {
    const words = [await compiled('signal-wait'), ...(count === null ? [] : [`${count}`])]
    let pid: number | undefined
    let fail: (error: unknown) => void = () => {}
    const failure = new Promise<never>((_, reject) => {
      fail = reject
    })
    // It may fail while the program is still starting, before anything waits for it.
    failure.catch(() => {})
    const put = (line: string) => {
      if (print) process.stdout.write(`${line}\n`, (error) => error && fail(stdoutError(error)))
    }
    const program = await stage.startProgram('waiter', words, (line) => {
      if (pid !== undefined) return put(showSignal(stage, line))
      pid = Number(/^pid (\d+)$/.exec(line)?.[1])
      put(line)
      stage.note(`Waiting for a signal. In another terminal: kill -USR1 ${pid}`, 'next')
    })
    const ending = await Promise.race([program.ended, failure])
    if (pid === undefined) throw printedNothing('waiter', words)
    if (ending.signal) throw new Interrupted(ending.signal, constants.signals[ending.signal])
    if (ending.code) throw new DemoFailed(`the program that waits exited with code ${ending.code}`)
  }
}

/** Reports a line such as `signal 10 from pid 812 uid 1000 value 7`. @returns the same, with the name of the signal */
function showSignal(stage: Stage, line: string): string {
  const [, number, pid, uid, value] =
    /^signal (\d+) from pid (\d+) uid (\d+)(?: value (-?\d+))?$/.exec(line) ?? []
  const signal = signalName(Number(number))
  const text = line.replace(/^signal \d+/, signal)
  const data = { signal, pid: Number(pid), uid: Number(uid), ...(value && { value: Number(value) }) }
  stage.evidence('sigwaitinfo(2)', text, '', { data })
  return text
}

/** Producers and consumers: processes of examples/bounded-buffer.c, which take a command per line. */
import { readSemaphore } from '../../ipc/sysv-sem.js'
import type { Stage } from '../../run/stage.js'
import { printedNothing, startLineProgram } from '../shared/line-program.js'

/** A command that may wait in the kernel. */
export interface Begun {
  /** What it has printed up to now. */
  lines: string[]
  hasReturned(): boolean
  /** Waits until it has returned. @throws DemoFailed where the process exits, or prints nothing for a long time */
  result: Promise<void>
}

export interface Worker {
  id: number
  name: string
  begin(command: string): Begun
  /** Sends a command, waits until it has returned, and returns what it printed. */
  call(command: string): Promise<string[]>
}

export async function startWorker(stage: Stage, name: string, words: string[]): Promise<Worker> {
  const program = await startLineProgram(stage, name, words)
  const begin = (command: string): Begun => {
    const lines: string[] = []
    let isDone = false
    const read = async () => {
      program.tell(command)
      for (;;) {
        const line = await program.next()
        if (line === undefined) throw printedNothing(name, words)
        if (line === 'done') break
        lines.push(line)
      }
      isDone = true
    }
    const result = read()
    // Nothing may be waiting for it when the process is killed.
    result.catch(() => {})
    return { lines, hasReturned: () => isDone, result }
  }
  return {
    id: program.id,
    name,
    begin,
    async call(command) {
      const { lines, result } = begin(command)
      await result
      return lines
    },
  }
}

/** The places of the buffer. */
export const places = 4

/** The semaphores of the set, by their number. */
export const names = ['free', 'filled', 'mutex'] as const

export type Values = Record<(typeof names)[number], { value: number; waiting: number }>

export function valuesOf(set: number): Values {
  const [free, filled, mutex] = names.map((_, number) => {
    const { value = -1, waitForIncrease = 0 } = readSemaphore(set, number) ?? {}
    return { value, waiting: waitForIncrease }
  })
  const none = { value: -1, waiting: 0 }
  return { free: free ?? none, filled: filled ?? none, mutex: mutex ?? none }
}

/** Quotes the kernel. @param moment what has happened, in a few words */
export function showValues(stage: Stage, set: number, moment: string): Values {
  const values = valuesOf(set)
  const waiting = names.flatMap((name) =>
    values[name].waiting > 0 ? [`${values[name].waiting} waiting for ${name}`] : [],
  )
  const words = [...names.map((name) => `${name} ${values[name].value}`), ...waiting].join(', ')
  const row = Object.fromEntries(
    names.flatMap((name) => [
      [name, values[name].value],
      [`${name}Waiting`, values[name].waiting],
    ]),
  )
  stage.evidence('semctl(2)', words, moment, { data: [{ moment, ...row }] })
  return values
}

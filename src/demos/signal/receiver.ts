/** The C program that receives the signals. It waits before each step, so that osdemo can look at it in between. */
import { constants } from 'node:os'
import { readStat } from '../../proc/stat.js'
import { quoteStatus, readSignalSet, type SignalField, signalsIn } from '../../proc/status.js'
import { compiled } from '../../run/compile.js'
import type { Stage } from '../../run/stage.js'
import { type LineProgram, printedNothing, startLineProgram } from '../shared/line-program.js'
import { signalName } from '../shared/signal-name.js'

/** A run of the handler: the signal, its sender, and the value that was sent with it, or 0. */
export interface Delivery {
  signal: number
  from: number
  value: number
}

export interface Receiver extends Pick<LineProgram, 'id' | 'name' | 'ending'> {
  /** Sends a line to its stdin, which lets it take its next step. */
  tell(line: string): void
  /** Waits for a line that matches, and returns its groups. @throws DemoFailed where none comes */
  line(pattern: RegExp): Promise<string[]>
  /** What the handler ran for, since the last report. */
  report(): Promise<Delivery[]>
}

export async function startReceiver(stage: Stage): Promise<Receiver> {
  const words = [await compiled('signals')]
  const program = await startLineProgram(stage, 'receiver', words)
  const line = async (pattern: RegExp): Promise<string[]> => {
    for (;;) {
      const next = await program.next()
      if (next === undefined) throw printedNothing('receiver', words)
      const found = pattern.exec(next)
      if (found) return found.slice(1)
    }
  }
  return {
    ...program,
    line,
    async report() {
      const deliveries: Delivery[] = []
      for (;;) {
        const [signal, from, value] = await line(
          /^(?:delivered (\d+) from (\d+) value (-?\d+)|handler ran .*)$/,
        )
        if (signal === undefined) return deliveries
        deliveries.push({ signal: Number(signal), from: Number(from), value: Number(value) })
      }
    },
  }
}

/** Whether a set of the process contains a signal. */
export function hasSignal(pid: number, field: SignalField, signal: keyof typeof constants.signals): boolean {
  return signalsIn(readSignalSet(pid, field) ?? 0n).includes(constants.signals[signal])
}

/** Quotes sets of signals, with their names. @param about a gloss; the names where it is left out */
export function showSets(stage: Stage, pid: number, fields: readonly SignalField[], about?: string): void {
  for (const field of fields) {
    const signals = signalsIn(readSignalSet(pid, field) ?? 0n)
    const quote = quoteStatus(pid, field)
    if (quote === undefined) continue
    const names = signals.map(signalName).join(', ') || 'empty'
    stage.evidence(`/proc/${pid}/status`, quote, about ?? names, { data: { field, signals } })
  }
}

/** Waits until the receiver has received its signals, and is asleep: in the call that a handler interrupted, or after it. */
export async function settled(stage: Stage, { id }: Receiver): Promise<void> {
  await stage.poll(() => readSignalSet(id, 'ShdPnd') === 0n && readStat(id)?.state === 'S', 5000)
}

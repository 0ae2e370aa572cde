/** Writes to a FIFO that another terminal reads from: the tool `pipe write`. */
import type { FifoWriterConfig } from '../../actors/fifo-writer.js'
import type { Demo } from '../../run/stage.js'
import { ensureFifo } from '../shared/fifo.js'
import { choosePath, otherTerminal } from './meeting-point.js'

export interface PipeWriteOptions {
  path?: string | undefined
  /** A number stands for so many numbered ones; null copies stdin. */
  messages: string[] | number | null
  rounds: number
  intervalMs: number
}

export function pipeWrite(options: PipeWriteOptions): Demo {
  return async (stage) => {
    const { path, ours } = choosePath(options.path)
    await ensureFifo(stage, path, ours)
    stage.note(otherTerminal('read', options.path), 'next')
    const { messages, rounds, intervalMs } = options
    const config: FifoWriterConfig = { path, ours, messages, rounds, intervalMs, hold: false }
    const writer = await stage.start(
      { program: 'fifo-writer', name: 'writer', config },
      { stdin: messages === null },
    )
    await writer.ended
  }
}

/** The tool `pipe write`: writes to a FIFO that another terminal reads. */
import type { FifoWriterConfig } from '../../actors/fifo-writer.js'
import type { Demo } from '../../run/stage.js'
import { ensureFifo } from '../shared/fifo.js'
import { choosePath, sayIfWaiting, watchPath } from './meeting-point.js'

export interface PipeWriteOptions {
  path?: string | undefined
  /** A number stands for that many numbered messages; null copies stdin. */
  messages: string[] | number | null
  rounds: number
  intervalMs: number
}

export function pipeWrite(options: PipeWriteOptions): Demo {
  return async (stage) => {
    const { path, ours } = choosePath(options.path)
    const atPath = await ensureFifo(stage, path, ours)
    const { messages, rounds, intervalMs } = options
    const config: FifoWriterConfig = {
      path,
      ours,
      messages,
      rounds,
      intervalMs,
      hold: false,
      totals: 'closing',
    }
    const writer = await stage.start(
      { program: 'fifo-writer', name: 'writer', config },
      { stdin: messages === null },
    )
    watchPath(stage, writer, path, atPath)
    await sayIfWaiting(stage, writer, 'read', options.path)
    await writer.ended
  }
}

/** Reads from a FIFO that another terminal writes to: the tool `pipe read`. */
import type { FifoReaderConfig } from '../../actors/fifo-reader.js'
import type { Demo } from '../../run/stage.js'
import { ensureFifo } from '../shared/fifo.js'
import { choosePath, otherTerminal } from './meeting-point.js'

export interface PipeReadOptions {
  path?: string | undefined
  follow: boolean
  max: number | null
  /** Copy what comes to stdout. */
  copy: boolean
  /** Make an event of every message. */
  report: boolean
}

export function pipeRead(options: PipeReadOptions): Demo {
  return async (stage) => {
    const { path, ours } = choosePath(options.path)
    await ensureFifo(stage, path, ours)
    stage.note(otherTerminal('write', options.path), 'next')
    const config: FifoReaderConfig = {
      path,
      ours,
      follow: options.follow,
      max: options.max,
      copy: options.copy,
      report: options.report,
    }
    const reader = await stage.start(
      { program: 'fifo-reader', name: 'reader', config },
      { stdout: options.copy },
    )
    await reader.ended
  }
}

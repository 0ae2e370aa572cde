/** The tool `pipe read`: reads a FIFO that another terminal writes to. */
import type { FifoReaderConfig } from '../../actors/fifo-reader.js'
import type { Demo } from '../../run/stage.js'
import { ensureFifo } from '../shared/fifo.js'
import { choosePath, sayIfWaiting, watchPath } from './meeting-point.js'

export interface PipeReadOptions {
  path?: string | undefined
  follow: boolean
  max: number | null
  /** Copy what arrives to stdout. */
  copy: boolean
  /** Report every message as an event. */
  report: boolean
}

/**
 * A person waits for each message, so every read that blocks is part of the story. In milliseconds: shorter waits, as between two
 * chunks of a file, are not reported.
 */
const patience = 50

export function pipeRead(options: PipeReadOptions): Demo {
  return async (stage) => {
    const { path, ours } = choosePath(options.path)
    const atPath = await ensureFifo(stage, path, ours)
    const config: FifoReaderConfig = {
      path,
      ours,
      follow: options.follow,
      max: options.max,
      copy: options.copy,
      report: options.report,
      patience,
    }
    const reader = await stage.start(
      { program: 'fifo-reader', name: 'reader', config },
      { stdout: options.copy },
    )
    watchPath(stage, reader, path, atPath)
    await sayIfWaiting(stage, reader, 'write', options.path)
    await reader.ended
  }
}

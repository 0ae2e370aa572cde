/** The options --key and --id, which choose a segment. */
import { defaultKey, type SegmentChoice } from '../../demos/shm/segment.js'
import { UsageError } from '../../errors.js'

/** What the help says about the two options. */
export const keyHelp = `key of the segment, as ipcs prints it or decimal (default: ${defaultKey})`
export const idHelp = 'id of an existing segment, with or without a key'

/** @throws UsageError when both are given */
export function whichSegment({
  key,
  id,
}: {
  key?: number | undefined
  id?: number | undefined
}): SegmentChoice {
  if (key !== undefined && id !== undefined) {
    throw new UsageError('--key and --id cannot be used together', 'Use one of them.')
  }
  return id === undefined ? { key: key ?? defaultKey } : { id }
}

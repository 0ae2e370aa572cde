/** Which views there are, by the names that `--view` takes. */
import { createNdjson } from './ndjson.js'
import { createTimeline, type TimelineOptions } from './timeline.js'

export type ViewName = 'timeline' | 'ndjson'

export const viewNames: readonly ViewName[] = ['timeline', 'ndjson']

export function createView(name: ViewName, options: TimelineOptions) {
  return name === 'ndjson' ? createNdjson() : createTimeline(options)
}

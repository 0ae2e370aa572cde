/** Which views there are, by the names that `--view` takes. */
import type { ViewName } from './names.js'
import { createNdjson } from './ndjson.js'
import { createTimeline, type TimelineOptions } from './timeline.js'

export { colorLevel } from './color.js'
export { endings } from './names.js'

export function createView(name: ViewName, options: TimelineOptions) {
  return name === 'ndjson' ? createNdjson() : createTimeline(options)
}

/**
 * Which views there are, by the names that `--view` takes. Each, and what it needs, is loaded only when
 * somebody looks through it.
 */
import type { ViewName } from './names.js'
import { createNdjson } from './ndjson.js'
import type { TimelineOptions } from './timeline/index.js'

export { endings } from './names.js'

/** What a timeline needs to know and events do not. */
export type Looks = Pick<TimelineOptions, 'width' | 'hide'> & {
  /** Of `--color` and `--no-color`. */
  color: boolean | undefined
}

/** A view for a terminal, a pipe or a file behind `stream`; without one, for a file that is no stream. */
export async function createView(name: ViewName, stream: NodeJS.WriteStream | undefined, looks: Looks) {
  if (name === 'ndjson') return createNdjson()
  if (name !== 'timeline') return (await import('./pictures.js')).pictures[name]()
  const [{ createTimeline }, { colorLevel }] = await Promise.all([
    import('./timeline/index.js'),
    import('./color.js'),
  ])
  return createTimeline({ ...looks, color: stream ? colorLevel(stream, looks.color) : 0 })
}

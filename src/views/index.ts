/** The views, by the names that `--view` takes. Each is loaded, with what it needs, only when it is chosen. */
import type { ViewName } from './names.js'
import { createNdjson } from './ndjson.js'
import type { Level } from './prose/index.js'
import type { TimelineOptions } from './timeline/index.js'

export { endings } from './names.js'

/** What a view for people needs besides the events. */
export type Looks = Pick<TimelineOptions, 'width' | 'hide' | 'demo'> & {
  /** True for `--color`, false for `--no-color`. */
  color: boolean | undefined
}

/** A view for a terminal, a pipe or a file behind `stream`. Without a stream, a view for a file of `--save`. */
export async function createView(name: ViewName, stream: NodeJS.WriteStream | undefined, looks: Looks) {
  if (name === 'ndjson') return createNdjson()
  if (name === 'csv') return (await import('./csv.js')).createCsv()
  if (name !== 'timeline') return (await import('./pictures.js')).pictures[name]()
  const [{ createTimeline }, color] = await Promise.all([
    import('./timeline/index.js'),
    colorOf(stream, looks),
  ])
  return createTimeline({ ...looks, color })
}

/** Sentences instead of a timeline: what is shown on a terminal where no view was asked for by name. */
export async function createProseView(level: Level, stream: NodeJS.WriteStream, looks: Looks) {
  const [{ createProse }, color] = await Promise.all([import('./prose/index.js'), colorOf(stream, looks)])
  return createProse({ level, width: looks.width, color })
}

/** The tour, a page for each chapter. */
export async function createPagesView(stream: NodeJS.WriteStream, looks: Looks & { height: number }) {
  const [{ createPages }, color] = await Promise.all([import('./pages/index.js'), colorOf(stream, looks)])
  return createPages({ width: looks.width, height: looks.height, color })
}

async function colorOf(stream: NodeJS.WriteStream | undefined, looks: Looks) {
  return stream ? (await import('./color.js')).colorLevel(stream, looks.color) : 0
}

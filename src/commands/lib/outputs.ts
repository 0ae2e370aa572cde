/** Where a run is shown and written, as the common options say. */
import type { Event } from '../../events.js'
import { createFileOutput, createOutput, type Output } from '../../run/output.js'
import { createWholeFile } from '../../run/whole-file.js'
import { createView, endings } from '../../views/index.js'
import type { ViewName } from '../../views/names.js'
import { type CommonOptions, viewName } from './common-options.js'

const silent = { event: () => '', end: () => '' }

/**
 * A view on a stream; without a name the timeline, or nothing when `--quiet` was given.
 *
 * @param hide events that are shown elsewhere
 */
export async function openOutput(
  stream: NodeJS.WriteStream,
  options: CommonOptions,
  hide: readonly Event['event'][],
): Promise<Output> {
  const name = viewName(options)
  if (options.quiet && name === undefined) return createOutput(silent, process.stdout)
  const width = Math.max(60, stream.columns ?? 80)
  const view = await createView(name ?? 'timeline', stream, { color: options.color, width, hide })
  return createOutput(view, stream)
}

/** The files of `--save`. @throws SystemCallError when one cannot be made */
export async function openRecords(paths: readonly string[] = []): Promise<Output[]> {
  const files = paths.map((path) => ({ path, name: viewFor(path) }))
  const looks = { color: false, width: 80, hide: [] }
  // Every view is loaded before the first file is made.
  const views = await Promise.all(
    files.map(async (file) => ({ ...file, view: await createView(file.name, undefined, looks) })),
  )
  return views.map(({ path, name, view }) => {
    const create = isDrawn(name) ? createWholeFile : createFileOutput
    return create(view, path)
  })
}

/** The view that the ending of a file's name chooses. */
function viewFor(path: string): ViewName {
  // `savedFile` accepts a path only if it has one of the endings.
  return Object.entries(endings).find(([ending]) => path.endsWith(ending))![1]
}

/** A picture is drawn when all is known; events are written as they happen. */
function isDrawn(name: ViewName): boolean {
  return name !== 'ndjson'
}

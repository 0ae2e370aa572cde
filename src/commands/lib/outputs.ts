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
  const names = paths.map((path) => endings[Object.keys(endings).find((known) => path.endsWith(known))!]!)
  const looks = { color: false, width: 80, hide: [] }
  const views = await Promise.all(names.map((name) => createView(name, undefined, looks)))
  return views.map((view, index) => {
    const create = isDrawn(names[index]!) ? createWholeFile : createFileOutput
    return create(view, paths[index]!)
  })
}

/** A picture is drawn when all is known; events are written as they happen. */
function isDrawn(name: ViewName): boolean {
  return name !== 'ndjson'
}

/** Where a run is shown and written, as the common options say. */
import type { Event } from '../events.js'
import { createFileOutput, createOutput, type Output } from '../run/output.js'
import { colorLevel, createView, endings } from '../views/index.js'
import type { CommonOptions } from './spec.js'

const silent = { event: () => '', end: () => '' }

/** The view that was asked for by name. */
export function viewName({ json, view }: CommonOptions) {
  return json ? 'ndjson' : view
}

/**
 * A view on a stream; without a name the timeline, or nothing when `--quiet` was given.
 *
 * @param hide events that are shown elsewhere
 */
export function openOutput(
  stream: NodeJS.WriteStream,
  options: CommonOptions,
  hide: readonly Event['event'][],
): Output {
  const name = viewName(options)
  if (options.quiet && name === undefined) return createOutput(silent, process.stdout)
  const width = Math.max(60, stream.columns ?? 80)
  const view = createView(name ?? 'timeline', { color: colorLevel(stream, options.color), width, hide })
  return createOutput(view, stream)
}

/** The files of `--save`. @throws SystemCallError when one cannot be made */
export function openRecords(paths: readonly string[] = []): Output[] {
  return paths.map((path) => {
    const ending = Object.keys(endings).find((known) => path.endsWith(known))!
    return createFileOutput(createView(endings[ending]!, { color: 0, width: 80, hide: [] }), path)
  })
}
